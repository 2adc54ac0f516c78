//! `unit plan`, `unit mail`, `organization mail`: what they show, set and refuse; settings of mail.

use super::admin::installed;
use crate::support::app::Kind;
use crate::support::program::alone;

#[test]
fn plans_and_addresses_are_shown_set_and_refused() {
    alone(async {
        let (program, _, unit) = installed(Kind::Sqlite).await;
        let organization = program.run(&["organization", "list"]).await.ok();
        let organization = organization.split_whitespace().next().expect("id").to_owned();
        let of = |command: &[&'static str], more: &[&'static str]| {
            let own: Vec<String> = command.iter().chain(["--organization"].iter()).map(ToString::to_string).collect();
            let place = if command[0] == "unit" { vec!["--unit".to_owned(), unit.clone()] } else { Vec::new() };
            [own, vec![organization.clone()], place, more.iter().map(ToString::to_string).collect()].concat()
        };
        let run = async |command: &[&'static str], more: &[&'static str]| {
            let all = of(command, more);
            program.run(&all.iter().map(String::as_str).collect::<Vec<_>>()).await
        };
        let plan = ["unit", "plan"];
        assert_eq!(
            run(&plan, &[]).await.ok(),
            "notice         7 days before the visit\nreminder       2 days before the visit\nquiet hours    20:00-08:00"
        );
        let set = run(&plan, &["--notice-days", "none", "--quiet", "21:00-07:30"]).await.ok();
        assert_eq!(set, "notice         none\nreminder       2 days before the visit\nquiet hours    21:00-07:30");
        assert_eq!(run(&plan, &[]).await.ok(), set, "what is set stays");
        for (more, says) in [
            (&["--notice-days", "91"][..], "0 to 90"),
            (&["--reminder-days", "-1"], "reminder-days"),
            (&["--reminder-days", "two"], "not a number of days"),
            (&["--notice-days", "1"], "later than the notice"),
            (&["--quiet", "20-08"], "20:00-08:00"),
            (&["--quiet", "08:00-07:00"], "120 minutes"),
        ] {
            let ended = run(&plan, more).await;
            assert!(ended.status == 2 && ended.err.contains(says), "{more:?}: {ended:?}");
        }
        let mail = ["unit", "mail"];
        assert!(run(&mail, &[]).await.ok().contains("digests go to  none in nb"));
        let set = run(&mail, &["--sender-name", "Enheten", "--digest-to", "e@sykehus.example", "--language", "nn"]).await.ok();
        assert!(set.contains("sender's name  Enheten (names are not allowed") && set.contains("e@sykehus.example in nn"), "{set}");
        assert!(run(&["organization", "mail"], &["--sender-names", "yes"]).await.ok().ends_with("yes"));
        let unset = run(&mail, &["--digest-to", ""]).await.ok();
        assert!(unset.contains("sender's name  Enheten\n") && unset.contains("digests go to  none in nn"), "{unset}");
        for (more, says) in [
            (&["--reply-to", "nobody"][..], "not an address"),
            (&["--digest-to", "a@b.example\nBcc: c@d.example"], "not an address"),
            (&["--sender-name", "En\nTo"], "one line"),
            (&["--language", "se"], "not one of"),
        ] {
            run(&mail, more).await.refused(2, "argument-invalid", says);
        }
        let nowhere = ["unit", "plan", "--organization", &organization, "--unit", "0193a5d0-1000-7000-8000-00000000ffff"];
        program.run(&nowhere).await.refused(1, "not-found", "no such unit");
    });
}

#[test]
fn bad_mail_settings_stop_the_start_and_no_mail_is_said() {
    alone(async {
        let (mut program, ..) = installed(Kind::Sqlite).await;
        let serving = program.serve().await;
        serving.terminate();
        assert!(serving.ended().await.1.contains("no mail is sent, and none is planned"));
        program.set("KARTLEGGING_MAIL_HOST", "post.example");
        program.run(&["serve"]).await.refused(2, "config-invalid", "mail_from");
        program.set("KARTLEGGING_MAIL_FROM", "Svar <svar@sykehus.example>");
        let file = program.write("ca.pem", "nothing");
        program.set("KARTLEGGING_MAIL_CA_FILE", &file);
        program.run(&["serve"]).await.refused(2, "config-invalid", "mail_ca_file");
        program.set("KARTLEGGING_MAIL_CA_FILE", "");
        program.set("KARTLEGGING_MAIL_USER", "svar");
        let missing = program.path().join("missing").display().to_string();
        program.set("KARTLEGGING_MAIL_PASSWORD_FILE", &missing);
        program.run(&["serve"]).await.refused(2, "config-invalid", "MAIL_PASSWORD_FILE");
    });
}

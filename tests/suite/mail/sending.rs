//! One mail to a real server: protected, signed in, refused, slow, silent, cut off.

use crate::support::mail::{CERTIFICATES, MailServer};
use crate::support::program::alone;
use chrono::DateTime;
use kartlegging::domain::language::Language;
use kartlegging::domain::notices::Notice;
use kartlegging::mail::{Mail, Mailer, Secret, Server, Tls, Way, words};
use std::time::{Duration, Instant};
use uuid::Uuid;

fn server(port: u16, tls: Tls) -> Server {
    let authorities = (tls != Tls::None).then(|| std::fs::read(CERTIFICATES.path("ca.pem")).expect("certificate"));
    Server { host: "localhost".to_owned(), port, tls, authorities, login: None, timeout: Duration::from_secs(3) }
}

fn signed_in(server: Server, password: &str) -> Server {
    Server { login: Some(("svar".to_owned(), Secret::new(password.to_owned()))), ..server }
}

fn mailer(server: Server) -> Mailer {
    Mailer::new("Svar <svar@sykehus.example>", Way::Server(server)).expect("mailer")
}

fn mail(number: u128) -> Mail {
    Mail {
        id: Uuid::from_u128(number),
        to: "aase@post.example".to_owned(),
        sender: None,
        reply_to: Some("unit@sykehus.example".to_owned()),
        language: "nb".to_owned(),
        words: words::notice(
            Notice::First,
            &Language::nb(),
            "https://svar.example/s/V91PWT9PCDYK23RZW4C2D0QNPW",
            None,
            true,
            words::Asks::BirthDate,
        ),
        at: DateTime::from_timestamp(1_800_000_000, 0).expect("date"),
    }
}

/// Sends one mail; the code and whether it may pass when it is refused.
async fn try_one(server: Server) -> Result<(), (String, bool)> {
    mailer(server).send(&mail(1)).await.map_err(|refused| (refused.code.into_owned(), refused.passing))
}

fn passing(code: &str) -> Result<(), (String, bool)> {
    Err((code.to_owned(), true))
}

#[test]
fn mails_go_protected_and_signed_in() {
    alone(async {
        for (mode, tls) in [("starttls-login", Tls::StartTls), ("implicit-login", Tls::Implicit)] {
            let real = MailServer::start(mode);
            let mailer = mailer(signed_in(server(real.port, tls), "hemmelig 0123"));
            for number in 1..=3 {
                assert_eq!(mailer.send(&mail(number)).await, Ok(()), "{mode}");
                // The library puts a connection back in a task of its own.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let taken = real.mails(3).await;
            let first = &taken[0];
            assert_eq!((&first["tls"], &first["login"]), (&true.into(), &true.into()), "{mode}");
            assert_eq!((&first["from"], &first["to"][0]), (&"svar@sykehus.example".into(), &"aase@post.example".into()));
            let header = |name: &str| first["headers"][name].as_str().unwrap_or_default().to_owned();
            assert_eq!(header("message-id"), "<00000000-0000-0000-0000-000000000001@sykehus.example>");
            assert_eq!((header("auto-submitted"), header("reply-to")), ("auto-generated".to_owned(), "unit@sykehus.example".to_owned()));
            assert_eq!(header("subject"), "Spørsmål til deg før avtalen din");
            assert_eq!(first["headers"]["list-unsubscribe"], serde_json::Value::Null);
            for part in ["text", "html"] {
                assert!(
                    first[part].as_str().is_some_and(|text| text.contains("https://svar.example/s/V91PWT9PCDYK23RZW4C2D0QNPW")),
                    "{first}"
                );
            }
            assert!(taken.iter().all(|mail| mail["conversation"] == first["conversation"]), "a connection is used again: {taken:?}");
        }
    });
}

#[test]
fn nothing_is_said_to_a_server_that_is_not_who_it_should_be() {
    alone(async {
        let plain = MailServer::start("plain");
        assert_eq!(try_one(signed_in(server(plain.port, Tls::StartTls), "hemmelig 0123")).await, passing("protocol"), "no STARTTLS");
        for (mode, tls) in [("starttls", Tls::StartTls), ("implicit", Tls::Implicit)] {
            let real = MailServer::start(mode);
            let others = std::fs::read(CERTIFICATES.path("other.pem")).expect("certificate");
            let unknown = Server { authorities: Some(others), ..server(real.port, tls) };
            let named = Server { host: "127.0.0.1".to_owned(), ..server(real.port, tls) };
            for (what, wrong) in [("another authority", unknown), ("another name", named)] {
                let refused = try_one(wrong).await;
                assert!(matches!(&refused, Err((code, true)) if code == "tls" || code == "connection"), "{mode}, {what}: {refused:?}");
            }
            real.mails(0).await;
        }
        plain.mails(0).await;
    });
}

#[test]
fn refusals_pass_or_stay() {
    alone(async {
        for (mode, expected) in [
            ("plain-defer", passing("smtp-451")),
            ("plain-refuse", Err(("smtp-550".to_owned(), false))),
            ("plain-full", Err(("smtp-552".to_owned(), false))),
        ] {
            let real = MailServer::start(mode);
            assert_eq!(try_one(server(real.port, Tls::None)).await, expected, "{mode}");
            real.mails(0).await;
        }
        // A wrong password is ours to mend: the mail is not lost by it.
        let real = MailServer::start("starttls-login");
        assert_eq!(try_one(signed_in(server(real.port, Tls::StartTls), "feil")).await, passing("smtp-535"));
        assert_eq!(try_one(server(real.port, Tls::StartTls)).await, passing("smtp-530"), "nobody signed in");
        real.mails(0).await;
        drop(real);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("port");
        assert_eq!(try_one(server(nobody.port(), Tls::None)).await, passing("connection"));
        let refused = Mail { to: "nobody".to_owned(), ..mail(1) };
        let refused = mailer(server(nobody.port(), Tls::None)).send(&refused).await.map_err(|refused| refused.code.into_owned());
        assert_eq!(refused, Err("address".to_owned()));
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a conversation with a real server takes")]
fn who_is_slow_is_waited_for_and_who_is_silent_is_not() {
    alone(async {
        let slow = MailServer::start("plain-slow");
        assert_eq!(try_one(server(slow.port, Tls::None)).await, Ok(()));
        slow.mails(1).await;
        for (mode, tls) in [("plain-silent", Tls::None), ("implicit-silent", Tls::Implicit), ("plain-mute", Tls::None)] {
            let real = MailServer::start(mode);
            let begun = Instant::now();
            let impatient = Server { timeout: Duration::from_secs(1), ..server(real.port, tls) };
            assert_eq!(try_one(impatient).await, passing("timeout"), "{mode}");
            assert!(begun.elapsed() < Duration::from_secs(3), "{mode}: {:?}", begun.elapsed());
        }
    });
}

#[test]
fn a_mail_that_was_cut_off_spoils_no_other() {
    alone(async {
        // Silent in the middle of the first mail. The second one goes another way, and is not taken for the first.
        let mute = MailServer::start("plain-mute-once");
        let sends = mailer(Server { timeout: Duration::from_secs(1), ..server(mute.port, Tls::None) });
        assert_eq!(sends.send(&mail(1)).await.map_err(|refused| refused.code.into_owned()), Err("timeout".to_owned()));
        for number in [2, 3, 1] {
            assert_eq!(sends.send(&mail(number)).await, Ok(()), "{number}");
        }
        let ids: Vec<String> = mute.mails(3).await.iter().map(|mail| mail["headers"]["message-id"].to_string()).collect();
        assert!(ids[0].contains("0002@") && ids[1].contains("0003@") && ids[2].contains("0001@"), "{ids:?}");

        for mode in ["plain-cut-once", "plain-dropafter-once"] {
            let real = MailServer::start(mode);
            let sends = mailer(server(real.port, Tls::None));
            let refused = sends.send(&mail(7)).await.expect_err("it was cut off");
            assert!(refused.passing, "{mode}: {refused:?}");
            assert_eq!(sends.send(&mail(7)).await, Ok(()), "{mode}");
            // Taken twice is told by the same id.
            let all = real.mails(if mode.contains("cut") { 1 } else { 2 }).await;
            let ids: std::collections::BTreeSet<String> = all.iter().map(|mail| mail["headers"]["message-id"].to_string()).collect();
            assert_eq!(ids.len(), 1, "{mode}");
        }
    });
}

#[test]
fn a_folder_gets_one_file_a_mail_for_its_owner_only() {
    alone(async {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().expect("folder");
        let mailer = Mailer::new("svar@sykehus.example", Way::Folder(folder.path().join("mail"))).expect("mailer");
        for _ in 0..2 {
            assert_eq!(mailer.send(&mail(5)).await, Ok(()));
        }
        let files: Vec<_> =
            std::fs::read_dir(folder.path().join("mail")).expect("folder").map(|entry| entry.expect("entry").path()).collect();
        assert_eq!(files, [folder.path().join("mail").join(format!("{}.eml", Uuid::from_u128(5)))]);
        let mode = std::fs::metadata(&files[0]).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(std::fs::read_to_string(&files[0]).expect("text").contains("Auto-Submitted: auto-generated"));
        let blocked = Mailer::new("svar@sykehus.example", Way::Folder(files[0].join("mail"))).expect("mailer");
        assert_eq!(blocked.send(&mail(5)).await.map_err(|refused| refused.code.into_owned()), Err("folder".to_owned()));
    });
}

//! `kartlegging letters`, `organization letter-text`, `unit discreet`.

use super::admin::{chrono_date, installed};
use crate::letters::eyes::Picture;
use crate::print::reading::Pdf;
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::sql;

fn pdf(program: &Program, name: &str) -> (Vec<u8>, Pdf) {
    let bytes = std::fs::read(program.path().join(name)).expect(name);
    let pdf = Pdf::open(&bytes);
    pdf.expect_accessible();
    (bytes, pdf)
}

/// Cells of a column of a result file.
fn column(program: &Program, name: &str, wanted: &str) -> Vec<String> {
    let text = program.read(name);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader.headers().expect("header").iter().position(|column| column == wanted).expect("column");
    reader.records().map(|record| record.expect("row")[at].to_owned()).collect()
}

async fn many_letters(kind: Kind) {
    let (program, organization, unit) = installed(kind).await;
    let (day, later) = (chrono_date(5), chrono_date(6));
    let rows: Vec<String> = (0..110)
        .map(|nth| {
            let (day, language) = if nth < 100 { (&day, "nb") } else { (&later, "nn") };
            format!("Áŋŋe Oppdiktet {nth},1950-01-01,{language},EHR-{nth},{day} {:02}:{:02}", 8 + nth % 8, nth % 60)
        })
        .collect();
    let file =
        program.write("visits.csv", &format!("name,birth_date,language,appointment_id,starts_at\n{}\nUten dato,,,,\n", rows.join("\n")));
    program.run(&["invite", "--csv", &file, "--organization", &organization, "--unit", &unit]).await.refused(1, "csv-invalid", "1 rows");
    let letters = async |rest: &[&str]| program.run(&[&["letters", "--organization", &organization], rest].concat()).await;
    let logged = async || sql::number(&program.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'invitation.letter'").await;

    assert_eq!(letters(&["--csv", "visits.result.csv", "--out", "all.pdf"]).await.ok(), "110 letters in all.pdf, 0 left out");
    let (bytes, all) = pdf(&program, "all.pdf");
    assert_eq!((all.pages, all.language().as_str()), (110, "nb"));
    assert_eq!(all.languages_aside().into_iter().collect::<Vec<_>>(), ["nn"]);
    let (links, codes) = (column(&program, "visits.result.csv", "link"), column(&program, "visits.result.csv", "code"));
    for (link, code) in links.iter().zip(&codes).take(110) {
        assert!(all.says(link) && all.says(code), "{link}");
    }
    assert_eq!(Picture::pages(&bytes, 200, 1, 1)[0].qr().text, links[0].to_uppercase(), "in the order of the file");
    assert_eq!(logged().await, 110, "an entry for each");
    let each = "SELECT COUNT(DISTINCT p.patient_id) FROM access_log_patient p JOIN access_log a ON a.id = p.entry_id WHERE a.action = 'invitation.letter' AND a.actor_kind = 'system'";
    assert_eq!(sql::number(&program.database_url, each).await, 110);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(program.path().join("all.pdf")).expect("file").permissions());
    assert_eq!(mode & 0o777, 0o600, "letters are for the owner's eyes");

    // By unit and days, in the order of the visits.
    let of_unit = ["--unit", &unit, "--from", &later];
    assert_eq!(
        letters(&[&of_unit, &["--out", "later.pdf", "--format", "a5"] as &[&str]].concat()).await.ok(),
        "10 letters in later.pdf, 0 left out"
    );
    let both = ["--unit", &unit, "--from", &day, "--to", &later, "--out", "both.pdf", "--language", "en"];
    assert_eq!(letters(&both).await.ok(), "110 letters in both.pdf, 0 left out");
    let both = Pdf::open_last(&std::fs::read(program.path().join("both.pdf")).expect("both"));
    assert!(both.pages == 110 && both.language() == "en" && both.languages_aside().is_empty() && both.says("How to answer"));
    assert_eq!(logged().await, 230);

    // What nobody can answer any more is left out and named; what is not known is an error.
    let ids = column(&program, "visits.result.csv", "invitation");
    sql::execute(
        &program.database_url,
        "UPDATE invitation SET state = 'answered' WHERE id IN (SELECT id FROM invitation ORDER BY created_at, id LIMIT 1)",
    )
    .await
    .expect("answered");
    let left = letters(&["--csv", "visits.result.csv", "--out", "left.pdf"]).await.ok();
    assert!(
        left.starts_with("left out: ") && left.contains("has been answered") && left.ends_with("109 letters in left.pdf, 1 left out"),
        "{left}"
    );
    program.write("unknown.csv", &format!("invitation\n0193a5d0-1000-7000-8000-0000000000aa\n{}\n", ids[50]));
    let unknown = letters(&["--csv", "unknown.csv", "--out", "unknown.pdf"]).await;
    unknown.refused(1, "csv-invalid", "1 invitations are not known");
    assert!(
        unknown.out.contains("0193a5d0-1000-7000-8000-0000000000aa: not known") && pdf(&program, "unknown.pdf").1.pages == 1,
        "{}",
        unknown.out
    );

    letters(&["--csv", "visits.result.csv", "--out", "all.pdf"]).await.refused(1, "exists", "all.pdf");
    program.write("other.csv", "a,b\n1,2\n");
    letters(&["--csv", "other.csv", "--out", "x.pdf"]).await.refused(1, "csv-invalid", "no column invitation");
    program.write("odd.csv", "invitation\nx\n");
    letters(&["--csv", "odd.csv", "--out", "x.pdf"]).await.refused(1, "csv-invalid", "line 2");
    letters(&["--csv", "absent.csv", "--out", "x.pdf"]).await.refused(1, "csv-invalid", "absent.csv");
    letters(&["--unit", &unit, "--from", &chrono_date(300), "--out", "x.pdf"]).await.refused(1, "not-found", "no letters");
    letters(&["--unit", &unit, "--from", &later, "--to", &day, "--out", "x.pdf"]).await.refused(2, "argument-invalid", "--to");
    letters(&["--unit", "0193a5d0-1000-7000-8000-0000000000aa", "--from", &day, "--out", "x.pdf"]).await.refused(
        1,
        "not-found",
        "no such unit",
    );
    letters(&[&of_unit, &["--out", "x.pdf", "--language", "se"] as &[&str]].concat()).await.refused(2, "argument-invalid", "nb, nn, en");
    assert!(!program.path().join("x.pdf").exists());
}

#[test]
fn many_letters_on_sqlite() {
    alone(many_letters(Kind::Sqlite));
}

#[test]
fn many_letters_on_postgres() {
    alone(many_letters(Kind::Postgres));
}

#[test]
fn the_text_of_letters_is_shown_set_tried_and_reset() {
    alone(async {
        let (mut program, organization, unit) = installed(Kind::Sqlite).await;
        program.set("KARTLEGGING_BASE_URL", "https://svar.example");
        let text = async |what: &str, language: &str, rest: &[&str]| {
            program
                .run(&[&["organization", "letter-text", what, "--organization", &organization, "--language", language], rest].concat())
                .await
        };
        let of_unit = ["--unit", unit.as_str()];
        let shown = text("show", "nb", &of_unit).await;
        assert!(shown.err.contains("the product's text"), "{}", shown.err);
        let standard = shown.ok();
        assert!(standard.starts_with("{organization} ber deg svare") && standard.contains("\n{link}\n"), "{standard}");

        // What is shown can be changed and set.
        let own = program.write("own.txt", &standard.replace("Det er frivillig.", "Vi gleder oss. <3"));
        assert!(text("preview", "nb", &["--file", &own]).await.ok().contains("Vi gleder oss. <3"), "tried");
        assert_eq!(text("show", "nb", &[]).await.ok(), standard, "and not set by it");
        assert_eq!(text("set", "nb", &["--file", &own]).await.ok(), "");
        let shown = text("show", "nb", &of_unit).await;
        assert!(shown.err.contains("the organization's text") && shown.ok().contains("Vi gleder oss. <3"));
        let letter = text("preview", "nb", &[]).await.ok();
        for said in ["Oppdiktet HF ber deg", "Hvor: Poliklinikken", "https://svar.example/s/0000", "0000-0000-0000", "Timen din: "] {
            assert!(letter.contains(said), "{said} is not in {letter}");
        }
        let html = text("preview", "nb", &["--html", "--pdf", "slip.pdf", "--format", "a5"]).await.ok();
        assert!(html.starts_with("<div lang=\"nb\"><p>Oppdiktet HF") && html.contains("&lt;3") && !html.contains("<3"), "{html}");
        let (_, slip) = pdf(&program, "slip.pdf");
        assert!(slip.says("Poliklinikken") && slip.says("0000-0000-0000") && slip.pages == 1);
        text("preview", "nb", &["--pdf", "slip.pdf"]).await.refused(1, "exists", "slip.pdf");

        for (wrong, says) in [
            ("{link} {code}\n{navn}", "line 2: {navn} is not one of {organization}"),
            ("{link}", "{code} is missing"),
            ("{code}", "{link} is missing"),
            ("{link} {code", "line 1: a brace stands alone"),
            ("{link}\n{code} {visit}", "line 2: {code} stands beside {visit}"),
            (" \n", "the text is empty"),
        ] {
            let file = program.write("wrong.txt", wrong);
            let refused = text("set", "nb", &["--file", &file]).await;
            refused.refused(2, "argument-invalid", says);
            assert!(refused.err.contains("wrong.txt"));
        }
        text("set", "se", &["--file", &own]).await.refused(2, "argument-invalid", "nb, nn, en");
        text("reset", "nb", &of_unit).await.refused(1, "not-found", "no text of its own is set in nb");
        assert_eq!(text("reset", "nb", &[]).await.ok(), "");
        assert_eq!(text("show", "nb", &[]).await.ok(), standard);
        text("show", "nb", &["--unit", "0193a5d0-1000-7000-8000-0000000000aa"]).await.refused(1, "not-found", "no such unit");

        // A discreet unit is named in none of it.
        let turn =
            async |unit: &str, turn: &str| program.run(&["unit", "discreet", "--organization", &organization, "--unit", unit, turn]).await;
        assert_eq!(turn(&unit, "on").await.ok(), "");
        assert!(program.run(&["unit", "list"]).await.ok().ends_with("Poliklinikken  (discreet)"));
        let quiet = text("preview", "nb", &of_unit).await.ok();
        assert!(!quiet.contains("Poliklinikken") && !quiet.contains("Timen din") && quiet.contains("55 00 00 01"), "{quiet}");
        assert_eq!(turn(&unit, "off").await.ok(), "");
        turn("0193a5d0-1000-7000-8000-0000000000aa", "on").await.refused(1, "not-found", "no such unit");
        let add = ["unit", "add", "--organization", &organization, "--name", "Stille", "--phone", "1", "--discreet"];
        program.run(&add).await.ok();
        assert!(program.run(&["unit", "list"]).await.ok().contains("Stille  (discreet)"));
    });
}

#[test]
fn a_long_address_is_warned_about() {
    alone(async {
        let mut program = Program::install(Kind::Sqlite).await;
        for (address, warned) in [("https://svar.sykehus.example", false), ("https://kartlegging.poliklinikken.sykehus.example", true)] {
            program.set("KARTLEGGING_BASE_URL", address);
            let serving = program.serve().await;
            serving.terminate();
            let (_, log, _) = serving.ended().await;
            assert_eq!(log.contains("base_url is longer than 30 characters"), warned, "{log}");
        }
    });
}

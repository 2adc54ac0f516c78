//! The letter slip: what stands on it and where, read back as text, as tags and as a picture.

use super::eyes::Picture;
use crate::on_both;
use crate::print::reading::Pdf;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::sql;
use kartlegging::domain::language::Language;
use kartlegging::print::pdf::Format;
use kartlegging::print::slip::{Slip, Slips};
use kartlegging::text::languages;
use serde_json::{Value, json};

async fn print(app: &TestApp, id: &str, query: &str, body: Option<&Value>) -> Answer {
    let call = app.post(&format!("/api/v1/invitations/{id}/letter.pdf{query}")).bearer(app.world.token("client"));
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

fn slip(language: &Language, number: usize) -> Slip {
    Slip {
        language: language.clone(),
        recipient: vec!["Áŋŋe Čuovžžabet Đivttas-Šaddu Ŧuŋŋel Žirka".to_owned()],
        organization: "Davvi buohcceviessu – Øst-Oppdiktet universitetssykehus helseforetak".to_owned(),
        unit: Some("Poliklinikk for kreftsykdommer, blodsykdommer og lindrende behandling, Čáhcesuolu".to_owned()),
        phone: "55 00 00 02".to_owned(),
        visit: "2026-11-27T08:30:00Z".parse().ok(),
        until: "2026-11-27T08:30:00Z".parse().ok(),
        address: "svar.example".to_owned(),
        link: format!("https://svar.example/s/2QF7C9X3M8KD5WZR0T6VYB{number:04}"),
        code: "7K3Q-W9XM-B4HM".to_owned(),
        sign_in: (number % 2 == 1).then(|| "ID-porten".to_owned()),
    }
}

fn document(format: Format, slips: &[Slip]) -> Vec<u8> {
    let mut document = Slips::new(format, &slips[0].language).expect("document");
    for slip in slips {
        document.add(slip);
    }
    document.finish().expect("a document")
}

#[test]
fn a_slip_says_all_in_every_language_and_size_on_one_page() {
    for format in Format::ALL {
        for language in languages() {
            let slip = slip(language, 1);
            let bytes = document(format, std::slice::from_ref(&slip));
            let pdf = Pdf::open(&bytes);
            assert_eq!(pdf.pages, 1, "{format:?} {language}: long names fit");
            pdf.expect_accessible();
            assert_eq!(pdf.language(), language.as_str());
            let moment = kartlegging::text::format::moment(slip.visit.expect("visit"), language);
            let unit = slip.unit.clone().expect("unit");
            for said in [&slip.recipient[0], &slip.organization, &unit, &slip.phone, &moment, &slip.link, &slip.code, "svar.example", "113"]
            {
                assert!(pdf.says(said), "{format:?} {language}: {said:?} is not in {}", pdf.text);
            }
            assert_eq!(pdf.languages_aside().len(), 0);
            let structure = pdf.structure();
            assert_eq!(structure.iter().filter(|one| *one == "Part").count(), 1);
            let heads: Vec<&str> = structure.iter().map(String::as_str).filter(|one| one.starts_with('H')).collect();
            assert_eq!(heads, ["H1", "H2", "H2"]);
            assert!(structure.iter().any(|one| one == "Figure"));
            assert_eq!(bytes, document(format, &[slip]), "the same slip gives other bytes");
        }
    }
}

#[test]
fn the_qr_code_can_be_read_off_the_printed_page() {
    for format in Format::ALL {
        let pages = Picture::pages(&document(format, &[slip(&Language::nb(), 1)]), 200, 1, 1);
        let read = pages[0].qr();
        assert_eq!((read.text.as_str(), read.correction), ("HTTPS://SVAR.EXAMPLE/S/2QF7C9X3M8KD5WZR0T6VYB0001", 3), "{format:?}");
    }
}

#[test]
fn only_the_recipient_shows_in_the_window() {
    let sheet = |slip: &Slip| Picture::pages(&document(Format::A4, std::slice::from_ref(slip)), 100, 1, 1).remove(0);
    // Left, top, right, bottom in millimetres of A4; the window with 5 mm around it.
    let part = |[left, top, right, bottom]: [f64; 4]| [left / 210.0, top / 297.0, right / 210.0, bottom / 297.0];
    let (window, inner) = ([10.0, 39.0, 125.0, 84.0], [20.0, 46.0, 117.0, 77.0]);
    let mut full = slip(&Language::en(), 1);
    full.recipient = vec!["Ågot Wilhelmine Máŋggaš-Oppdiktet av Prøvedal".to_owned(); 6];
    for (recipient, lines) in
        [(full.recipient.clone(), 6), (vec!["Ola".to_owned()], 1), (vec!["Æ".repeat(45); 6], 6), (vec!["Nils ".repeat(40)], 3)]
    {
        full.recipient = recipient;
        let page = sheet(&full);
        assert!(!page.is_white(part(inner)), "{lines} lines are there");
        let [left, top, right, bottom] = window;
        let [near, high, far, low] = inner;
        for edge in [[left, top, right, high], [left, low, right, bottom], [left, top, near, bottom], [far, top, right, bottom]] {
            assert!(page.is_white(part(edge)), "{lines} lines: something stands in {edge:?}");
        }
    }
}

#[test]
fn a_thousand_slips_are_one_document_of_parts_in_their_languages() {
    let all = languages();
    let slips: Vec<Slip> = (0..1000).map(|number| slip(&all[number % 3], number)).collect();
    let before = resident();
    let bytes = document(Format::A4, &slips);
    println!("1000 slips: {} KiB, {} KiB more memory at most", bytes.len() / 1024, peak().saturating_sub(before));
    assert!(bytes.len() < 20 * 1024 * 1024, "{} bytes", bytes.len());
    let pdf = Pdf::open_last(&bytes);
    assert!(pdf.pages == 1000 && pdf.says("VYB0999") && !pdf.says("VYB0998"), "a page each");
    pdf.expect_accessible();
    assert_eq!(pdf.language(), "nb");
    assert_eq!(pdf.languages_aside().into_iter().collect::<Vec<_>>(), ["en", "nn"]);
    let structure = pdf.structure();
    for (kind, count) in [("Part", 1000), ("H1", 1000), ("H2", 2000), ("Figure", 1000)] {
        assert_eq!(structure.iter().filter(|one| *one == kind).count(), count, "{kind}");
    }
    let last = Picture::pages(&bytes, 200, 1000, 1000);
    assert!(last[0].qr().text.ends_with("VYB0999"));
}

/// Kilobytes of this process from a line of its status.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or_default()
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

on_both! {
    async fn the_name_stands_alone_unless_lines_are_given(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let answer = print(&app, &invited.id, "", None).await;
        assert_eq!((answer.status, answer.headers["content-type"].as_str(), answer.headers["cache-control"].as_str()), (200, "application/pdf", "no-store"), "{}", answer.text);
        let pdf = Pdf::open(&answer.bytes);
        for said in ["Åse Oppdiktet", "Poliklinikken", "Oppdiktet helseforetak", "fredag 27. november 2026 kl. 09.30", &invited.link, &invited.code] {
            assert!(pdf.says(said), "{said:?} is not in {}", pdf.text);
        }
        assert!(!pdf.says("1947") && !pdf.says("139047") && !pdf.says("kreft") && !pdf.says("påkjenning"), "{}", pdf.text);
        assert_eq!(print(&app, &invited.id, "?format=a4", None).await.bytes, answer.bytes, "A4 is what is meant, and it is the same again");
        let lines = json!({"recipient": ["Kari Verge", "c/o Åse Oppdiktet", "Prøveveien 1", "0000 STEDET"], "language": "nn"});
        let given = Pdf::open(&print(&app, &invited.id, "", Some(&lines)).await.bytes);
        assert!(given.says("Kari Verge") && given.says("0000 STEDET") && given.language() == "nn", "{}", given.text);
        let insert = Pdf::open(&print(&app, &invited.id, "?format=a5", None).await.bytes);
        assert!(insert.says("Åse Oppdiktet") && insert.says(&invited.code));
        let logged = "SELECT COUNT(*) FROM access_log WHERE action = 'invitation.letter'";
        assert_eq!(sql::number(&app.database_url, logged).await, 4);
    }
}

on_both! {
    async fn what_does_not_fit_is_told(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for (query, body, pointer, code) in [
            ("", json!({"recipient": []}), "/recipient", "too-short"),
            ("", json!({"recipient": vec!["x"; 7]}), "/recipient", "too-long"),
            ("", json!({"recipient": ["x".repeat(46)]}), "/recipient", "too-long"),
            ("", json!({"recipient": ["a\nb"]}), "/recipient", "malformed"),
            ("", json!({"recipient": [" "]}), "/recipient", "required"),
            ("", json!({"recipient": "x"}), "/recipient", "malformed"),
            ("?format=a5", json!({"recipient": ["x"]}), "/recipient", "not-allowed"),
            ("", json!({"language": "se"}), "/language", "language-unknown"),
            ("", json!({"format": "a5"}), "/format", "unknown-member"),
        ] {
            let problem = print(&app, &invited.id, query, Some(&body)).await.expect_problem(422, "body-invalid");
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)), "{body}");
        }
        for query in ["?format=a3", "?format=A4", "?format=", "?format=a4&format=a5", "?size=a4"] {
            print(&app, &invited.id, query, None).await.expect_problem(400, "query-invalid");
        }
        app.revoke(&invited.id).await.expect(200);
        print(&app, &invited.id, "", None).await.expect_problem(409, "invitation-closed");
        let count = sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'invitation.letter'").await;
        assert_eq!(count, 0);
    }
}

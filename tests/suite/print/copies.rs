//! The patient's copy of what was handed in.

use super::reading::Pdf;
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{answers, with_text};
use kartlegging::services::holder::{self, Holder};
use kartlegging::services::submit_response::copy_pdf;
use serde_json::json;

async fn holder(app: &TestApp, session: &str) -> Holder {
    holder::authenticate(&app.services, session).await.expect("a session")
}

async fn copy(app: &TestApp, session: &str) -> Option<Pdf> {
    let holder = holder(app, session).await;
    copy_pdf(&app.services, &holder, "copy-request").await.expect("a copy").map(|bytes| Pdf::open(&bytes))
}

on_both! {
    async fn the_copy_says_what_was_asked_and_answered(app: TestApp) {
        let given = answers(7, &["pain", "fatigue"], &["pain"], "maybe", Some("yes"));
        let (session, _) = app.answer(&app.invite("visit-1").await, &given).await;
        let pdf = copy(&app, &session).await.expect("a copy");
        pdf.expect_accessible();
        assert_eq!((pdf.language().as_str(), pdf.title().as_str()), ("nb", "Kopi av svarene: Kartlegging av påkjenning og utfordringer før kreftbehandling"));
        for said in [
            "Oppdiktet helseforetak",
            "Poliklinikken",
            "55 00 00 02",
            "fredag 27. november 2026 kl. 09.30",
            "Levert: tirsdag 24. november 2026 kl. 09.00",
            "Besvart av: pasienten",
            "Hvor stor påkjenning har du hatt den siste uken, inkludert i dag? 7",
            "Fysiske utfordringer • Smerter • Tretthet",
            "Hva av dette er tyngst for deg? Smerter",
            "Praktiske utfordringer ikke besvart",
            "Vil du ha oppfølging av noe av dette? Kanskje",
        ] {
            assert!(pdf.says(said), "{said:?} is not in {}", pdf.text);
        }
        assert!(!pdf.says("Kvalme"), "what was not ticked is not on the copy");
        let code = sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'receipt.print' AND request_id = 'copy-request' AND actor_kind = 'holder'");
        assert_eq!(code.await, 1);
    }
}

on_both! {
    async fn the_copy_is_of_the_newest_version_and_of_free_text_as_it_was_written(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.answer(&invited, &with_text("Første linje\nandre čáŋđŋa 語 «linje»")).await;
        let pdf = copy(&app, &session).await.expect("a copy");
        assert!(pdf.says("Første linje andre čáŋđŋa 語 «linje»"), "{}", pdf.text);
        let (session, _) = app.open(&invited, None).await;
        assert!(copy(&app, &session).await.is_none(), "a session that has not handed in has no copy");
        let body = json!({"respondent": {"kind": "representative", "relation": "guardian", "name": "Kari Prøve", "phone": "00000003"},
            "answers": answers(2, &[], &[], "no", Some("no")), "language": "en"});
        app.post("/api/v1/session/start-over").bearer(&session).send().await.expect(200);
        let draft = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200);
        let version = draft["version"].as_i64().expect("version");
        app.put("/api/v1/session/draft").bearer(&session).if_match(version).json(&body).send().await.expect(200);
        app.submit(&session, version + 1).await.expect(201);
        let pdf = copy(&app, &session).await.expect("a copy");
        assert!(pdf.says("Answered by: a representative of the patient (guardian)") && !pdf.says("Første linje"), "{}", pdf.text);
        assert_eq!(pdf.language(), "en");
        let read = "SELECT COUNT(*) FROM access_log WHERE action = 'receipt.print'";
        assert_eq!(sql::number(&app.database_url, read).await, 2);
    }
}

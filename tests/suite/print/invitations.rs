//! Printing for a patient, and blank forms over the API.

use super::reading::Pdf;
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use serde_json::{Value, json};

async fn print(app: &TestApp, id: &str, body: Option<&Value>) -> Answer {
    let call = app.post(&format!("/api/v1/invitations/{id}/paper")).bearer(app.world.token("client"));
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

#[track_caller]
fn read(answer: &Answer) -> Pdf {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    Pdf::open(&answer.bytes)
}

on_both! {
    async fn the_paper_has_the_name_the_visit_and_the_code_of_the_letter(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let answer = print(&app, &invited.id, None).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let pdf = read(&answer);
        for said in ["Åse Oppdiktet", "Poliklinikken", "Oppdiktet helseforetak", "55 00 00 02", "fredag 27. november 2026 kl. 09.30", "Ingen av disse", &invited.code] {
            assert!(pdf.says(said), "{said:?} is not in {}", pdf.text);
        }
        let link = invited.link.rsplit('/').next().unwrap_or_default();
        assert!(!pdf.says(link) && !pdf.says("1947") && !pdf.says("139047"), "no link, birth date or number");
        assert_eq!(print(&app, &invited.id, None).await.bytes, answer.bytes, "printed again it is the same");
        // Printing changes nothing: the invitation is as it was, and the code opens it.
        assert_eq!(app.invitation(&invited.id).await["state"], "issued");
        app.try_code(&invited.code, BORN).await.expect(201);
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        let pdf = read(&print(&app, &invited.id, None).await);
        assert!(pdf.says(&again.code) && !pdf.says(&invited.code));
    }
}

on_both! {
    async fn the_language_is_the_one_asked_for_or_the_patient_s(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for (body, language, said) in [
            (None, "nb", "Slik fyller du ut"),
            (Some(json!({})), "nb", "Slik fyller du ut"),
            (Some(json!({"language": "nn"})), "nn", "Set kryss ved svaret ditt"),
            (Some(json!({"language": "en"})), "en", "Friday 27 November 2026 at 09:30"),
        ] {
            let pdf = read(&print(&app, &invited.id, body.as_ref()).await);
            assert_eq!(pdf.language(), language);
            assert!(pdf.says(said), "{said}");
        }
        let mut order = app.order("visit-2");
        order["patient"] = json!({"name": "Odd Oppdiktet", "birth_date": BORN, "language": "nn"});
        let other = Invited::of(app.issue("key-nynorsk", &order).await.expect(201));
        assert_eq!(read(&print(&app, &other.id, None).await).language(), "nn");
        for wrong in ["se", "NB", "klingon", ""] {
            let problem = print(&app, &invited.id, Some(&json!({"language": wrong}))).await.expect_problem(422, "body-invalid");
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!("/language"), &json!("language-unknown")));
        }
    }
}

on_both! {
    async fn only_what_can_still_be_answered_is_printed(app: TestApp) {
        let declined = app.invite("visit-1").await;
        let (session, _) = app.open(&declined, None).await;
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        read(&print(&app, &declined.id, None).await);
        let started = app.invite("visit-2").await;
        let (session, _) = app.open(&started, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        read(&print(&app, &started.id, None).await);
        app.submit(&session, 1).await.expect(201);
        print(&app, &started.id, None).await.expect_problem(409, "invitation-answered");
        let revoked = app.invite("visit-3").await;
        app.revoke(&revoked.id).await.expect(200);
        print(&app, &revoked.id, None).await.expect_problem(409, "invitation-closed");
        let locked = app.invite("visit-4").await;
        app.use_up(&locked).await;
        print(&app, &locked.id, None).await.expect_problem(409, "invitation-closed");
        let waiting = app.invite("visit-5").await;
        // The time is over, whether the job has closed it or not.
        app.advance(Duration::days(4));
        print(&app, &waiting.id, None).await.expect_problem(409, "invitation-closed");
    }
}

on_both! {
    async fn a_blank_form_names_nobody_and_is_kept_by_its_validator(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let path = "/api/v1/questionnaires/distress-thermometer/1.0.0/paper.pdf";
        let get = |query: &str| app.get(&format!("{path}{query}")).bearer(app.world.token("auditor"));
        let first = get("").send().await;
        let pdf = read(&first);
        assert!(pdf.says("Slik fyller du ut") && !pdf.says(&invited.code) && !pdf.says("Oppdiktet"));
        let etag = first.headers["etag"].clone();
        let again = get("").header("if-none-match", &etag).send().await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
        assert_eq!(get("?language=nb").send().await.bytes, first.bytes);
        assert_eq!(get("").header("accept-language", "de, en;q=0.5").send().await.bytes, get("?language=en").send().await.bytes);
        let english = get("?language=en").header("if-none-match", &etag).send().await;
        assert_eq!(read(&english).language(), "en");
        get("?language=se").send().await.expect_problem(400, "query-invalid");
        get("").header("accept", "text/html").send().await.expect_problem(406, "not-acceptable");
        let absent = app.get(&path.replace("1.0.0", "9.9.9")).bearer(app.world.token("client"));
        absent.send().await.expect_problem(404, "not-found");
    }
}

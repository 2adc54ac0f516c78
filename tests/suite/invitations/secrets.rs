//! Links and codes: told once, never looked up; reissued and revoked at once.

use crate::on_both;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use serde_json::json;

on_both! {
    async fn no_look_up_tells_a_secret(app: TestApp) {
        let first = app.invite("visit-1").await;
        let svg = first.body["credential"]["qr_svg"].as_str().unwrap_or_default();
        assert!(svg.starts_with("<svg"), "{svg}");
        let invited = Invited::of(app.reissue(&first.id, "reissue-1").await.expect(200));
        let receipt = app.answer(&invited, &answers(4, &[], &[], "no", Some("no"))).await.1;
        let response = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
        let looks = [
            ("client", format!("/api/v1/invitations/{}", invited.id)),
            ("clinician", format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit)),
            ("clinician", format!("/api/v1/patients/{}/timeline", invited.patient)),
            ("auditor", format!("/api/v1/patients/{}/access-log", invited.patient)),
            ("clinician", response.clone()),
            ("clinician", format!("{response}/summary")),
            ("clinician", format!("{response}/versions")),
        ];
        let tokens = [&first, &invited].map(|one| one.link.rsplit('/').next().unwrap_or_default().to_owned());
        let codes = [&first, &invited].map(|one| one.code.clone());
        for (who, path) in looks {
            let answer = app.get(&path).bearer(app.world.token(who)).send().await;
            assert_eq!(answer.status, 200, "{path}");
            let text = answer.text.to_uppercase();
            for secret in tokens.iter().chain(&codes) {
                assert!(!text.contains(secret) && !text.contains(&secret.replace('-', "")), "{path}");
            }
            assert!(!text.contains("CREDENTIAL"), "{path}");
        }
    }
}

on_both! {
    async fn reissuing_kills_what_was_before_and_keeps_the_draft(app: TestApp) {
        let first = app.invite("visit-1").await;
        let (session, _) = app.open(&first, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        let second = Invited::of(app.reissue(&first.id, "reissue-1").await.expect(200));
        let third = Invited::of(app.reissue(&first.id, "reissue-2").await.expect(200));
        assert_eq!((&second.id, &third.id), (&first.id, &first.id));
        assert!(first.code != second.code && second.code != third.code && first.link != third.link);
        app.get("/api/v1/session").bearer(&session).send().await.expect_problem(401, "session-ended");
        for old in [&first, &second] {
            app.try_link(old, BORN).await.expect_problem(410, "link-replaced");
            app.try_code(&old.code, BORN).await.expect_problem(410, "link-replaced");
        }
        let opened = app.try_code(&third.code, BORN).await.expect(201);
        assert_eq!((&opened["invitation"]["state"], &opened["draft"]), (&json!("started"), &json!("elsewhere")));
    }
}

on_both! {
    async fn what_is_over_is_not_reissued(app: TestApp) {
        let revoked = app.invite("visit-1").await;
        app.revoke(&revoked.id).await.expect(200);
        app.reissue(&revoked.id, "reissue-1").await.expect_problem(409, "invitation-closed");
        let answered = app.invite("visit-2").await;
        app.answer(&answered, &answers(4, &[], &[], "no", Some("no"))).await;
        // Until the visit the patient may want to change the answers with the new letter.
        let again = Invited::of(app.reissue(&answered.id, "reissue-2").await.expect(200));
        app.open(&again, None).await;
        let open = app.invite("visit-3").await;
        app.advance(Duration::days(3) + Duration::minutes(30));
        app.reissue(&open.id, "reissue-3").await.expect_problem(409, "invitation-closed");
        app.reissue(&answered.id, "reissue-4").await.expect_problem(409, "invitation-answered");
        let foreign = app.post(&format!("/api/v1/invitations/{}/reissue", open.id)).bearer(app.world.token("other_client")).key("reissue-5");
        foreign.send().await.expect_problem(404, "not-found");
    }
}

on_both! {
    async fn revoking_ends_everything_and_deletes_the_draft(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        let revoked = app.revoke(&invited.id).await.expect(200);
        assert_eq!((&revoked["state"], &revoked["closed_reason"]), (&json!("closed"), &json!("revoked")));
        app.advance(Duration::hours(1));
        assert_eq!(app.revoke(&invited.id).await.expect(200), revoked);
        app.submit(&session, 1).await.expect_problem(401, "session-ended");
        let body = json!({"link": invited.link, "birth_date": BORN, "device_token": device});
        app.try_open(&body).await.expect_problem(410, "invitation-revoked");
        assert!(app.draft(&invited.id).await.is_none());
    }
}

on_both! {
    async fn what_was_answered_or_has_expired_is_not_revoked(app: TestApp) {
        let answered = app.invite("visit-1").await;
        app.answer(&answered, &answers(4, &[], &[], "no", Some("no"))).await;
        app.revoke(&answered.id).await.expect_problem(409, "invitation-answered");
        let expired = app.invite("visit-2").await;
        app.advance(Duration::days(4));
        app.try_link(&expired, BORN).await.expect_problem(410, "invitation-expired");
        app.revoke(&expired.id).await.expect_problem(409, "invitation-closed");
    }
}

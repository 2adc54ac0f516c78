//! `POST …/letter` and the letter in the answer to issuing.

use super::eyes::{Picture, Read};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use kartlegging::domain::actor::Scope;
use kartlegging::domain::ids::UnitId;
use kartlegging::services::admin::{self, Bearer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn letter_by(app: &TestApp, token: &str, id: &str, body: Option<&Value>) -> Answer {
    let call = app.post(&format!("/api/v1/invitations/{id}/letter")).bearer(token);
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

async fn letter(app: &TestApp, id: &str, body: Option<&Value>) -> Answer {
    letter_by(app, app.world.token("client"), id, body).await
}

fn png(letter: &Value) -> Vec<u8> {
    STANDARD.decode(letter["qr_png"].as_str().expect("a picture")).expect("base64")
}

async fn logged(app: &TestApp) -> i64 {
    sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'invitation.letter' AND result = 'ok'").await
}

on_both! {
    async fn the_letter_has_link_code_and_qr_code_of_the_invitation(app: TestApp) {
        let invited = app.invite("visit-1").await;
        assert_eq!(logged(&app).await, 0);
        let answer = letter(&app, &invited.id, None).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let first = answer.expect(200);
        assert_eq!((&first["invitation"], &first["credential"]), (&json!(invited.id), &invited.body["credential"]));
        let text = first["letter"]["text"].as_str().expect("text");
        for said in [
            "Oppdiktet helseforetak ber deg svare",
            "Timen din: fredag 27. november 2026 kl. 09.30",
            "Hvor: Poliklinikken",
            "gå til svar.example og skriv koden:",
            "Ring 55 00 00 02",
            &invited.link,
            &invited.code,
        ] {
            assert!(text.contains(said), "{said:?} is not in {text}");
        }
        for unsaid in ["Åse", "1947", "139047", "påkjenning", "kreft"] {
            assert!(!text.contains(unsaid), "{unsaid} in {text}");
        }
        assert_eq!(logged(&app).await, 1);
        let of_patient = "SELECT COUNT(*) FROM access_log a JOIN access_log_patient p ON p.entry_id = a.id WHERE a.action = 'invitation.letter' AND a.actor_kind = 'client' AND a.unit_id IS NOT NULL AND a.object_kind = 'invitation'";
        assert_eq!(sql::number(&app.database_url, of_patient).await, 1);
        // Again it is the same, and it opens.
        assert_eq!(letter(&app, &invited.id, None).await.expect(200), first);
        assert_eq!(logged(&app).await, 2);
        app.try_link(&invited, BORN).await.expect(201);
        // A new letter has its own secrets.
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        let newer = letter(&app, &invited.id, None).await.expect(200);
        assert_eq!(newer["credential"]["code"], json!(again.code));
        assert_ne!(newer["credential"]["code"], first["credential"]["code"]);
    }
}

on_both! {
    async fn every_picture_of_the_link_can_be_read(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let made = letter(&app, &invited.id, None).await.expect(200);
        // Version 4 at most: in mixed case the link would need more.
        let expected = Read { text: invited.link.to_uppercase(), correction: 3, version: 4 };
        let bytes = png(&made["letter"]);
        let picture = Picture::png(&bytes);
        assert_eq!(picture.qr(), expected);
        let svg = made["credential"]["qr_svg"].as_str().expect("a picture");
        for width in [164, 400] {
            assert_eq!(Picture::svg(svg, width).qr(), expected, "{width} dots wide");
        }
        // 33 modules of 9 dots and 4 of white around them; 300 dots an inch, so 25 mm are 295.3 dots.
        assert_eq!((picture.width, picture.height), (41 * 9, 41 * 9));
        let dark: Vec<usize> = (0..picture.width).filter(|x| picture.greys.iter().skip(*x).step_by(picture.width).any(|grey| *grey < 100)).collect();
        let (first, last) = (dark[0], dark[dark.len() - 1]);
        assert!(last + 1 - first >= 296, "{first} to {last}");
        let density = bytes.windows(4).position(|four| four == b"pHYs").expect("a density");
        assert_eq!(u32::from_be_bytes(bytes[density + 4..density + 8].try_into().expect("four")), 11_811, "dots in a metre");
        let quiet = 36.0 / 369.0;
        for part in [[0.0, 0.0, 1.0, quiet], [0.0, 0.0, quiet, 1.0], [1.0 - quiet, 0.0, 1.0, 1.0], [0.0, 1.0 - quiet, 1.0, 1.0]] {
            assert!(picture.is_white(part), "the quiet zone {part:?}");
        }
    }
}

on_both! {
    async fn the_language_is_the_one_asked_for_or_the_patient_s(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for (body, language, said) in [
            (None, "nb", "Timen din: fredag 27. november 2026 kl. 09.30"),
            (Some(json!({"language": "nn"})), "nn", "Opne lenkja di:"),
            (Some(json!({"language": "en"})), "en", "Your appointment: Friday 27 November 2026 at 09:30"),
        ] {
            let made = letter(&app, &invited.id, body.as_ref()).await.expect(200);
            assert_eq!(made["letter"]["language"], language);
            assert!(made["letter"]["text"].as_str().is_some_and(|text| text.contains(said)), "{made}");
            let html = made["letter"]["html"].as_str().expect("html");
            assert!(html.starts_with(&format!("<div lang=\"{language}\"><p>")) && html.contains(&format!("<strong>{}</strong>", invited.code)), "{html}");
        }
        for wrong in [json!({"language": "se"}), json!({"language": "NB"}), json!({"recipient": ["x"]}), json!({"language": 1})] {
            letter(&app, &invited.id, Some(&wrong)).await.expect_problem(422, "body-invalid");
        }
        assert_eq!(logged(&app).await, 3);
    }
}

on_both! {
    async fn the_letter_comes_with_the_invitation_where_it_is_asked_for(app: TestApp) {
        let mut order = app.order("visit-1");
        order["letter"] = json!(true);
        let first = app.issue("key-with-letter", &order).await.expect(201);
        let made = letter(&app, first["id"].as_str().expect("id"), None).await.expect(200);
        assert_eq!((&first["letter"], &first["credential"]), (&made["letter"], &made["credential"]));
        assert_eq!(Picture::png(&png(&first["letter"])).qr().text, first["credential"]["link"].as_str().expect("link").to_uppercase());
        assert_eq!(app.issue("key-with-letter", &order).await.expect(201), first, "a repeat gives the same");
        // Who does not ask gets what was always given.
        for plain in [json!(null), json!(false)] {
            let mut order = app.order(&format!("visit-{plain}"));
            order["letter"] = plain.clone();
            let issued = app.issue(&format!("key-without-{plain}"), &order).await.expect(201);
            assert!(issued.get("letter").is_none(), "{issued}");
        }
        // In a batch each item asks for itself.
        let mut items = [app.order("visit-2"), app.order("visit-3"), json!({"patient": {}}), app.order("visit-4")];
        items[0]["patient"]["language"] = json!("en");
        items[0]["letter"] = json!(true);
        items[3]["letter"] = json!(true);
        let batch = || app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("key-batch-1").json(&json!({"items": items}));
        let done = batch().send().await.expect(200);
        assert_eq!((&done["issued"], &done["failed"]), (&json!(3), &json!(1)));
        for (at, has) in [(0, true), (1, false), (3, true)] {
            let one = &done["items"][at]["invitation"];
            assert_eq!(one.get("letter").is_some(), has, "{at}");
            let code = one["credential"]["code"].as_str().expect("code");
            assert!(!has || one["letter"]["text"].as_str().is_some_and(|text| text.contains(code)), "{at}: another's letter");
        }
        let again = batch().send().await.expect(200);
        for at in [0, 1, 3] {
            assert_eq!(again["items"][at], done["items"][at], "a repeat gives the same");
        }
        order["letter"] = json!("yes");
        app.issue("key-wrong-one", &order).await.expect_problem(422, "body-invalid");
    }
}

on_both! {
    async fn only_with_the_scope_and_for_ones_own(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let own = app.world.organization.expect("organization");
        let all_but = Scope::ALL.into_iter().filter(|scope| *scope != Scope::LettersRender).collect();
        let without = admin::add_client(&app.services, own, "without".to_owned(), None, all_but).await.expect("client");
        let without = crate::support::world::token(&app.services, Bearer::Client(without)).await;
        letter_by(&app, &without, &invited.id, None).await.expect_problem(403, "scope-missing");
        let alone = admin::add_client(&app.services, own, "alone".to_owned(), None, BTreeSet::from([Scope::LettersRender])).await.expect("client");
        let alone = crate::support::world::token(&app.services, Bearer::Client(alone)).await;
        letter_by(&app, &alone, &invited.id, None).await.expect(200);
        app.get(&format!("/api/v1/invitations/{}", invited.id)).bearer(&alone).send().await.expect_problem(403, "scope-missing");
        letter_by(&app, app.world.token("clinician"), &invited.id, None).await.expect(200);
        letter_by(&app, app.world.token("second_clinician"), &invited.id, None).await.expect_problem(403, "role-missing");
        letter_by(&app, app.world.token("other_client"), &invited.id, None).await.expect_problem(404, "not-found");
        letter_by(&app, app.world.token("other_clinician"), &invited.id, None).await.expect_problem(404, "not-found");
        assert_eq!(logged(&app).await, 2, "only what was given");
    }
}

on_both! {
    async fn only_what_can_still_be_answered_has_a_letter(app: TestApp) {
        let answered = app.invite("visit-1").await;
        app.answer(&answered, &answers(4, &[], &[], "no", Some("no"))).await;
        letter(&app, &answered.id, None).await.expect_problem(409, "invitation-answered");
        let revoked = app.invite("visit-2").await;
        app.revoke(&revoked.id).await.expect(200);
        letter(&app, &revoked.id, None).await.expect_problem(409, "invitation-closed");
        let waiting = app.invite("visit-3").await;
        app.advance(Duration::days(4));
        letter(&app, &waiting.id, None).await.expect_problem(409, "invitation-closed");
    }
}

on_both! {
    async fn of_a_discreet_unit_a_letter_names_the_organization_only(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let own = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let other = UnitId::parse(&app.world.other_unit).expect("unit");
        assert!(admin::set_discreet(&app.services, own, other, true).await.is_err(), "another organization's unit");
        admin::set_discreet(&app.services, own, unit, true).await.expect("set");
        let pdf = |format: &str| app.post(&format!("/api/v1/invitations/{}/letter.pdf?format={format}", invited.id)).bearer(app.world.token("client")).send();
        let mut all = letter(&app, &invited.id, None).await.expect(200)["letter"].to_string();
        for format in ["a4", "a5"] {
            all.push_str(&crate::print::reading::Pdf::open(&pdf(format).await.bytes).text);
        }
        for unsaid in ["Poliklinikken", "2026", "09.30", "fredag", "55 00 00 02", "55000002"] {
            assert!(!all.contains(unsaid), "{unsaid} in {all}");
        }
        assert!(all.contains("Oppdiktet helseforetak") && all.contains("55 00 00 01") && all.contains("55000001"), "{all}");
        admin::set_discreet(&app.services, own, unit, false).await.expect("set");
        assert!(letter(&app, &invited.id, None).await.expect(200)["letter"]["text"].as_str().is_some_and(|text| text.contains("Poliklinikken")));
    }
}

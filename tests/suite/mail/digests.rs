//! What units are told: that new answers are waiting, once a day, without a word about whose.

use super::{deliver, invite, messages, plan, with_server};
use crate::support::world::answers;
use chrono::Duration;
use kartlegging::domain::ids::{PatientId, UnitId};
use kartlegging::domain::language::Language;
use kartlegging::services::erase_patient::{self, Ground};
use kartlegging::services::notices::{self, Addresses};
use serde_json::json;

#[test]
fn a_unit_is_told_once_a_day_that_answers_wait() {
    with_server(&async |app, server| {
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let given = answers(8, &[], &[], "yes", Some("yes"));
        app.answer(&app.invite("visit-1").await, &given).await;
        assert_eq!(plan(&app).await, 0, "nobody has said where to");
        let addresses = Addresses { digest_to: Some("enheten@sykehus.example".to_owned()), ..Addresses::default() };
        notices::set_addresses(&app.services, organization, unit, addresses, &Language::nn()).await.expect("set");
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let told = server.mails(1).await.remove(0);
        assert_eq!((&told["to"][0], &told["headers"]["subject"]), (&json!("enheten@sykehus.example"), &json!("Nye svar ventar")));
        for word in ["Åse", "Oppdiktet", "http", "8", "Poliklinikken"] {
            assert!(
                !told["text"].to_string().contains(word) && !told["html"].as_str().is_some_and(|html| html.contains(&format!("{word} "))),
                "{told}"
            );
        }
        let (_, receipt) = app.answer(&app.invite("visit-2").await, &given).await;
        assert_eq!(plan(&app).await, 0, "told today");
        app.advance(Duration::days(1));
        assert_eq!(plan(&app).await, 1, "one came since");
        // Read before the mail went: it is not sent.
        for response in [receipt["response"].as_str().expect("id")] {
            let path = format!("/api/v1/responses/{response}/review");
            app.post(&path).bearer(app.world.token("clinician")).json(&json!({"version": 1})).send().await.expect(200);
        }
        app.advance(Duration::days(1));
        assert_eq!(plan(&app).await, 0, "nothing new");
        deliver(&app).await;
        assert_eq!(messages(&app).await.len(), 2);
    });
}

#[test]
fn a_unit_is_not_told_of_answers_of_an_erased_patient() {
    with_server(&async |app, server| {
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let addresses = Addresses { digest_to: Some("enheten@sykehus.example".to_owned()), ..Addresses::default() };
        notices::set_addresses(&app.services, organization, unit, addresses, &Language::nb()).await.expect("set");
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(2, &[], &[], "no", Some("no"))).await;
        assert_eq!(plan(&app).await, 1);
        let patient = PatientId::parse(&invited.patient).expect("id");
        let ground = Ground::parse("ønsket av pasienten").expect("ground");
        erase_patient::erase(&app.services, organization, patient, ground).await.expect("erased");
        assert_eq!(deliver(&app).await, 0);
        server.mails(0).await;
    });
}

#[test]
fn what_was_read_meanwhile_is_told_to_nobody() {
    with_server(&async |app, server| {
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let addresses = Addresses { digest_to: Some("enheten@sykehus.example".to_owned()), ..Addresses::default() };
        notices::set_addresses(&app.services, organization, unit, addresses, &Language::nb()).await.expect("set");
        let (_, receipt) = app.answer(&invite(&app, "visit-1").await, &answers(2, &[], &[], "no", Some("no"))).await;
        assert_eq!(plan(&app).await, 1);
        let path = format!("/api/v1/responses/{}/review", receipt["response"].as_str().expect("id"));
        app.post(&path).bearer(app.world.token("clinician")).json(&json!({"version": 1})).send().await.expect(200);
        assert_eq!(deliver(&app).await, 0);
        assert_eq!(messages(&app).await, ["digest dropped reviewed"]);
        server.mails(0).await;
    });
}

//! Notices and reminders: when they come, to whom, with which link, once, and when they no longer do.

use super::{ADDRESS, app, deliver, invite, messages, order, plan, with_server};
use crate::support::app::{Kind, TestApp};
use crate::support::mail::{MailServer, link_of};
use crate::support::program::alone;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers, order_without_visit};
use chrono::Duration;
use kartlegging::domain::ids::{PatientId, UnitId};
use kartlegging::domain::notices::{Plan, Quiet};
use kartlegging::services::erase_patient::{self, Ground};
use kartlegging::services::notices::{self, Addresses};
use kartlegging::services::{outbox, plan_notices};
use serde_json::{Value, json};

async fn opens(app: &TestApp, link: &str) -> Value {
    app.try_open(&json!({"link": link, "birth_date": BORN})).await.expect(201)
}

#[test]
fn a_notice_and_one_reminder_hold_one_link_beside_the_letter_s() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        assert_eq!((plan(&app).await, deliver(&app).await), (0, 0));
        let first = server.mails(1).await.remove(0);
        assert_eq!((&first["to"][0], &first["headers"]["content-language"]), (&json!(ADDRESS), &json!("nb")));
        // A day after the letter and the notice at the soonest, two days before the visit.
        app.advance(Duration::hours(23) + Duration::minutes(59));
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::minutes(1));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let second = server.mails(2).await.remove(1);
        assert_eq!(second["headers"]["subject"], "Påminnelse om spørsmål til deg");
        assert_ne!(second["headers"]["message-id"], first["headers"]["message-id"]);
        assert_eq!(link_of(&first), link_of(&second));
        assert_ne!(link_of(&first), invited.link);
        app.advance(Duration::hours(2));
        assert_eq!((plan(&app).await, deliver(&app).await), (0, 0));
        for link in [link_of(&first), invited.link.clone()] {
            opens(&app, &link).await;
        }
        let said = format!("{first}{second}");
        for word in ["Åse", "Oppdiktet", "Poliklinikken", "1947", "helseforetak", "belastning", "kreft", "EHR", &invited.code] {
            assert!(!said.contains(word), "{word} is in {said}");
        }
        let path = format!("/api/v1/patients/{}/access-log", invited.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200).to_string();
        assert!(log.contains("invitation.notice") && log.contains("invitation.remind"), "{log}");
    });
}

#[test]
fn nothing_goes_out_in_quiet_hours_or_before_its_day() {
    with_server(&async |app, server| {
        let mut later = order(&app, "visit-1");
        later["appointment"]["starts_at"] = json!("2026-12-02T09:30:00+01:00");
        app.issue("key-later", &later).await.expect(201);
        // Tuesday 9 in the morning; the day is Wednesday, and begins at 8.
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::hours(22) + Duration::minutes(59));
        assert_eq!(plan(&app).await, 0, "five hours into the day, and quiet");
        app.advance(Duration::minutes(1));
        assert_eq!(plan(&app).await, 1);
        // What could not be sent in the day is not sent at night.
        app.advance(Duration::hours(12));
        assert_eq!(deliver(&app).await, 0);
        assert_eq!(messages(&app).await, ["notice waiting quiet-hours"]);
        app.advance(Duration::hours(16));
        assert_eq!(deliver(&app).await, 1);
        server.mails(1).await;
    });
}

#[test]
fn each_unit_has_its_own_plan() {
    with_server(&async |app, server| {
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let none = Plan::new(None, Some(3), None).expect("plan");
        notices::set_plan(&app.services, organization, unit, none).await.expect("set");
        invite(&app, "visit-1").await;
        let mut other = order(&app, "visit-2");
        other["appointment"]["unit"] = json!(app.world.second_unit);
        app.issue("key-other", &other).await.expect(201);
        assert_eq!(plan(&app).await, 1, "the other unit's notice");
        app.advance(Duration::days(1) - Duration::hours(5));
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::hours(5));
        // This one's reminder, without a notice before; the other one's as well.
        assert_eq!((plan(&app).await, deliver(&app).await), (2, 3));
        let subjects: Vec<String> = server.mails(3).await.iter().map(|mail| mail["headers"]["subject"].to_string()).collect();
        assert_eq!(subjects.iter().filter(|subject| subject.contains("Påminnelse")).count(), 2, "{subjects:?}");
        // Read back as it was set.
        let quiet = Plan::new(Some(14), Some(1), Quiet::parse("18:00-09:30").ok()).expect("plan");
        notices::set_plan(&app.services, organization, unit, quiet).await.expect("set");
        assert_eq!(notices::of_unit(&app.services, organization, unit).await.expect("set").plan, quiet);
    });
}

#[test]
fn without_a_visit_the_day_it_is_due_and_the_end_of_answering_count() {
    with_server(&async |app, server| {
        let mut order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        order["patient"]["contact"] = json!({"email": ADDRESS});
        order["patient"]["language"] = json!("en");
        app.issue("key-due-on", &order).await.expect(201);
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::days(7));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        app.advance(Duration::days(27));
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::days(2));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let taken = server.mails(2).await;
        assert_eq!(taken[1]["headers"]["subject"], "Reminder of questions for you");
    });
}

#[test]
fn who_has_no_address_answers_or_has_opened_gets_no_notice() {
    with_server(&async |app, server| {
        let mut nobody = order(&app, "no-address");
        nobody["patient"] = json!({"name": "Odd Oppdiktet", "birth_date": BORN, "contact": {"phone": "+47 00 00 00 01"}});
        app.issue("key-no-address", &nobody).await.expect(201);
        let opened = invite(&app, "opened").await;
        app.open(&opened, None).await;
        let answered = invite(&app, "answered").await;
        app.answer(&answered, &answers(3, &[], &[], "no", Some("no"))).await;
        let gone = invite(&app, "gone").await;
        app.revoke(&gone.id).await.expect(200);
        // It is time to tell of the first one: there are other ways than mail.
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 0));
        app.advance(Duration::days(1));
        // Who has only opened it is reminded.
        assert_eq!((plan(&app).await, deliver(&app).await), (2, 1));
        server.mails(1).await;
    });
}

#[test]
fn what_no_longer_holds_is_dropped_when_it_is_to_be_sent() {
    with_server(&async |app, server| {
        let all = ["answered", "revoked", "cancelled", "moved", "declined", "erased"];
        let mut invited = Vec::new();
        for visit in all {
            let mut order = order(&app, visit);
            if visit == "erased" {
                order["patient"] = json!({"name": "Eva Oppdiktet", "birth_date": BORN, "contact": {"email": "eva@post.example"}});
            }
            invited.push(Invited::of(app.issue(&format!("key-{visit}"), &order).await.expect(201)));
        }
        assert_eq!(plan(&app).await, 6);
        let [answered, revoked, cancelled, moved, declined, erased] = &invited[..] else { panic!("six") };
        app.answer(answered, &answers(3, &[], &[], "no", Some("no"))).await;
        app.revoke(&revoked.id).await.expect(200);
        let change = async |invited: &Invited, body: Value| {
            let path = format!("/api/v1/appointments/{}", invited.body["appointment"].as_str().expect("id"));
            app.call("PATCH", &path).bearer(app.world.token("client")).json(&body).send().await.expect(200)
        };
        change(cancelled, json!({"status": "cancelled"})).await;
        change(moved, json!({"starts_at": "2027-01-20T09:30:00+01:00"})).await;
        let (session, _) = app.open(declined, None).await;
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        let patient = PatientId::parse(&erased.patient).expect("id");
        let ground = Ground::parse("ønsket av pasienten").expect("ground");
        erase_patient::erase(&app.services, app.world.organization.expect("organization"), patient, ground).await.expect("erased");
        assert_eq!(deliver(&app).await, 0);
        let mut ended = messages(&app).await;
        ended.sort();
        assert_eq!(
            ended,
            [
                "notice dropped answered",
                "notice dropped declined",
                "notice dropped moved",
                "notice dropped revoked",
                "notice dropped revoked",
                "notice dropped revoked",
            ]
        );
        server.mails(0).await;
    });
}

#[test]
fn a_moved_visit_is_reminded_of_anew() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        plan(&app).await;
        app.advance(Duration::days(1));
        plan(&app).await;
        assert_eq!(deliver(&app).await, 2);
        let path = format!("/api/v1/appointments/{}", invited.body["appointment"].as_str().expect("id"));
        let to = async |at: &str| {
            app.call("PATCH", &path).bearer(app.world.token("client")).json(&json!({"starts_at": at})).send().await.expect(200);
        };
        // By an hour: its day is over, and nobody is reminded twice of one day.
        to("2026-11-27T10:30:00+01:00").await;
        assert_eq!(plan(&app).await, 0);
        to("2026-12-10T09:30:00+01:00").await;
        assert_eq!(plan(&app).await, 0);
        app.advance(Duration::days(13));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let taken = server.mails(3).await;
        assert_eq!(link_of(&taken[0]), link_of(&taken[2]));
    });
}

#[test]
fn a_notice_that_a_move_overtook_comes_when_the_visit_is_near() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        assert_eq!(plan(&app).await, 1);
        let path = format!("/api/v1/appointments/{}", invited.body["appointment"].as_str().expect("id"));
        let body = json!({"starts_at": "2026-12-10T09:30:00+01:00"});
        app.call("PATCH", &path).bearer(app.world.token("client")).json(&body).send().await.expect(200);
        assert_eq!((deliver(&app).await, plan(&app).await), (0, 0));
        app.advance(Duration::days(12));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let mail = server.mails(1).await.remove(0);
        assert_eq!(mail["headers"]["subject"], "Spørsmål til deg før avtalen din");
        assert_eq!((plan(&app).await, deliver(&app).await), (0, 0));
    });
}

#[test]
fn two_instances_send_each_notice_once() {
    with_server(&async |app, server| {
        let other = app.second_instance_with(|settings| server.settings(settings)).await;
        for number in 0..12 {
            invite(&app, &format!("visit-{number}")).await;
        }
        let both = tokio::join!(plan_notices::run(&app.services), plan_notices::run(&other.services));
        let planned = both.0.expect("planned") + both.1.expect("planned");
        assert_eq!(planned, 12);
        let both = tokio::join!(outbox::deliver(&app.services), outbox::deliver(&other.services));
        assert_eq!(both.0.expect("sent") + both.1.expect("sent"), 12);
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM outbox WHERE channel = 'mail'").await, 12);
        let ids: std::collections::BTreeSet<String> =
            server.mails(12).await.iter().map(|mail| mail["headers"]["message-id"].to_string()).collect();
        assert_eq!(ids.len(), 12);
    });
}

#[test]
fn a_new_letter_makes_a_new_link_for_the_mail_too() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        plan(&app).await;
        deliver(&app).await;
        app.advance(Duration::days(1));
        let again = app.reissue(&invited.id, "reissue-1").await.expect(200);
        plan(&app).await;
        assert_eq!(deliver(&app).await, 1);
        let taken = server.mails(2).await;
        let (before, after) = (link_of(&taken[0]), link_of(&taken[1]));
        app.try_open(&json!({"link": before, "birth_date": BORN})).await.expect_problem(410, "link-replaced");
        opens(&app, &after).await;
        opens(&app, again["credential"]["link"].as_str().expect("link")).await;
        // The paper form carries the code of the letter, not of the mail.
        let paper = app.post(&format!("/api/v1/invitations/{}/paper", invited.id)).bearer(app.world.token("clinician")).send().await;
        let code = again["credential"]["code"].as_str().expect("code");
        assert!(crate::print::reading::Pdf::open(&paper.bytes).says(code), "{code}");
    });
}

#[test]
fn the_sender_is_named_only_where_the_organization_allows_it() {
    with_server(&async |app, server| {
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let addresses = Addresses {
            sender_name: Some("Blåbærklinikken".to_owned()),
            reply_to: Some("post@sykehus.example".to_owned()),
            digest_to: None,
        };
        let nb = kartlegging::domain::language::Language::nb();
        notices::set_addresses(&app.services, organization, unit, addresses, &nb).await.expect("set");
        invite(&app, "visit-1").await;
        plan(&app).await;
        deliver(&app).await;
        let first = server.mails(1).await.remove(0);
        assert!(!first.to_string().contains("Blåbær"), "{first}");
        assert_eq!(
            (&first["headers"]["from"], &first["headers"]["reply-to"]),
            (&json!("Svar <svar@sykehus.example>"), &json!("post@sykehus.example"))
        );
        notices::set_sender_names(&app.services, organization, true).await.expect("set");
        invite(&app, "visit-2").await;
        plan(&app).await;
        deliver(&app).await;
        let second = server.mails(2).await.remove(1);
        assert_eq!(second["headers"]["from"], "Blåbærklinikken <svar@sykehus.example>");
        assert!(second["text"].as_str().is_some_and(|text| text.contains("Hilsen Blåbærklinikken")), "{second}");
        for wrong in ["post", "post@sykehus.example\r\nBcc: x@y.example"] {
            let addresses = Addresses { reply_to: Some(wrong.to_owned()), ..Addresses::default() };
            let refused = notices::set_addresses(&app.services, organization, unit, addresses, &nb).await;
            assert!(matches!(refused, Err(notices::Error::Address(_))), "{refused:?}");
        }
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a conversation with a real server takes")]
fn without_mail_none_is_planned_and_a_server_that_refuses_touches_no_patient() {
    alone(async {
        let app = TestApp::start(Kind::Sqlite).await;
        invite(&app, "visit-1").await;
        plan(&app).await;
        assert_eq!(messages(&app).await, Vec::<String>::new());
    });
    alone(async {
        let server = MailServer::start("plain-silent");
        let app = app(Kind::Sqlite, &server).await;
        let mut all = Vec::new();
        for number in 0..6 {
            all.push(invite(&app, &format!("visit-{number}")).await);
        }
        assert_eq!(plan(&app).await, 6);
        let services = app.services.clone();
        let sending = tokio::spawn(async move { outbox::deliver(&services).await });
        // The server is silent; who answers meanwhile waits for nothing.
        let begun = std::time::Instant::now();
        for invited in &all {
            app.answer(invited, &answers(3, &[], &[], "no", Some("no"))).await;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(sending.await.expect("ended").expect("delivered"), 0);
        // What was tried waits for another try; what was not is looked at anew, and dropped.
        let ended = messages(&app).await;
        let known = ["waiting timeout", "dropped answered", "dropped opened", "dropped started"];
        assert!(ended.iter().all(|one| known.iter().any(|end| one.ends_with(end))), "{ended:?}");
        assert!(ended.iter().any(|one| one.ends_with("waiting timeout")), "{ended:?}");
    });
    alone(async {
        let server = MailServer::start("plain-refuse");
        let app = app(Kind::Sqlite, &server).await;
        invite(&app, "visit-1").await;
        plan(&app).await;
        assert_eq!(deliver(&app).await, 0);
        assert_eq!(messages(&app).await, ["notice dead smtp-550"]);
    });
}

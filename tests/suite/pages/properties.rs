//! Whatever is sent: no page panics, fails or changes answers that it did not show; and what a page
//! shows of stored answers, sent back as it stands, leaves them as they are.

use super::{invite_to, with_torture};
use crate::support::app::Kind;
use crate::support::browser::{Browser, FORM};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Values of a strategy, always the same ones.
fn some<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
}

/// A name of a field: one of a page, one that almost is, or anything.
fn name() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just(""),
        Just("_d"),
        Just("_m"),
        Just("_y"),
        Just("_t"),
        Just("_u"),
        Just("_annet"),
        Just("_0"),
        Just("_99999999999999999999")
    ];
    prop_oneof![
        4 => (0..36_usize, parts).prop_map(|(at, part)| format!("f{at}{part}")),
        2 => (0..36_usize, 0..4_usize, 0..6_usize).prop_map(|(at, instance, below)| format!("f{at}_{instance}-{below}")),
        2 => prop_oneof![Just("vist"), Just("flere"), Just("fjern"), Just("gjor"), Just("fra"), Just("sprak")].prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..40_usize).prop_map(|at| at.to_string()),
        3 => name(),
        2 => "\\PC{0,40}",
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => prop_oneof![Just("true"), Just("annet"), Just("31"), Just("2024"), Just("99999999999999999999999999999999"), Just("-0"), Just("1e9"), Just("\u{0}"), Just("æ\u{301}\u{202e}")].prop_map(str::to_owned),
    ]
}

fn encoded(pairs: &[(String, String)]) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
}

/// The items of a draft but for one.
fn others(draft: &Value, but: &[&str]) -> Vec<Value> {
    let items = draft["answers"]["item"].as_array().cloned().unwrap_or_default();
    items.into_iter().filter(|item| !but.contains(&item["linkId"].as_str().unwrap_or_default())).collect()
}

#[test]
fn whatever_is_sent_no_page_fails_and_no_other_answer_changes() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = Browser::new(&app);
        browser.begin(&invite_to(&app, "torture", "nb").await).await;
        // Pages whose answer other pages depend on are left out: what is no longer asked goes by right.
        let pages = [(7, "clock"), (12, "remarks"), (14, "colour"), (22, "sport"), (25, "names"), (28, "medicines")];
        for (round, pairs) in some(&vec((name(), value()), 0..30), 90).into_iter().enumerate() {
            let (number, _) = pages[round % pages.len()];
            let seen = browser.get(&format!("/skjema/side/{number}")).await;
            if seen.status != 200 {
                continue;
            }
            let before = browser.draft().await;
            let form = seen.form();
            let mut all: Vec<(String, String)> = form.pairs();
            all.extend(pairs);
            let shown: Vec<String> = form.values("vist").iter().map(|name| (*name).to_owned()).collect();
            let sent = browser.ask("POST", &format!("/skjema/side/{number}"), Some((FORM, encoded(&all)))).await;
            assert!(matches!(sent.status, 303 | 409 | 422), "{}: {all:?}", sent.status);
            let after = browser.draft().await;
            let changed: Vec<String> = others(&after, &[])
                .into_iter()
                .filter(|item| !others(&before, &[]).contains(item))
                .map(|item| item["linkId"].as_str().unwrap_or_default().to_owned())
                .collect();
            // What the form gives by itself comes with the first save.
            let own = pages[round % pages.len()].1;
            assert!(
                changed.iter().all(|link_id| [own, "secret", "section"].contains(&link_id.as_str())),
                "{own}, {shown:?}: {changed:?} by {all:?}"
            );
        }
        for body in [
            vec![b'&'; 128 * 1024],
            vec![b'='; 100_000],
            vec![0xff; 1000],
            b"%".repeat(1000),
            vec![b'a'; 1024 * 1024],
            b"vist=f0&".repeat(3999),
        ] {
            for path in ["/skjema/side/1", "/skjema/hvem", "/skjema/svar", "/kode", "/skjema/nei"] {
                let page = browser.ask("POST", path, Some((FORM, body.clone()))).await;
                assert!(matches!(page.status, 409 | 410 | 413), "{path}: {}", page.status);
            }
        }
    });
}

/// Answers to some questions of the form, as a client could store them.
fn answers() -> impl Strategy<Value = Value> {
    let text = "[a-zæøå][a-zæøå <>&\"']{0,8}[a-zæøå]";
    let strings = move || vec(text, 0..4);
    let dates = || prop_oneof![Just("2024"), Just("2024-03"), Just("2024-02-29"), Just("2031-12-31")];
    let times = || prop_oneof![Just("00:00:00"), Just("07:30:00"), Just("23:59:00"), Just("07:30:15")];
    let moments = prop_oneof![
        Just("2024-05-01T10:00:00Z"),
        Just("2024-05-01T12:00:00+02:00"),
        Just("2024-10-27T02:30:00+01:00"),
        Just("2024-05-01T10:00:30.500Z"),
        Just("2024-05"),
        Just("2024-05-01")
    ];
    let numbers = || prop_oneof![Just("36.5"), Just("40"), Just("34.0")];
    (strings(), strings(), strings(), vec(dates(), 0..3), vec(times(), 0..3), moments, numbers(), (0..20_i32, any::<bool>())).prop_map(
        |(names, remarks, sports, days, times, moment, number, (count, daily))| {
            let string = |text: &String| json!({"valueString": text});
            let all = |values: &[String]| values.iter().map(string).collect::<Vec<_>>();
            let number: Value = serde_json::from_str(number).expect("number");
            let mut items = vec![
                json!({"linkId": "temperature", "answer": [{"valueDecimal": number}]}),
                json!({"linkId": "count", "answer": [{"valueInteger": count}]}),
                json!({"linkId": "moment", "answer": [{"valueDateTime": moment}]}),
                json!({"linkId": "clock", "answer": [{"valueTime": times.first().unwrap_or(&"12:00:00")}]}),
                json!({"linkId": "remarks", "answer": all(&remarks)}),
                json!({"linkId": "sport", "answer": all(&sports)}),
                json!({"linkId": "weight", "answer": [{"valueQuantity": {"value": 80.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}}]}),
                json!({"linkId": "names", "answer": all(&names)}),
                json!({"linkId": "days", "answer": days.iter().map(|day| json!({"valueDate": day})).collect::<Vec<_>>()}),
            ];
            for name in &names {
                let mut inner = vec![json!({"linkId": "medicine", "answer": [string(name)]})];
                inner.push(json!({"linkId": "medicine-times", "answer": times.iter().map(|time| json!({"valueTime": time})).collect::<Vec<_>>()}));
                inner.push(json!({"linkId": "medicine-daily", "answer": [{"valueBoolean": daily}]}));
                inner.retain(|item| item["answer"] != json!([]));
                items.push(json!({"linkId": "medicines", "item": inner}));
            }
            items.retain(|item| item["answer"] != json!([]));
            json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": items})
        },
    )
}

#[test]
fn what_is_shown_and_sent_back_leaves_the_answers_as_they_are() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = Browser::new(&app);
        browser.begin(&invite_to(&app, "torture", "nb").await).await;
        let mut version = browser.draft().await["version"].as_i64().expect("version");
        for given in some(&answers(), 12) {
            let body = json!({"respondent": {"kind": "patient"}, "answers": given, "language": "nb"});
            let put = app.put("/api/v1/session/draft").bearer(&browser.token()).if_match(version).json(&body).send().await;
            assert_eq!(put.status, 200, "{} {given}", put.text);
            // What the form gives by itself comes with the first page.
            let first = browser.get("/skjema/side/3").await;
            browser.send(&first.form()).await;
            let before = browser.draft().await["answers"]["item"].clone();
            for number in 1..40 {
                let page = browser.get(&format!("/skjema/side/{number}")).await;
                if page.status == 200 && !page.main().contains("Hvilket land") && !page.main().contains("Hvordan er humøret") {
                    let sent = browser.send(&page.form()).await;
                    assert!(matches!(sent.status, 303 | 422), "{number}: {}", sent.status);
                    assert_eq!(browser.draft().await["answers"]["item"], before, "page {number}: {given}");
                }
            }
            version = browser.draft().await["version"].as_i64().expect("version");
        }
    });
}

//! The whole way to the receipt: by link and by code, as patient, helper and representative, on both
//! forms. What was chosen is what a clinician reads.

use super::{
    CONSENT, EMOTIONAL, LEAST, MOST, OTHER, PHYSICAL, PRACTICAL, Pick, SCORE, WISH, answer, given, hand_in, invite_to, say, stored,
};
use crate::on_both;
use crate::support::browser::Browser;
use serde_json::{Value, json};

/// Much to tell.
const MUCH: [Pick<'static>; 8] = [
    (SCORE, &["7"]),
    (PRACTICAL, &["Økonomi/Forsikring", "Bolig"]),
    (EMOTIONAL, &["Ingen av disse"]),
    (PHYSICAL, &["Tretthet", "Smerter"]),
    (OTHER, &["Jeg er redd for å bli\nliggende våken – «hver natt» & <alltid>."]),
    (MOST, &["Tretthet", "Bolig"]),
    (WISH, &["Ja"]),
    (CONSENT, &["Ja"]),
];

/// What is stored of it, by link id.
fn much(response: &Value) {
    let answers = &response["answers"];
    assert_eq!(answers["status"], "completed");
    assert_eq!(given(answers, "score"), ["7"]);
    assert_eq!(given(answers, "practical"), ["housing", "finances-insurance"]);
    assert_eq!(given(answers, "emotional"), ["none"]);
    assert_eq!(given(answers, "social"), Vec::<String>::new());
    assert_eq!(given(answers, "physical"), ["fatigue", "pain"]);
    assert_eq!(given(answers, "other-concerns"), ["Jeg er redd for å bli\nliggende våken – «hver natt» & <alltid>."]);
    assert_eq!(given(answers, "burdens-most"), ["housing", "fatigue"]);
    assert_eq!((given(answers, "follow-up"), given(answers, "consent-forward")), (vec!["yes".to_owned()], vec!["yes".to_owned()]));
    assert_eq!(response["consent"], "yes");
}

on_both! {
    async fn by_link_as_the_patient(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let about = browser.enter(&invited).await.at(200, "/skjema/om");
        assert!(about.main().contains("Åse Oppdiktet") && about.main().contains("Poliklinikken"), "{}", about.main());
        let who = browser.open("/skjema/hvem").await.at(200, "/skjema/hvem");
        assert!(who.form().chosen().is_empty(), "nothing is chosen beforehand");
        let first = browser.submit(&who.form().check("hvem-patient")).await.at(200, "/skjema/side/1");
        let check = answer(&mut browser, first, &MUCH).await.at(200, "/skjema/svar");
        for words in ["7", "Bolig", "Tretthet", "liggende våken – «hver natt» & <alltid>.", &say("check-who-patient"), &say("check-none")] {
            assert!(check.main().contains(words), "{words} is not in {}", check.main());
        }
        let receipt = hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        assert!(receipt.main().contains("Tretthet") && receipt.main().contains("55 00 00 02"), "{}", receipt.main());
        let response = stored(&app, &browser).await;
        much(&response);
        assert_eq!(response["respondent"], json!({"kind": "patient"}));
        assert_eq!(app.invitation(&invited.id).await["state"], "answered");
        // Sending the same page again changes nothing.
        let again = browser.submit(&check.form()).await.at(200, "/skjema/kvittering");
        assert_eq!(again.heading(), receipt.heading());
        assert_eq!(stored(&app, &browser).await["version"], 1);
    }
}

on_both! {
    async fn by_code_with_help(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let typed = invited.code.to_lowercase().replace('-', "  ");
        browser.enter_by_code(&typed).await.at(200, "/skjema/om");
        let who = browser.open("/skjema/hvem").await.form().check("hvem-helper");
        let first = browser.submit(&who).await.at(200, "/skjema/side/1");
        let check = answer(&mut browser, first, &MUCH).await.at(200, "/skjema/svar");
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        let response = stored(&app, &browser).await;
        much(&response);
        assert_eq!(response["respondent"], json!({"kind": "helper"}));
    }
}

on_both! {
    async fn an_ordinary_power_of_attorney_is_not_asked_the_consent(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.enter(&invited).await.at(200, "/skjema/om");
        let page = browser.open("/skjema/hvem").await;
        // Everything that a representative must tell is asked for at once, and what was typed stays.
        let none = browser.submit(&page.form()).await.at(422, "/skjema/hvem");
        assert_eq!(none.errors(), [say("who-missing")]);
        let half = browser.submit(&page.form().check("hvem-representative").fill("navn", "Per <Oppdiktet>")).await.at(422, "/skjema/hvem");
        assert_eq!(half.errors(), [say("who-relation-missing"), say("who-phone-missing")]);
        assert_eq!(half.form().value("navn"), "Per <Oppdiktet>");
        assert_eq!(half.form().values("hvem"), ["representative"]);
        let who = half.form().fill("relasjon", "power-of-attorney").fill("telefon", "22 33 44 55").fill("navn", "Per Oppdiktet");
        let first = browser.submit(&who).await.at(200, "/skjema/side/1");
        let check = answer(&mut browser, first, &LEAST).await.at(200, "/skjema/svar");
        assert!(!check.main().contains(CONSENT), "{}", check.main());
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        let response = stored(&app, &browser).await;
        assert_eq!(response["respondent"], json!({"kind": "representative", "relation": "power-of-attorney", "name": "Per Oppdiktet", "phone": "22 33 44 55"}));
        assert_eq!(given(&response["answers"], "consent-forward"), Vec::<String>::new());
        assert_eq!(response["consent"], "not-asked-respondent-may-not-decide");
    }
}

on_both! {
    async fn a_guardian_is_asked_the_consent(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.enter(&invited).await.at(200, "/skjema/om");
        let who = browser.open("/skjema/hvem").await.form().check("hvem-representative").fill("relasjon", "guardian");
        let first = browser.submit(&who.fill("navn", "Per Oppdiktet").fill("telefon", "+47 22334455")).await.at(200, "/skjema/side/1");
        let check = answer(&mut browser, first, &LEAST).await.at(200, "/skjema/svar");
        assert!(check.main().contains(CONSENT), "{}", check.main());
        // A change from the check page returns there.
        let change = browser.open("/skjema/side/10?fra=svar").await.at(200, "/skjema/side/10?fra=svar");
        browser.submit(&change.form().choose("Ja")).await.at(200, "/skjema/svar");
        // The consent goes when someone answers who may not decide it.
        let who = browser.open("/skjema/hvem?fra=svar").await.form().fill("relasjon", "power-of-attorney");
        let check = browser.submit(&who).await.at(200, "/skjema/svar");
        assert!(!check.main().contains(CONSENT), "{}", check.main());
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        assert_eq!(stored(&app, &browser).await["consent"], "not-asked-respondent-may-not-decide");
    }
}

on_both! {
    async fn the_follow_up_form(app: TestApp) {
        let invited = invite_to(&app, "follow-up", "nb").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await.at(200, "/skjema/side/1");
        let picks: [Pick<'_>; 4] = [(SCORE, &["10 – Ekstrem påkjenning"]), (EMOTIONAL, &["Verre"]), (PHYSICAL, &[&say("form-skip")]), (WISH, &["Kanskje"])];
        let check = answer(&mut browser, first, &picks).await.at(200, "/skjema/svar");
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        let response = stored(&app, &browser).await;
        let answers = &response["answers"];
        assert_eq!((given(answers, "score"), given(answers, "change-emotional")), (vec!["10".to_owned()], vec!["worse".to_owned()]));
        assert_eq!((given(answers, "change-physical").len(), given(answers, "follow-up")), (0, vec!["maybe".to_owned()]));
        assert_eq!(response["consent"], "not-in-form");
    }
}

on_both! {
    async fn what_is_missing_is_asked_for_where_it_is_missing(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await.at(200, "/skjema/side/1");
        let stays = browser.submit(&first.form()).await.at(422, "/skjema/side/1");
        assert_eq!(stays.errors(), [say("missing-choice")]);
        // Nobody is held: the other pages are open, and the check page says what is missing.
        let check = browser.open("/skjema/svar").await.at(200, "/skjema/svar");
        assert!(check.errors().is_empty() && check.main().contains(&say("check-needs")), "{}", check.main());
        let refused = browser.submit(&check.form()).await.at(422, "/skjema/svar");
        assert_eq!(refused.errors().len(), 3, "{:?}", refused.errors());
        assert!(refused.errors()[0].starts_with("Svar på: Hvor stor påkjenning"), "{:?}", refused.errors());
        assert_eq!(app.invitation(&invited.id).await["state"], "started");
    }
}

//! Whose words a letter has: the unit's, else the organization's, else the product's.

use crate::on_both;
use crate::support::TestApp;
use kartlegging::domain::ids::UnitId;
use kartlegging::domain::language::Language;
use kartlegging::domain::letter_text::LetterText;
use kartlegging::services::letter::text::{self, Error, Source};
use kartlegging::services::support_text::Owner;
use serde_json::json;

async fn said(app: &TestApp, id: &str, language: &str) -> String {
    let call = app.post(&format!("/api/v1/invitations/{id}/letter")).bearer(app.world.token("client"));
    let made = call.json(&json!({"language": language})).send().await.expect(200);
    made["letter"]["text"].as_str().expect("text").to_owned()
}

fn words(text: &str) -> LetterText {
    LetterText::parse(text).expect("a text")
}

on_both! {
    async fn the_nearest_text_in_the_language_counts(app: TestApp) {
        let own = Owner { organization: app.world.organization.expect("organization"), unit: None };
        let unit = Owner { unit: UnitId::parse(&app.world.unit), ..own };
        let elsewhere = Owner { unit: UnitId::parse(&app.world.other_unit), ..own };
        let (nb, nn) = (Language::nb(), Language::nn());
        let invited = app.invite("visit-1").await;
        assert_eq!(text::show(&app.services, unit, &nb).await.expect("text").0, Source::Product);

        text::set(&app.services, own, &nb, &words("Sykehuset: {link} {code}\nTime {visit}")).await.expect("set");
        let expected = format!("Sykehuset: {} {}\nTime fredag 27. november 2026 kl. 09.30", invited.link, invited.code);
        assert_eq!(said(&app, &invited.id, "nb").await, expected);
        assert!(said(&app, &invited.id, "nn").await.starts_with("Oppdiktet helseforetak ber deg svare på nokre"), "never a text in another language");

        text::set(&app.services, unit, &nb, &words("Čáhppes & <b>{unit}</b>\n\n{code}\n{link}")).await.expect("set");
        assert_eq!(said(&app, &invited.id, "nb").await, format!("Čáhppes & <b>Poliklinikken</b>\n\n{}\n{}", invited.code, invited.link));
        let call = app.post(&format!("/api/v1/invitations/{}/letter", invited.id)).bearer(app.world.token("client")).send().await.expect(200);
        let html = call["letter"]["html"].as_str().expect("html").to_owned();
        assert!(html.starts_with("<div lang=\"nb\"><p>Čáhppes &amp; &lt;b&gt;Poliklinikken&lt;/b&gt;</p><p><strong>"), "{html}");
        assert_eq!(text::show(&app.services, unit, &nb).await.expect("text").0, Source::Unit);
        assert_eq!(text::show(&app.services, own, &nb).await.expect("text").0, Source::Organization);
        text::set(&app.services, unit, &nb, &words("{link} {code}")).await.expect("set again");

        text::reset(&app.services, unit, &nb).await.expect("reset");
        assert_eq!(said(&app, &invited.id, "nb").await, expected);
        assert_eq!(text::reset(&app.services, unit, &nb).await, Err(Error::NotSet(nb.clone())));
        text::reset(&app.services, own, &nb).await.expect("reset");
        assert!(said(&app, &invited.id, "nb").await.contains("Skriv så når du er født."));
        for outside in [text::set(&app.services, elsewhere, &nn, &words("{link} {code}")).await, text::reset(&app.services, elsewhere, &nn).await] {
            assert_eq!(outside, Err(Error::NotFound("unit")));
        }
    }
}

//! The shape of single parts: the thermometer, texts in another language than the page's, forms of
//! every kind. What holds for every page is in `support/aria.rs`.

use super::{invite_to, say, with_torture};
use crate::on_both;
use crate::support::app::Kind;
use crate::support::browser::{Browser, path_of};
use crate::support::html::Element;
use crate::support::world::BORN;

on_both! {
    async fn the_thermometer_stands_with_ten_on_top(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let page = browser.begin(&invited).await;
        let form = page.form();
        let choices = form.choices();
        let numbers: Vec<u8> = choices.iter().filter_map(|label| label.split(' ').next()?.parse().ok()).collect();
        assert_eq!(numbers, (0..=10).rev().collect::<Vec<u8>>());
        assert_eq!((choices[0], choices[10]), ("10 – Ekstrem påkjenning", "0 – Ingen påkjenning"), "the ends say what they mean");
        assert!(form.chosen().is_empty(), "nothing is chosen beforehand");
        assert_eq!(page.html.classed("thermometer").len(), 1);
        let set = page.html.named("fieldset");
        assert_eq!(set[0].children()[0].named("h1").len(), 1, "the question is the heading and the legend");
        let inputs = set[0].named("input");
        assert!(inputs.iter().filter(|input| input.get("type") != "hidden").all(|input| input.get("type") == "radio"));
        // The score has to be given, so there is no way around it.
        assert!(!choices.contains(&say("form-skip").as_str()));
    }
}

#[test]
fn a_form_says_in_which_language_it_is() {
    with_torture(Kind::Sqlite, async |app| {
        let invited = invite_to(&app, "torture", "nb").await;
        let mut browser = Browser::new(&app);
        browser.open(&format!("{}?sprak=en", path_of(&invited.link))).await;
        let form = browser.open("/fodselsdato").await.form().born(BORN);
        browser.submit(&form).await.at(200, "/skjema/om");
        let who = browser.open("/skjema/hvem").await.form().check("hvem-patient");
        let page = browser.submit(&who).await;
        assert_eq!(page.html.get("lang"), "en");
        let foreign: Vec<String> =
            page.html.all().into_iter().filter(|element| element.get("lang") == "nb" && element.name != "a").map(Element::text).collect();
        assert!(foreign.iter().any(|text| text == "1. Bruker du briller?"), "{foreign:?}");
        assert!(foreign.iter().any(|text| text.contains("Kontaktlinser")), "{foreign:?}");
        // The product's own words are in the reader's language and don't say otherwise.
        assert!(!foreign.iter().any(|text| text.contains("Continue") || text == "Yes"), "{foreign:?}");
    });
}

#[test]
fn every_page_and_every_error_of_a_form_of_all_kinds() {
    with_torture(Kind::Sqlite, async |app| {
        for tag in ["nb", "nn", "en"] {
            let invited = invite_to(&app, "torture", tag).await;
            let mut browser = Browser::new(&app);
            let mut seen = 0;
            browser.begin(&invited).await;
            for number in 1..80 {
                let page = browser.get(&format!("/skjema/side/{number}")).await;
                if page.status == 404 {
                    break;
                }
                if page.status == 303 {
                    continue;
                }
                seen += 1;
                // Every page with nothing, with one more of everything, and with nonsense in every field.
                let empty = browser.send(&page.form()).await;
                assert!(matches!(empty.status, 303 | 422), "{number}: {}", empty.status);
                let more =
                    page.form().pairs().into_iter().find(|(name, value)| name == "vist" && !value.contains('.')).map(|(_, value)| value);
                if let Some(name) = more {
                    assert_eq!(browser.get(&format!("/skjema/side/{number}?flere={name}")).await.status, 200);
                }
                let page = browser.get(&format!("/skjema/side/{number}")).await;
                if page.status == 200 {
                    let odd = page.form().fill_all("x\"<>&'");
                    let refused = browser.send(&odd).await;
                    assert!(matches!(refused.status, 303 | 422), "{number}: {}", refused.status);
                }
                let page = browser.get(&format!("/skjema/side/{number}?flere=f0&nye=1&fra=svar")).await;
                assert!(matches!(page.status, 200 | 303), "{number}: {}", page.status);
            }
            assert!(seen > 30, "{seen}");
            browser.open("/skjema/svar").await.at(200, "/skjema/svar");
        }
    });
}

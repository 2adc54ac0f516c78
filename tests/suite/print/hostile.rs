//! Forms that nobody should write are printed all the same, and it ends.

use super::reading::Pdf;
use crate::content::support::{ask, small};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{AnswerOption, Item, ItemType};
use kartlegging::domain::value::{Coding, Value};
use kartlegging::print::paper;
use kartlegging::print::pdf::{Document, Tick};
use proptest::prelude::*;

fn print(items: Vec<Item>) -> Pdf {
    Pdf::open(&paper::form(&small(items), &Language::nb(), None).expect("a document"))
}

fn options(labels: impl Iterator<Item = String>) -> Vec<AnswerOption> {
    labels.enumerate().map(|(n, label)| AnswerOption::new(Value::Coding(Coding::new("urn:s", &n.to_string())), label.as_str())).collect()
}

#[test]
fn many_options_go_over_many_pages() {
    let mut item = ask("many", ItemType::Choice);
    item.options = options((0..500).map(|n| format!("Valg nummer {n}.")));
    let pdf = print(vec![item]);
    assert!(pdf.pages > 10);
    assert!((0..500).all(|n| pdf.says(&format!("Valg nummer {n}."))));
    pdf.expect_accessible();
}

#[test]
fn a_label_longer_than_a_page_is_there_to_its_end() {
    let long = |end: &str| format!("{} {end}", "svært lang ".repeat(2_000));
    let mut item = Item::new("long", ItemType::Choice, &long("SPØRSMÅLETS SLUTT"));
    item.options = options([long("VALGETS SLUTT"), "u".repeat(20_000) + "ORDETS SLUTT"].into_iter());
    let pdf = print(vec![item]);
    for end in ["SPØRSMÅLETS SLUTT", "VALGETS SLUTT", "ORDETS SLUTT"] {
        assert!(pdf.says(end), "{end}");
    }
    pdf.expect_accessible();
}

#[test]
fn deep_nesting_keeps_its_questions() {
    let mut item = Item::new("deepest", ItemType::String, "Det innerste spørsmålet");
    for n in 0..100 {
        let mut group = Item::new(&format!("g{n}"), ItemType::Group, &format!("Gruppe {n}."));
        group.items = vec![item];
        item = group;
    }
    let pdf = print(vec![item]);
    assert!(pdf.says("Det innerste spørsmålet") && (0..100).all(|n| pdf.says(&format!("Gruppe {n}."))));
    // No level of headings is skipped on the way down.
    let levels: Vec<u8> = pdf.structure().iter().filter_map(|name| name.strip_prefix('H')?.parse().ok()).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
}

#[test]
fn a_character_that_the_typeface_lacks_is_a_box_that_can_be_copied() {
    let pdf = print(vec![Item::new("a", ItemType::String, "Navn på kinesisk 語 og samisk áčđŋšŧž og 🙂")]);
    assert!(pdf.says("kinesisk語ogsamiskáčđŋšŧžog"), "{}", pdf.text);
    pdf.expect_accessible();
}

#[test]
fn a_qr_code_is_a_figure_that_says_what_it_is() {
    let mut document = Document::new("Tittel", &Language::nb(), "bunn").expect("a document");
    document.heading(1, "Tittel");
    assert!(document.qr("https://svar.example/s/0123456789ABCDEFGHJKMNPQRS", "QR-kode med lenken din"));
    assert!(!document.qr(&"x".repeat(5_000), "for lang"));
    let pdf = Pdf::open(&document.finish().expect("a document"));
    pdf.expect_accessible();
    assert!(pdf.structure().contains(&"Figure".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is put in, in whatever order: a document comes out, and no text is too odd.
    #[test]
    fn no_text_is_too_odd(texts in prop::collection::vec("(\\PC|[\u{0}-\u{1f}\u{ad}\u{200b}-\u{200f}\u{feff}\u{fffe}\u{e000}🙂e\u{301}]){0,80}", 1..6)) {
        let mut document = Document::new(&texts[0], &Language::nb(), &texts[0]).expect("a document");
        for (n, text) in texts.iter().enumerate() {
            document.heading(u16::try_from(n).unwrap_or_default() * 3, text);
            document.paragraph(text);
            document.lead(text);
            document.bullets(std::slice::from_ref(text));
            document.pairs(&[(text.clone(), text.clone())]);
            document.ticks(&vec![text.clone(); n * 3], Tick::Several, (n == 1).then_some(text));
            document.scale(&texts, text, text);
            document.blank(text, text, 100.0);
            document.large(text, text);
        }
        let bytes = document.finish().expect("a document");
        prop_assert!(bytes.starts_with(b"%PDF"));
    }
}

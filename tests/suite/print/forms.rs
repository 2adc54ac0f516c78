//! Forms on paper say everything the forms ask.

use super::reading::Pdf;
use crate::content::support::{FORMS, form, read_form};
use chrono::{DateTime, Utc};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{Item, Questionnaire};
use kartlegging::domain::secret::Code;
use kartlegging::print::paper::{self, Addressee};
use kartlegging::text::{languages, words};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn language(tag: &str) -> Language {
    Language::parse(tag).expect("language")
}

fn addressee() -> Addressee {
    Addressee {
        organization: "Oppdiktet helseforetak".to_owned(),
        unit: "Poliklinikken".to_owned(),
        phone: "55 00 00 02".to_owned(),
        starts_at: Some("2026-11-27T08:30:00Z".parse::<DateTime<Utc>>().expect("date")),
        patient: "Åse Oppdiktet Máŋggaš".to_owned(),
        code: Code::from_bits(0x0012_3456_789A_BCDE),
    }
}

fn print(form: &Questionnaire, tag: &str, to: Option<&Addressee>) -> (Vec<u8>, Pdf) {
    let bytes = paper::form(form, &language(tag), to).expect("a document");
    let pdf = Pdf::open(&bytes);
    (bytes, pdf)
}

/// Items that a person with a pen is asked or reads.
fn asked<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
    for item in items.iter().filter(|item| !item.hidden && !item.read_only) {
        found.push(item);
        asked(&item.items, found);
    }
}

/// Every question, text and option is on the paper.
#[track_caller]
fn expect_everything(form: &Questionnaire, tag: &str, pdf: &Pdf) {
    let language = language(tag);
    let mut items = Vec::new();
    asked(form.items(), &mut items);
    assert!(items.len() > 5, "only {} items", items.len());
    for item in items {
        for text in std::iter::once(&item.text).chain(item.options.iter().map(|option| &option.label)) {
            assert!(pdf.says(text.get(&language)), "{tag} {}: {:?} is not on the paper", item.link_id, text.get(&language));
        }
    }
}

#[test]
fn the_released_forms_are_on_paper_in_every_language() {
    for name in FORMS {
        let form = form(name);
        for tag in languages().iter().map(kartlegging::domain::language::Language::as_str) {
            let (bytes, pdf) = print(&form, tag, None);
            expect_everything(&form, tag, &pdf);
            pdf.expect_accessible();
            assert_eq!((pdf.language().as_str(), pdf.title().as_str()), (tag, form.title(&language(tag))));
            assert_eq!(bytes, print(&form, tag, None).0, "the same form gives other bytes");
            let pages = words(&language(tag), "paper-page", &[("page", 1.into()), ("pages", pdf.pages.into())]);
            assert!(pdf.says(&pages), "{pages}");
            for key in ["paper-who", "paper-who-representative", "relation-guardian", "paper-date", "paper-how-back"] {
                let text = words(&language(tag), key, &[]);
                let without_capital: String = text.chars().skip(1).collect();
                assert!(pdf.says(&without_capital), "{text}");
            }
            let structure = pdf.structure();
            for kind in ["H1", "H2", "P", "L", "LI", "LBody"] {
                assert!(structure.iter().any(|one| one == kind), "no {kind} in {structure:?}");
            }
            assert_eq!(structure.iter().filter(|one| *one == "H1").count(), 1);
        }
    }
}

#[test]
fn a_patients_form_says_whose_it_is_and_has_the_code_on_every_page() {
    let form = form("distress-thermometer");
    let (_, blank) = print(&form, "nb", None);
    let to = addressee();
    let (_, pdf) = print(&form, "nb", Some(&to));
    expect_everything(&form, "nb", &pdf);
    for said in [&to.patient, &to.organization, &to.unit, &to.phone, "fredag 27. november 2026 kl. 09.30", "Ta med skjemaet"] {
        assert!(pdf.says(said), "{said}");
        assert!(!blank.says(said), "{said} on a blank form");
    }
    let code = to.code.grouped();
    assert_eq!(pdf.text.matches(&code).count(), pdf.pages + 1, "large once, and small on each page");
    assert!(!blank.says("Kode"));
}

#[test]
fn a_language_that_the_product_lacks_falls_back_for_its_own_words() {
    let mut form = read_form(&json!([{"linkId": "a", "type": "boolean", "text": "Mo manná?"}]));
    let (mut metadata, items) = form.into_parts();
    metadata.language = language("se");
    form = Questionnaire::new(metadata, items);
    let (_, pdf) = print(&form, "se", None);
    assert_eq!(pdf.language(), "se");
    assert!(pdf.says("Mo manná?") && pdf.says("Velg ett svar."));
    assert_eq!(pdf.languages_aside(), BTreeSet::from(["nb".to_owned()]), "a reader program is told of the other language");
    assert!(print(&crate::content::support::form("follow-up"), "nb", None).1.languages_aside().is_empty());
}

fn option(code: &str) -> Value {
    json!({"valueCoding": {"system": "urn:s", "code": code, "display": format!("Valg {code}")}})
}

/// A form with every type of item and every kind of condition.
fn everything() -> Questionnaire {
    let unit = |code: &str| {
        json!({"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption",
            "valueCoding": {"system": "http://unitsofmeasure.org", "code": code, "display": code}})
    };
    let when = |question: &str, operator: &str, answer: Value| {
        let mut when = json!({"question": question, "operator": operator});
        when.as_object_mut().expect("object").extend(answer.as_object().cloned().unwrap_or_default());
        when
    };
    let coding = |code: &str| json!({"answerCoding": {"system": "urn:s", "code": code}});
    read_form(&json!([
        {"linkId": "group", "type": "group", "text": "En gruppe", "prefix": "1", "item": [
            {"linkId": "display", "type": "display", "text": "En tekst å lese"},
            {"linkId": "boolean", "type": "boolean", "text": "Et ja eller nei"},
            {"linkId": "decimal", "type": "decimal", "text": "Et desimaltall"},
            {"linkId": "integer", "type": "integer", "text": "Et heltall", "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 3},
                {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 77}]},
            {"linkId": "date", "type": "date", "text": "En dato"},
            {"linkId": "moment", "type": "dateTime", "text": "Et tidspunkt"},
            {"linkId": "time", "type": "time", "text": "Et klokkeslett"},
            {"linkId": "string", "type": "string", "text": "En linje"},
            {"linkId": "text", "type": "text", "text": "Flere linjer", "required": true},
            {"linkId": "url", "type": "url", "text": "En adresse"},
            {"linkId": "one", "type": "choice", "text": "Ett valg", "answerOption": [option("a"), option("b")]},
            {"linkId": "many", "type": "choice", "repeats": true, "text": "Flere valg", "answerOption": (0..12).map(|n| option(&format!("m{n}"))).collect::<Vec<_>>()},
            {"linkId": "open", "type": "open-choice", "text": "Et åpent valg", "answerOption": [option("x")]},
            {"linkId": "quantity", "type": "quantity", "text": "En mengde", "extension": [unit("kg")]},
            {"linkId": "quantities", "type": "quantity", "text": "En mengde til", "extension": [unit("cm"), unit("mm")]},
        ]},
        {"linkId": "hidden", "type": "string", "text": "Skjult for alle",
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden", "valueBoolean": true}]},
        {"linkId": "server", "type": "string", "text": "Bare for tjeneren", "readOnly": true},
        {"linkId": "if-equal", "type": "string", "text": "A", "enableWhen": [when("one", "=", coding("a"))]},
        {"linkId": "if-not", "type": "string", "text": "B", "enableWhen": [when("one", "!=", coding("b"))]},
        {"linkId": "if-both", "type": "group", "text": "C", "enableBehavior": "all", "item": [{"linkId": "in", "type": "string", "text": "D"}], "enableWhen": [
            when("integer", ">", json!({"answerInteger": 5})), when("integer", "<=", json!({"answerInteger": 50}))]},
        {"linkId": "if-any", "type": "string", "text": "E", "enableBehavior": "any", "enableWhen": [
            when("boolean", "exists", json!({"answerBoolean": false})), when("boolean", "=", json!({"answerBoolean": true}))]},
        {"linkId": "if-answered", "type": "string", "text": "F", "enableWhen": [when("text", "exists", json!({"answerBoolean": true}))]},
        {"linkId": "if-unseen", "type": "string", "text": "G", "enableBehavior": "any", "enableWhen": [
            when("server", "exists", json!({"answerBoolean": true})), when("date", "exists", json!({"answerBoolean": true}))]},
    ]))
}

#[test]
fn every_type_of_item_and_condition_has_its_place() {
    let form = everything();
    let (_, pdf) = print(&form, "nb", None);
    expect_everything(&form, "nb", &pdf);
    pdf.expect_accessible();
    for said in [
        "1 En gruppe",
        "Fra 3 til 77.",
        "Velg alle svarene som passer.",
        "Annet:",
        "kg",
        "(dag, måned og år)",
        "(dato og klokkeslett)",
        "Dette trenger vi svar på.",
        "Svar bare hvis du svarte «Valg a» på «Ett valg».",
        "Svar bare hvis du svarte noe annet enn «Valg b» på «Ett valg».",
        "Fyll ut denne delen bare hvis du svarte mer enn 5 på «Et heltall» og du svarte 50 eller mindre på «Et heltall».",
        "Svar bare hvis du ikke svarte på «Et ja eller nei» eller du svarte «Ja» på «Et ja eller nei».",
        "Svar bare hvis du svarte på «Flere linjer».",
    ] {
        assert!(pdf.says(said), "{said:?} is not in {}", pdf.text);
    }
    for unsaid in ["Skjult for alle", "Bare for tjeneren", "du svarte på «En dato»"] {
        assert!(!pdf.says(unsaid), "{unsaid}");
    }
}

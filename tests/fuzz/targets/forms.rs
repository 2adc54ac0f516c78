//! The forms that inputs are held against: the released ones, and the one with every kind of question.

use kartlegging::domain::questionnaire::Questionnaire;
use kartlegging::fhir::read::{questionnaire, supplement};
use std::sync::LazyLock;

macro_rules! form {
    ($name:literal) => {
        include_bytes!(concat!("../../../questionnaires/", $name, "/1.0.0.json"))
    };
    ($name:literal, $language:literal) => {
        include_bytes!(concat!("../../../questionnaires/", $name, "/1.0.0.", $language, ".json"))
    };
}

fn read(bytes: &[u8], supplements: &[&[u8]]) -> Questionnaire {
    let form = questionnaire::read(bytes).questionnaires.pop().expect("a form");
    supplements.iter().fold(form, |form, bytes| {
        supplement::merge(form, &supplement::read(bytes).expect("a supplement")).expect("a supplement of the form")
    })
}

/// The follow-up form without supplements.
pub static PLAIN: LazyLock<Questionnaire> = LazyLock::new(|| read(form!("follow-up"), &[]));

/// Distress thermometer, follow-up, and the form of `tests/forms`.
pub static FORMS: LazyLock<[Questionnaire; 3]> = LazyLock::new(|| {
    [
        read(form!("distress-thermometer"), &[form!("distress-thermometer", "nn"), form!("distress-thermometer", "en")]),
        read(form!("follow-up"), &[form!("follow-up", "nn"), form!("follow-up", "en")]),
        read(include_bytes!("../../forms/torture/1.0.0.json"), &[]),
    ]
});

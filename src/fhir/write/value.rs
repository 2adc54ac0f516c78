//! Writes values, texts and codings.

use serde_json::{Map, Value as Json, json};

use crate::domain::language::Language;
use crate::domain::questionnaire::{AnswerOption, Code, Text};
use crate::domain::value::{Coding, Value};
use crate::fhir::urls;

/// Which language stands as the text itself.
#[derive(Clone, Copy)]
pub struct Primary<'a> {
    /// The form's own language.
    pub own: &'a Language,
    /// The language that is asked for.
    pub asked: &'a Language,
    /// Whether options have their words in that language alone. Form fillers compare the whole
    /// coding of an option with that of an answer, which has no translations.
    pub plain_options: bool,
}

impl Primary<'_> {
    /// The text in the asked language.
    pub fn words<'t>(&self, text: &'t Text) -> &'t str {
        if self.asked == self.own { &text.base } else { text.get(self.asked) }
    }

    /// All other languages of the text as `translation` extensions.
    fn translations(&self, text: &Text) -> Vec<Json> {
        let shown = self.words(text);
        let swapped = self.asked != self.own && shown != text.base;
        let own = swapped.then_some((self.own, &text.base));
        let others = text.translations.iter().filter(|(language, _)| *language != self.asked);
        own.into_iter()
            .chain(others)
            .map(|(language, words)| {
                json!({"url": urls::TRANSLATION, "extension": [
                    {"url": "lang", "valueCode": language.as_str()},
                    {"url": "content", "valueString": words},
                ]})
            })
            .collect()
    }

    /// Puts a text and its translations into an object.
    pub fn put(&self, object: &mut Map<String, Json>, name: &str, text: &Text) {
        if text.base.is_empty() {
            return;
        }
        object.insert(name.to_owned(), self.words(text).into());
        let translations = self.translations(text);
        if !translations.is_empty() {
            object.insert(format!("_{name}"), json!({"extension": translations}));
        }
    }
}

/// Writes `<prefix><Type>`, such as `valueCoding`.
pub fn put_value(object: &mut Map<String, Json>, prefix: &str, value: &Value) {
    object.insert(format!("{prefix}{}", value.type_name()), json_of(value));
}

/// The value alone.
pub fn json_of(value: &Value) -> Json {
    match value {
        Value::Boolean(flag) => (*flag).into(),
        Value::Integer(number) => (*number).into(),
        Value::Decimal(number) => number_json(&number.to_string()),
        Value::Coding(coding) => coding_json(coding),
        Value::Quantity(quantity) => {
            let mut object = Map::new();
            object.insert("value".into(), number_json(&quantity.value.to_string()));
            let parts = [("unit", &quantity.unit), ("system", &quantity.system), ("code", &quantity.code)];
            for (name, part) in parts {
                if let Some(part) = part {
                    object.insert(name.into(), part.as_str().into());
                }
            }
            Json::Object(object)
        }
        other => other.to_string().into(),
    }
}

/// A number with its written digits.
pub fn number_json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

/// A coding as an answer has it.
pub fn coding_json(coding: &Coding) -> Json {
    let mut object = Map::new();
    if let Some(system) = &coding.system {
        object.insert("system".into(), system.as_str().into());
    }
    object.insert("code".into(), coding.code.as_str().into());
    if let Some(display) = &coding.display {
        object.insert("display".into(), display.as_str().into());
    }
    Json::Object(object)
}

/// An option's coding with its words, its weight inside the coding where form fillers look for it.
pub fn option_coding(option: &AnswerOption, coding: &Coding, primary: Primary<'_>) -> Json {
    let mut object = Map::new();
    if let Some(ordinal) = option.ordinal {
        let value = number_json(&ordinal.to_string());
        let extension = json!([{"url": urls::ORDINAL, "valueDecimal": value}]);
        object.insert("extension".into(), extension);
    }
    if let Some(system) = &coding.system {
        object.insert("system".into(), system.as_str().into());
    }
    object.insert("code".into(), coding.code.as_str().into());
    primary.put(&mut object, "display", &option.label);
    if primary.plain_options {
        object.remove("_display");
    }
    Json::Object(object)
}

/// Codes of an item or a form.
pub fn codes_json(codes: &[Code], primary: Primary<'_>) -> Json {
    let all = codes.iter().map(|code| {
        let mut object = Map::new();
        if let Some(system) = &code.system {
            object.insert("system".into(), system.as_str().into());
        }
        object.insert("code".into(), code.code.as_str().into());
        if let Some(display) = &code.display {
            primary.put(&mut object, "display", display);
        }
        Json::Object(object)
    });
    all.collect()
}

//! Writes answers as a `QuestionnaireResponse` of R4.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::precise;
use super::value::put_value;
use crate::domain::answers::{AnsweredItem, Answers};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, Questionnaire};
use crate::domain::value::Value;
use crate::fhir::read::ResponseStatus;
use crate::fhir::urls;

/// What the server knows about a response beside the answers.
#[derive(Debug, Clone)]
pub struct ResponseMeta<'a> {
    /// Id of the response.
    pub id: Option<Uuid>,
    /// Version of the response, from 1.
    pub version: Option<u32>,
    /// Where the response is in its life.
    pub status: ResponseStatus,
    /// When it was handed in or saved.
    pub authored: Option<DateTime<Utc>>,
    /// Language in which it was answered; questions and options are written in it.
    pub language: &'a Language,
    /// Reference of the patient, such as `Patient/<id>`.
    pub subject: Option<String>,
    /// Whether every item of the form is written, also those without an answer, as form fillers
    /// need it that go on with a draft.
    pub full_tree: bool,
}

/// Writes the answers with the words of the form.
pub fn response(form: &Questionnaire, answers: &Answers, meta: &ResponseMeta<'_>) -> Json {
    document(form, answers, meta, true)
}

/// Writes the answers as they are stored: words that the form has in this version are left to it.
pub fn bare_response(form: &Questionnaire, answers: &Answers, meta: &ResponseMeta<'_>) -> Json {
    document(form, answers, meta, false)
}

fn document(form: &Questionnaire, answers: &Answers, meta: &ResponseMeta<'_>, words: bool) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "QuestionnaireResponse".into());
    if let Some(id) = meta.id {
        object.insert("id".into(), id.to_string().into());
    }
    if let Some(version) = meta.version {
        object.insert("meta".into(), json!({"versionId": version.to_string()}));
    }
    object.insert("language".into(), meta.language.as_str().into());
    object.insert("questionnaire".into(), form.canonical().into());
    object.insert("status".into(), meta.status.code().into());
    if let Some(subject) = &meta.subject {
        object.insert("subject".into(), json!({"reference": subject}));
    }
    if let Some(authored) = meta.authored {
        let text = authored.to_rfc3339_opts(SecondsFormat::Secs, true);
        object.insert("authored".into(), text.into());
    }
    let writer = Writer { form, language: meta.language, full_tree: meta.full_tree, words };
    let items = writer.level(form.items(), &answers.items);
    if !items.is_empty() {
        object.insert("item".into(), items.into());
    }
    Json::Object(object)
}

/// Puts in what a reader of the resource alone has to know: when this version was stored, its own
/// identifier, and which invitation it answers. R4 has `basedOn` for orders only, so the invitation is
/// named by its identifier; it is served as a `Task`.
pub fn put_provenance(response: &mut Json, stored: DateTime<Utc>, invitation: Option<Uuid>) {
    let id = response["id"].as_str().map(str::to_owned);
    let Some(object) = response.as_object_mut() else { return };
    if let Some(meta) = object.get_mut("meta").and_then(Json::as_object_mut) {
        meta.insert("lastUpdated".into(), precise(stored));
    }
    let urn = |id: &str| json!({"system": urls::URI, "value": format!("urn:uuid:{id}")});
    if let Some(id) = id {
        object.insert("identifier".into(), urn(&id));
    }
    if let Some(invitation) = invitation {
        object.insert("basedOn".into(), json!([{"type": "ServiceRequest", "identifier": urn(&invitation.to_string())}]));
    }
}

struct Writer<'a> {
    form: &'a Questionnaire,
    language: &'a Language,
    full_tree: bool,
    words: bool,
}

impl Writer<'_> {
    fn level(&self, known: &[Item], given: &[AnsweredItem]) -> Vec<Json> {
        if !self.full_tree {
            let item = |given: &AnsweredItem| known.iter().find(|item| item.link_id == given.link_id);
            return given.iter().map(|given| self.item(item(given), given)).collect();
        }
        let mut all = Vec::new();
        for item in known {
            let mut here = given.iter().filter(|given| given.link_id == item.link_id).peekable();
            if here.peek().is_none() {
                let empty = AnsweredItem::question(&item.link_id, []);
                all.push(self.item(Some(item), &empty));
            }
            all.extend(here.map(|given| self.item(Some(item), given)));
        }
        all
    }

    fn item(&self, item: Option<&Item>, given: &AnsweredItem) -> Json {
        let mut object = Map::new();
        object.insert("linkId".into(), given.link_id.as_str().into());
        let known = item.filter(|_| self.words).map(|item| item.text.get(self.language));
        let text = given.text.as_deref().or(known).filter(|text| !text.is_empty());
        if let Some(text) = text {
            object.insert("text".into(), text.into());
        }
        let below = item.map_or(&[] as &[Item], |item| &item.items);
        let options = item.filter(|_| self.words).map(|item| self.form.possible_options(item)).unwrap_or_default();
        let answers = given.answers.iter().map(|answer| {
            let mut value = answer.value.clone();
            if let Value::Coding(coding) = &mut value {
                let option = options.iter().find(|option| option.is(&answer.value));
                let words = option.map(|option| option.label.get(self.language).to_owned());
                coding.display = coding.display.take().or(words);
            }
            let mut object = Map::new();
            put_value(&mut object, "value", &value);
            let items = if answer.items.is_empty() { Vec::new() } else { self.level(below, &answer.items) };
            if !items.is_empty() {
                object.insert("item".into(), items.into());
            }
            Json::Object(object)
        });
        let answers: Vec<Json> = answers.collect();
        if !answers.is_empty() {
            object.insert("answer".into(), answers.into());
        }
        let is_group = item.is_none_or(|item| !item.is_question());
        let items = if is_group { self.level(below, &given.items) } else { Vec::new() };
        if !items.is_empty() {
            object.insert("item".into(), items.into());
        }
        Json::Object(object)
    }
}

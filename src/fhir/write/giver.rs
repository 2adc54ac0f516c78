//! Writes into a `QuestionnaireResponse` of R4 who gave the answers and who wrote them down.

use serde_json::{Map, Value as Json, json};

use super::party::{Party, coding};
use crate::domain::respondent::{Relation, Respondent, RespondentKind};
use crate::fhir::urls;

/// Id of the helper or representative inside the response.
const GIVER: &str = "giver";

/// What stands beside the answers.
#[derive(Debug, Clone)]
pub struct Giver<'a> {
    /// Who gave them.
    pub respondent: &'a Respondent,
    /// Reference of the patient, such as `Patient/<id>`.
    pub patient: &'a str,
    /// Who of the staff entered them.
    pub entered_by: Option<&'a Party>,
    /// What became of the consent to forward, where it is known.
    pub consent: Option<&'a str>,
    /// Day on the paper, ISO 8601.
    pub answered_on: Option<String>,
}

/// Puts it into a response.
pub fn put_giver(response: &mut Json, giver: &Giver<'_>) {
    let Some(object) = response.as_object_mut() else { return };
    let patient = || json!({"reference": giver.patient});
    let person = || json!({"reference": format!("#{GIVER}")});
    let (source, author) = match giver.respondent.kind {
        RespondentKind::Patient | RespondentKind::Staff => (patient(), patient()),
        RespondentKind::Helper => (patient(), person()),
        RespondentKind::Representative => (person(), person()),
    };
    object.insert("source".into(), source);
    object.insert("author".into(), giver.entered_by.map_or(author, Party::reference));
    // What is contained has to be pointed at (dom-3): a helper's answers that staff entered name the
    // helper nowhere else.
    if matches!(giver.respondent.kind, RespondentKind::Representative | RespondentKind::Helper) {
        if giver.respondent.kind == RespondentKind::Helper {
            object.insert("author".into(), person());
        }
        object.insert("contained".into(), json!([related(giver)]));
    }
    let consent = giver.consent.map(|code| extension("consent-forward", "valueCode", code));
    let day = giver.answered_on.as_deref().map(|day| extension("answered-on", "valueDate", day));
    let extensions: Vec<Json> = consent.into_iter().chain(day).collect();
    if !extensions.is_empty() {
        object.insert("extension".into(), extensions.into());
    }
}

fn extension(name: &str, member: &str, value: &str) -> Json {
    let mut object = Map::new();
    object.insert("url".into(), format!("{}StructureDefinition/{name}", urls::FORM_BASE).into());
    object.insert(member.into(), value.into());
    Json::Object(object)
}

fn related(giver: &Giver<'_>) -> Json {
    let relation = giver.respondent.relation.map_or("helper", Relation::word);
    let mut object = Map::new();
    object.insert("resourceType".into(), "RelatedPerson".into());
    object.insert("id".into(), GIVER.into());
    object.insert("patient".into(), json!({"reference": giver.patient}));
    object.insert("relationship".into(), json!([{"coding": [coding("relation", relation)]}]));
    if let Some(name) = &giver.respondent.name {
        object.insert("name".into(), json!([{"text": name}]));
    }
    if let Some(phone) = &giver.respondent.phone {
        object.insert("telecom".into(), json!([{"system": "phone", "value": phone}]));
    }
    Json::Object(object)
}

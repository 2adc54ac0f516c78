//! Writes that answers can be had as a document, and who gave them, as `DocumentReference`, `Binary` and
//! `Provenance` of R4. Each is about one version of a response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::{Party, instant};
use crate::domain::respondent::{Respondent, RespondentKind};
use crate::fhir::urls;

const PARTICIPANT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
const OPERATION: &str = "http://terminology.hl7.org/CodeSystem/v3-DataOperation";
/// Media type of what other systems send.
const FHIR: &str = "application/fhir+json";
/// Media type of the document.
const PDF: &str = "application/pdf";

/// A version of a response.
#[derive(Debug, Clone)]
pub struct VersionInput<'a> {
    /// The response.
    pub response: Uuid,
    /// Its version, from 1.
    pub version: i32,
    /// When it was handed in.
    pub at: DateTime<Utc>,
    /// Reference of the patient, such as `Patient/<id>`.
    pub patient: &'a str,
    /// Who gave the answers.
    pub respondent: &'a Respondent,
    /// Who of the staff entered them.
    pub entered_by: Option<&'a Party>,
    /// Title of the form, in the language of the answers.
    pub title: &'a str,
    /// That language.
    pub language: &'a str,
    /// Whose the records are.
    pub organization: Uuid,
    /// What was changed to read what another system sent: code, and link ids joined by `/`. `None` where the
    /// answers were given here.
    pub received: Option<Vec<(&'a str, &'a str)>>,
}

impl VersionInput<'_> {
    fn people(&self) -> Vec<(&'static str, Json)> {
        let patient = || json!({"reference": self.patient});
        let other = || {
            let mut one = json!({"type": "RelatedPerson"});
            if let (Some(one), Some(name)) = (one.as_object_mut(), &self.respondent.name) {
                one.insert("display".into(), name.as_str().into());
            }
            one
        };
        let mut all = match self.respondent.kind {
            RespondentKind::Patient | RespondentKind::Staff => vec![("author", patient())],
            RespondentKind::Helper => vec![("author", other()), ("informant", patient())],
            RespondentKind::Representative => vec![("author", other())],
        };
        if let Some(id) = self.entered_by.and_then(|by| by.id) {
            let mut by = json!({"reference": format!("Practitioner/{id}")});
            if let (Some(by), Some(name)) = (by.as_object_mut(), self.entered_by.and_then(|by| by.name.as_deref())) {
                by.insert("display".into(), name.into());
            }
            all.push(("enterer", by));
        }
        all
    }
}

/// Id of what is drawn from one version of a response.
pub fn version_id(response: Uuid, version: i32) -> String {
    format!("{}-{version}", response.simple())
}

/// That the answers can be had as a PDF, at `base`.
pub fn document_reference(input: &VersionInput<'_>, base: &str, newest: bool) -> Json {
    let id = version_id(input.response, input.version);
    let attachment = json!({
        "contentType": PDF,
        "language": input.language,
        "url": format!("{base}/Binary/{id}"),
        "title": input.title,
        "creation": instant(input.at),
    });
    json!({
        "resourceType": "DocumentReference",
        "id": id,
        "status": if newest { "current" } else { "superseded" },
        "docStatus": if input.version == 1 { "final" } else { "amended" },
        "type": {"text": input.title},
        "subject": {"reference": input.patient},
        "date": instant(input.at),
        "author": input.people().into_iter().filter(|(role, _)| *role != "informant").map(|(_, who)| who).collect::<Vec<_>>(),
        "custodian": {"reference": format!("Organization/{}", input.organization)},
        "content": [{"attachment": attachment}],
        "context": {"related": [{"reference": format!("QuestionnaireResponse/{}", input.response)}]},
    })
}

/// The document itself, for who wants JSON.
pub fn binary(id: &str, pdf: &[u8]) -> Json {
    json!({
        "resourceType": "Binary",
        "id": id,
        "contentType": PDF,
        "securityContext": {"reference": format!("DocumentReference/{id}")},
        "data": STANDARD.encode(pdf),
    })
}

/// Id of what another system sent, as it came.
pub fn original_id(response: Uuid, version: i32) -> String {
    format!("{}-original", version_id(response, version))
}

/// What another system sent, as it came; `about` is the version that it became.
pub fn original(id: &str, response: Uuid, version: i32, body: &[u8]) -> Json {
    json!({
        "resourceType": "Binary",
        "id": id,
        "contentType": FHIR,
        "securityContext": {"reference": format!("QuestionnaireResponse/{response}/_history/{version}")},
        "data": STANDARD.encode(body),
    })
}

/// Who gave the answers and who wrote them down; what they were read from, and what was changed to read it.
pub fn provenance(input: &VersionInput<'_>) -> Json {
    let agents = input.people().into_iter().map(|(role, who)| {
        let mut agent = Map::new();
        agent.insert("type".into(), json!({"coding": [{"system": PARTICIPANT, "code": role}]}));
        agent.insert("who".into(), who);
        Json::Object(agent)
    });
    let operation = if input.version == 1 { "CREATE" } else { "UPDATE" };
    let mut written = json!({
        "resourceType": "Provenance",
        "id": version_id(input.response, input.version),
        "target": [{"reference": format!("QuestionnaireResponse/{}/_history/{}", input.response, input.version)}],
        "recorded": instant(input.at),
        "activity": {"coding": [{"system": OPERATION, "code": operation}]},
        "agent": agents.collect::<Vec<_>>(),
    });
    if let (Some(object), Some(changes)) = (written.as_object_mut(), &input.received) {
        let source = format!("Binary/{}", original_id(input.response, input.version));
        object.insert("entity".into(), json!([{"role": "source", "what": {"reference": source}}]));
        let changes: Vec<Json> = changes.iter().map(|(code, path)| change(code, path)).collect();
        if !changes.is_empty() {
            object.insert("extension".into(), changes.into());
        }
    }
    written
}

fn change(code: &str, path: &str) -> Json {
    let mut parts = vec![json!({"url": "code", "valueCode": code})];
    // What concerns the response as a whole has no path.
    if !path.is_empty() {
        parts.push(json!({"url": "path", "valueString": path}));
    }
    json!({"url": format!("{}StructureDefinition/change", urls::FORM_BASE), "extension": parts})
}

//! Forms by the addresses under which operations name them.

use crate::domain::answers::{Issue, IssueCode, Severity};
use crate::domain::questionnaire::{Questionnaire, Status};
use crate::fhir::read::normalise::names_form;
use crate::services::Services;
use crate::services::library::Form;
use std::sync::Arc;

/// The form with that address: canonical with or without version, `Questionnaire/<id>`, or the same at our
/// own address. Without a version it is the newest one.
pub(super) fn by_address(services: &Services, address: &str) -> Option<Arc<Form>> {
    let base = format!("{}/fhir/", services.rules.base_url);
    let address = address.strip_prefix(&base).unwrap_or(address);
    services.library.all().filter(|form| names_form(&form.questionnaire, Some(address))).last().cloned()
}

/// Whether the form is served under that id, in either shape.
pub(super) fn has_id(form: &Form, id: &str) -> bool {
    std::iter::once(&form.resource).chain(&form.national).any(|resource| resource["id"] == id)
}

/// The form that is served under that id.
pub(super) fn by_id(services: &Services, id: &str) -> Option<Arc<Form>> {
    services.library.all().find(|form| has_id(form, id)).cloned()
}

/// What is odd about answering this form now.
pub(super) fn oddities(form: &Questionnaire) -> Vec<Issue> {
    let code = match form.metadata.status {
        Status::Draft => IssueCode::QuestionnaireDraft,
        Status::Retired => IssueCode::QuestionnaireRetired,
        _ => return Vec::new(),
    };
    vec![Issue::of_whole(Severity::Warning, code, "QuestionnaireResponse.questionnaire")]
}

/// That there is no such form.
pub(super) fn unknown(place: &str) -> Vec<Issue> {
    vec![Issue::of_whole(Severity::Error, IssueCode::QuestionnaireNotFound, place)]
}

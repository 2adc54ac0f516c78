//! Answers that are looked at and not kept: whether they hold, and what could be drawn from them.

use super::{Error, forms};
use crate::domain::answers::{Context, Issue, Severity, check_draft, complete};
use crate::domain::ids::uuid_v7;
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::fhir::read::{self, ResponseStatus};
use crate::fhir::write::{self, ObservationInput};
use crate::services::Services;
use crate::services::library::Form;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

/// Where a response names its form.
const FORM: &str = "QuestionnaireResponse.questionnaire";

/// Everything that is wrong or odd about a response: its structure, then what its form says. Only what is
/// handed in must be complete. It is read as a response that is handed in is read, so what other form
/// fillers write differently is no fault.
pub fn validate(services: &Services, body: &Value) -> Vec<Issue> {
    match look(services, body) {
        Ok((_, issues)) | Err(issues) => issues,
    }
}

/// The form and everything odd, or everything wrong.
fn look(services: &Services, body: &Value) -> Result<(Arc<Form>, Vec<Issue>), Vec<Issue>> {
    let document = read::response(body)?;
    let address = document.questionnaire.clone().ok_or_else(|| forms::unknown(FORM))?;
    let form = forms::by_address(services, &address).ok_or_else(|| forms::unknown(FORM))?;
    let mut issues = forms::oddities(&form.questionnaire);
    let handed_in = matches!(document.status, ResponseStatus::Completed | ResponseStatus::Amended);
    let context = Context::default();
    let answers = read::normalise(&form.questionnaire, document, &context).answers;
    if handed_in {
        let found = complete(&form.questionnaire, answers, &context);
        issues.extend(found.map_or_else(|wrong| wrong, |done| done.warnings().to_vec()));
    } else {
        issues.extend(check_draft(&form.questionnaire, &answers, &context));
    }
    let fine = issues.iter().all(|issue| issue.severity <= Severity::Warning);
    if fine { Ok((form, issues)) } else { Err(issues) }
}

/// Observations of a response that is not kept here, as a transaction.
pub fn extract_given(services: &Services, body: &Value) -> Result<Value, Error> {
    let (form, _) = look(services, body).map_err(Error::Answers)?;
    let respondent = Respondent::patient();
    let read = crate::services::draft::accept(&form, body, Some(&respondent)).map_err(Error::Answers)?;
    let now = services.now();
    let new = || uuid_v7(now, services.entropy.as_ref());
    let language = body["language"].as_str().and_then(|text| Language::parse(text).ok());
    let language = form.nearest(language.as_ref().unwrap_or(form.questionnaire.language()));
    let authored = body["authored"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let observations = write::observations(&ObservationInput {
        response: new(),
        source: None,
        questionnaire: &form.questionnaire,
        answers: &read,
        respondent: &respondent,
        subject: body["subject"]["reference"].as_str(),
        effective: authored.map_or(now, |at| at.with_timezone(&Utc)),
        language: &language,
    });
    // Nothing is kept, so an id of ours would name nothing.
    let bare = observations.into_iter().map(|mut one| {
        if let Some(one) = one.as_object_mut() {
            one.remove("id");
        }
        (new(), one)
    });
    Ok(write::transaction(new(), now, bare.collect()))
}

//! What a stored response says, for another server to keep: observations as a transaction.

use super::Error;
use crate::domain::ids::{ResponseId, uuid_v7};
use crate::domain::language::Language;
use crate::fhir::write::{self, ObservationInput};
use crate::services::audit;
use crate::services::responses::{allow, deed, open, version_of};
use crate::services::{Caller, Fault, Services};

/// Observations of the newest version. Who reads them elsewhere is led back here by whole addresses.
pub async fn extract(services: &Services, caller: &Caller, id: ResponseId) -> Result<serde_json::Value, Error> {
    let context = (services.clone(), caller.clone(), id);
    let (observations, deed) = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let version = version_of(snapshot, &allowed.response, None).await?;
                let opened = open(&allowed.cipher, &allowed.form, &version)?;
                let language = Language::parse(&version.language).map_err(|_| Fault::Content("language"))?;
                let base = format!("{}/fhir", services.rules.base_url);
                let observations = write::observations(&ObservationInput {
                    response: id.0,
                    source: Some(&format!("{base}/QuestionnaireResponse/{id}")),
                    questionnaire: &allowed.form.questionnaire,
                    answers: &opened.answers,
                    respondent: &opened.respondent,
                    subject: Some(&format!("{base}/Patient/{}", allowed.response.patient)),
                    effective: version.submitted_at,
                    language: &language,
                });
                Ok::<_, Error>((observations, deed("response.summary", &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    let now = services.now();
    let new = || uuid_v7(now, services.entropy.as_ref());
    Ok(write::transaction(new(), now, observations.into_iter().map(|one| (new(), one)).collect()))
}

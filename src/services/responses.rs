//! Reading responses: data, summary, versions. Every read is logged before its answer leaves.

use super::audit::{self, Deed};
use super::draft::read_stored;
use super::fault::{Fault, unit_error};
use super::library::Form;
use super::vault::{PatientCipher, open_patient};
use super::{Caller, Services};
use crate::domain::answers::Answers;
use crate::domain::clock::oslo_day_start;
use crate::domain::ids::{AppointmentId, ClinicianId, InvitationId, OrganizationId, PatientId, ResponseId, UnitId};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Ground, Resource, confined, decide};
use crate::domain::respondent::Respondent;
use crate::domain::summary::{Previous, Summary, SummaryInput, Threshold, summarise};
use crate::fhir::read::ResponseStatus;
use crate::fhir::write::{self, ObservationInput, ResponseMeta};
use crate::storage::organizations::ClinicianKey;
use crate::storage::responses::{self, Response, Version};
use crate::storage::{Reader, Snapshot, appointments, invitations, organizations, patients};
use crate::text;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such response (or version) in this organization.
    #[error("no such response")]
    NotFound,
    /// The patient has been erased, and the answers with them.
    #[error("the patient has been erased")]
    Erased,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The form has no such language.
    #[error("unknown language")]
    Language,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A review as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewView {
    /// Which version was read.
    pub version: i32,
    /// When.
    pub reviewed_at: DateTime<Utc>,
    /// By whom.
    pub clinician: ClinicianId,
    /// Their name.
    pub clinician_name: String,
    /// Whether that version is the newest.
    pub current: bool,
}

/// A response as data.
#[derive(Debug, Clone)]
pub struct ResponseView {
    /// Id.
    pub id: ResponseId,
    /// The version shown.
    pub version: i32,
    /// The newest version.
    pub versions: i32,
    /// Patient.
    pub patient: PatientId,
    /// Unit.
    pub unit: UnitId,
    /// Visit.
    pub appointment: Option<AppointmentId>,
    /// Invitation.
    pub invitation: Option<InvitationId>,
    /// Form name and version.
    pub questionnaire: (String, String),
    /// Language it was answered in.
    pub language: String,
    /// `patient` or `staff`.
    pub source: String,
    /// Who typed it in.
    pub entered_by: Option<ClinicianId>,
    /// Date on the paper.
    pub answered_on: Option<NaiveDate>,
    /// Who gave the answers.
    pub respondent: Respondent,
    /// What became of the consent to forward.
    pub consent: String,
    /// When it was handed in.
    pub submitted_at: DateTime<Utc>,
    /// FHIR `QuestionnaireResponse`.
    pub answers: Value,
    /// Newest review.
    pub review: Option<ReviewView>,
}

/// A version in the list of versions.
#[derive(Debug, Clone)]
pub struct VersionView {
    /// Number.
    pub version: i32,
    /// Handed in.
    pub submitted_at: DateTime<Utc>,
    /// `patient` or `staff`.
    pub source: String,
    /// Who gave the answers.
    pub respondent: Respondent,
}

/// A summary in the forms it is given out in.
#[derive(Debug, Clone)]
pub struct SummaryView {
    /// Data.
    pub summary: Summary,
    /// Plain text for the record.
    pub plain: String,
    /// FHIR Observations.
    pub observations: Vec<Value>,
}

/// Units that tie a patient to clinicians inside the organization's window. What the one who asks has
/// registered or issued themselves does not count: nobody makes their own care relation.
pub(super) async fn care_units(
    reader: &impl Reader,
    caller: &Caller,
    patient: PatientId,
    now: DateTime<Utc>,
) -> Result<Vec<UnitId>, Fault> {
    Ok(care_units_of(reader, caller, &[patient], now).await?.remove(&patient).unwrap_or_default())
}

/// The same for several patients, in as many statements as for one.
pub(super) async fn care_units_of(
    reader: &impl Reader,
    caller: &Caller,
    patients: &[PatientId],
    now: DateTime<Utc>,
) -> Result<HashMap<PatientId, Vec<UnitId>>, Fault> {
    let organization = caller.actor.organization();
    let asker = caller.actor.person();
    let foreign = |by: Option<ClinicianId>| asker.is_none() || by != asker;
    let settings = organizations::organization(reader, organization).await?.ok_or(Fault::Content("organization"))?;
    let reach = Duration::days(i64::from(settings.care_window_days));
    let near = |at: DateTime<Utc>| at >= now - reach && at <= now + reach;
    let mut units: HashMap<PatientId, BTreeSet<UnitId>> = HashMap::new();
    for visit in appointments::of_patients(reader, organization, patients).await? {
        if near(visit.starts_at) && foreign(visit.registered_by) {
            units.entry(visit.patient).or_default().insert(visit.unit);
        }
    }
    for invitation in invitations::of_patients(reader, organization, patients).await? {
        let due = invitation.due_on.map(oslo_day_start);
        if (near(invitation.created_at) || due.is_some_and(near)) && foreign(invitation.issued_by) {
            units.entry(invitation.patient).or_default().insert(invitation.unit);
        }
    }
    Ok(units.into_iter().map(|(patient, units)| (patient, units.into_iter().collect())).collect())
}

/// The same for one response: the unit that asked for it may read it as long as it is recent.
pub(super) async fn response_units(
    reader: &impl Reader,
    caller: &Caller,
    response: &Response,
    now: DateTime<Utc>,
) -> Result<Vec<UnitId>, Fault> {
    let mut units = care_units(reader, caller, response.patient, now).await?;
    let settings = organizations::organization(reader, response.organization).await?.ok_or(Fault::Content("organization"))?;
    if now - response.submitted_at <= Duration::days(i64::from(settings.care_window_days)) {
        units.push(response.unit);
    }
    Ok(units)
}

/// A response that the caller may read, with what opens it.
pub(super) struct Allowed {
    pub(super) response: Response,
    pub(super) ground: Ground,
    pub(super) cipher: PatientCipher,
    pub(super) form: Arc<Form>,
}

pub(super) async fn allow(services: &Services, caller: &Caller, id: ResponseId, snapshot: &Snapshot) -> Result<Allowed, Error> {
    let organization = caller.actor.organization();
    let only = confined(&caller.actor, Action::ReadAnswers)?;
    let found = responses::find(snapshot, organization, id).await?;
    let response = found.filter(|found| only.is_none_or(|only| found.patient == only)).ok_or(Error::NotFound)?;
    let units = response_units(snapshot, caller, &response, services.now()).await?;
    let about = Resource { units: &units, stated: caller.ground, patient: Some(response.patient) };
    let ground = decide(&caller.actor, Action::ReadAnswers, about)?;
    with_ground(services, snapshot, response, ground).await
}

async fn with_ground(services: &Services, snapshot: &Snapshot, response: Response, ground: Ground) -> Result<Allowed, Error> {
    let patient = patients::find(snapshot, response.organization, response.patient).await?.ok_or(Error::NotFound)?;
    let (cipher, _) = open_patient(&services.vault, snapshot, &patient).await?.ok_or(Error::Erased)?;
    let form = form_of(services, &response)?;
    Ok(Allowed { response, ground, cipher, form })
}

pub(super) fn form_of(services: &Services, response: &Response) -> Result<Arc<Form>, Fault> {
    let found = services.library.find(&response.questionnaire_name, Some(&response.questionnaire_version));
    found.ok_or(Fault::Content("questionnaire of a response"))
}

/// A version, opened.
pub(super) struct Opened {
    pub(super) answers: Answers,
    pub(super) respondent: Respondent,
}

pub(super) fn open(cipher: &PatientCipher, form: &Form, version: &Version) -> Result<Opened, Fault> {
    let open = |column, value: &[u8]| cipher.open("response_version", column, version.response.0, version.version, value);
    let answers = read_stored(form, &open("answers_sealed", &version.answers_sealed)?)?;
    let respondent =
        serde_json::from_slice(&open("respondent_sealed", &version.respondent_sealed)?).map_err(|_| Fault::Content("respondent"))?;
    Ok(Opened { answers, respondent })
}

pub(super) async fn version_of(snapshot: &Snapshot, response: &Response, asked: Option<i32>) -> Result<Version, Error> {
    responses::version(snapshot, response.id, asked.unwrap_or(response.version)).await?.ok_or(Error::NotFound)
}

/// Opens the digest of a response: the few facts that lists show.
pub(super) fn open_digest(
    cipher: &PatientCipher,
    id: ResponseId,
    version: i32,
    sealed: &[u8],
) -> Result<crate::domain::summary::Digest, Fault> {
    let plain = cipher.open("response", "digest_sealed", id.0, version, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Content("digest"))
}

pub(super) async fn logged<T>(services: &Services, caller: &Caller, read: (T, Deed)) -> Result<T, Error> {
    audit::commit_read(services, caller, read.1).await?;
    Ok(read.0)
}

pub(super) fn deed(action: &'static str, allowed: &Allowed) -> Deed {
    Deed::done(action, Some(("response", allowed.response.id.0)), vec![allowed.response.patient])
        .in_unit(allowed.response.unit)
        .on(allowed.ground)
}

/// The data of a response, in its newest or an earlier version.
pub async fn get(services: &Services, caller: &Caller, id: ResponseId, version: Option<i32>) -> Result<ResponseView, Error> {
    let context = (services.clone(), caller.clone(), id, version);
    let read = services
        .db
        .read(context, |(services, caller, id, version), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                Ok::<_, Error>((view_in(snapshot, &allowed, *version).await?, deed("response.read", &allowed)))
            })
        })
        .await?;
    logged(services, caller, read).await
}

async fn view_in(snapshot: &Snapshot, allowed: &Allowed, version: Option<i32>) -> Result<ResponseView, Error> {
    let row = version_of(snapshot, &allowed.response, version).await?;
    let review = review_of(snapshot, &allowed.response).await?;
    Ok(response_view(allowed, row, review)?)
}

/// The response that this very request has entered: allowed and logged with the entering.
pub(super) async fn entered(services: &Services, caller: &Caller, id: ResponseId) -> Result<ResponseView, Error> {
    let context = (services.clone(), caller.actor.organization(), id);
    services
        .db
        .read(context, |(services, organization, id), snapshot| {
            Box::pin(async move {
                let response = responses::find(snapshot, *organization, *id).await?.ok_or(Error::NotFound)?;
                let allowed = with_ground(services, snapshot, response, Ground::CareRelation).await?;
                view_in(snapshot, &allowed, None).await
            })
        })
        .await
}

fn response_view(allowed: &Allowed, row: Version, review: Option<ReviewView>) -> Result<ResponseView, Fault> {
    let response = &allowed.response;
    let opened = open(&allowed.cipher, &allowed.form, &row)?;
    let language = Language::parse(&row.language).map_err(|_| Fault::Content("language"))?;
    let status = if row.version == 1 { ResponseStatus::Completed } else { ResponseStatus::Amended };
    let subject = format!("Patient/{}", response.patient);
    let meta = ResponseMeta {
        id: Some(response.id.0),
        version: u32::try_from(row.version).ok(),
        status,
        authored: Some(row.submitted_at),
        language: &language,
        subject: Some(subject),
        full_tree: false,
    };
    Ok(ResponseView {
        id: response.id,
        version: row.version,
        versions: response.version,
        patient: response.patient,
        unit: response.unit,
        appointment: response.appointment,
        invitation: response.invitation,
        questionnaire: (response.questionnaire_name.clone(), response.questionnaire_version.clone()),
        answers: write::response(&allowed.form.questionnaire, &opened.answers, &meta),
        language: row.language,
        source: row.source,
        entered_by: row.entered_by,
        answered_on: row.answered_on,
        respondent: opened.respondent,
        consent: row.consent,
        submitted_at: row.submitted_at,
        review,
    })
}

pub(super) async fn review_of(reader: &impl Reader, response: &Response) -> Result<Option<ReviewView>, Fault> {
    let Some(review) = responses::newest_review(reader, response.id).await? else { return Ok(None) };
    let person = organizations::clinician(reader, &ClinicianKey::Id(review.clinician)).await?;
    Ok(Some(ReviewView {
        version: review.version,
        reviewed_at: review.reviewed_at,
        clinician: review.clinician,
        clinician_name: person.map_or_else(String::new, |person| person.name),
        current: review.version == response.version,
    }))
}

/// Every version of a response.
pub async fn versions(services: &Services, caller: &Caller, id: ResponseId) -> Result<Vec<VersionView>, Error> {
    let context = (services.clone(), caller.clone(), id);
    let read = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let rows = responses::versions(snapshot, *id).await?;
                let views = rows.into_iter().map(|row| {
                    let opened = open(&allowed.cipher, &allowed.form, &row)?;
                    Ok(VersionView {
                        version: row.version,
                        submitted_at: row.submitted_at,
                        source: row.source,
                        respondent: opened.respondent,
                    })
                });
                let views = views.collect::<Result<Vec<_>, Fault>>()?;
                Ok::<_, Error>((views, deed("response.versions", &allowed)))
            })
        })
        .await?;
    logged(services, caller, read).await
}

/// The summary of a response, in a language of its form.
pub async fn summary(
    services: &Services,
    caller: &Caller,
    id: ResponseId,
    version: Option<i32>,
    language: Option<Language>,
) -> Result<SummaryView, Error> {
    let context = (services.clone(), caller.clone(), id, version, language);
    let read = services
        .db
        .read(context, |(services, caller, id, version, language), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let row = version_of(snapshot, &allowed.response, *version).await?;
                let view = summary_view(services, snapshot, &allowed, &row, language.as_ref()).await?;
                Ok::<_, Error>((view, deed("response.summary", &allowed)))
            })
        })
        .await?;
    logged(services, caller, read).await
}

pub(super) async fn summary_view(
    services: &Services,
    snapshot: &Snapshot,
    allowed: &Allowed,
    row: &Version,
    language: Option<&Language>,
) -> Result<SummaryView, Error> {
    let form = &allowed.form.questionnaire;
    let language = match language {
        None => form.language().clone(),
        Some(asked) => form.languages().iter().find(|own| *own == asked).cloned().ok_or(Error::Language)?,
    };
    let opened = open(&allowed.cipher, &allowed.form, row)?;
    let before = previous(services, snapshot, allowed, row).await?;
    let words = text::summary::Words::new(&language);
    let threshold = threshold(snapshot, allowed.response.organization, allowed.response.unit).await?;
    let summary = summarise(&SummaryInput {
        response: allowed.response.id.0,
        version: u32::try_from(row.version).unwrap_or(0),
        questionnaire: form,
        answers: &opened.answers,
        previous: before.as_ref().map(|(response, form, answers)| Previous {
            response: response.0,
            questionnaire: &form.questionnaire,
            answers,
        }),
        language: &language,
        threshold,
        respondent: &opened.respondent,
        words: &words,
    });
    let subject = format!("Patient/{}", allowed.response.patient);
    let observations = write::observations(&ObservationInput {
        response: allowed.response.id.0,
        source: Some(&format!("QuestionnaireResponse/{}", allowed.response.id)),
        questionnaire: form,
        answers: &opened.answers,
        respondent: &opened.respondent,
        subject: Some(&subject),
        effective: row.submitted_at,
        language: &language,
    });
    Ok(SummaryView { plain: text::summary::plain(&summary), summary, observations })
}

/// The threshold of a unit, else of its organization, with its source.
pub(super) async fn threshold(reader: &impl Reader, organization: OrganizationId, unit: UnitId) -> Result<Threshold, Fault> {
    let settings = organizations::organization(reader, organization).await?.ok_or(Fault::Content("organization"))?;
    let own = organizations::unit(reader, organization, unit).await?.and_then(|unit| unit.threshold);
    Ok(Threshold { value: own.unwrap_or(settings.threshold), source: settings.threshold_source })
}

/// What the patient answered before: the newest other response handed in before this version.
async fn previous(
    services: &Services,
    snapshot: &Snapshot,
    allowed: &Allowed,
    row: &Version,
) -> Result<Option<(ResponseId, Arc<Form>, Answers)>, Fault> {
    let all = responses::of_patient(snapshot, allowed.response.organization, allowed.response.patient).await?;
    let earlier = all.into_iter().rev().find(|other| other.id != allowed.response.id && other.submitted_at < row.submitted_at);
    let Some(earlier) = earlier else { return Ok(None) };
    let Some(version) = responses::version(snapshot, earlier.id, earlier.version).await? else { return Ok(None) };
    let form = form_of(services, &earlier)?;
    let opened = open(&allowed.cipher, &form, &version)?;
    Ok(Some((earlier.id, form, opened.answers)))
}

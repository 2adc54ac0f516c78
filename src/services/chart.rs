//! What a clinician's page shows of one response: the summary, who and when, every version, the scores
//! over time. One read and one entry in the log for the whole page.

use super::fault::Fault;
use super::responses::{
    Allowed, Error, ReviewView, SummaryView, allow, deed, logged, open, open_digest, review_of, summary_view, version_of,
};
use super::vault::{Person, open_patient};
use super::{Caller, Services};
use crate::domain::ids::{PatientId, ResponseId};
use crate::domain::language::Language;
use crate::domain::policy::Ground;
use crate::domain::respondent::Respondent;
use crate::print::summary::{self as paper, Around};
use crate::storage::organizations::ClinicianKey;
use crate::storage::responses::{self, Version};
use crate::storage::{Snapshot, appointments, organizations, patients};
use chrono::{DateTime, NaiveDate, Utc};

/// A version as the list of versions names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionLine {
    /// Number, from 1.
    pub version: i32,
    /// Handed in.
    pub submitted_at: DateTime<Utc>,
    /// Minutes from the first answer to handing in; `None` on paper.
    pub minutes: Option<i64>,
    /// Date on the paper.
    pub answered_on: Option<NaiveDate>,
    /// Who typed it in, where staff did.
    pub entered_by: Option<String>,
    /// Who gave the answers.
    pub respondent: Respondent,
}

/// A score at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The response.
    pub response: ResponseId,
    /// Handed in.
    pub at: DateTime<Utc>,
    /// Score; `None` where it was not answered or not asked.
    pub score: Option<i32>,
}

/// All of it.
#[derive(Clone)]
pub struct Chart {
    /// Patient.
    pub patient: PatientId,
    /// Name and birth date.
    pub person: Person,
    /// Name of the unit that asked.
    pub unit: String,
    /// The visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// The newest version.
    pub newest: i32,
    /// The version that is shown.
    pub shown: VersionLine,
    /// Every version, oldest first.
    pub versions: Vec<VersionLine>,
    /// The summary of the version that is shown.
    pub summary: SummaryView,
    /// Newest review.
    pub review: Option<ReviewView>,
    /// Scores of this patient's responses, oldest first.
    pub points: Vec<Point>,
    /// On what ground it was opened.
    pub ground: Ground,
}

/// Reads it; logged as reading the summary.
pub async fn read(services: &Services, caller: &Caller, id: ResponseId, version: Option<i32>, language: &Language) -> Result<Chart, Error> {
    look(services, caller, id, version, language, "response.summary").await
}

/// The summary on paper, as PDF.
pub async fn pdf(
    services: &Services,
    caller: &Caller,
    id: ResponseId,
    version: Option<i32>,
    language: &Language,
) -> Result<Vec<u8>, Error> {
    let chart = look(services, caller, id, version, language, "response.print").await?;
    let around = Around {
        patient: &chart.person.name,
        birth_date: chart.person.birth_date,
        unit: &chart.unit,
        starts_at: chart.starts_at,
        submitted_at: chart.shown.submitted_at,
    };
    Ok(paper::summary(&chart.summary.summary, &around).map_err(Fault::from)?)
}

async fn look(
    services: &Services,
    caller: &Caller,
    id: ResponseId,
    version: Option<i32>,
    language: &Language,
    action: &'static str,
) -> Result<Chart, Error> {
    let context = (services.clone(), caller.clone(), id, version, language.clone(), action);
    let read = services
        .db
        .read(context, |(services, caller, id, version, language, action), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let chart = chart(services, snapshot, &allowed, *version, language).await?;
                Ok::<_, Error>((chart, deed(action, &allowed)))
            })
        })
        .await?;
    logged(services, caller, read).await
}

async fn chart(
    services: &Services,
    snapshot: &Snapshot,
    allowed: &Allowed,
    version: Option<i32>,
    language: &Language,
) -> Result<Chart, Error> {
    let response = &allowed.response;
    let row = version_of(snapshot, response, version).await?;
    let patient = patients::find(snapshot, response.organization, response.patient).await?.ok_or(Error::NotFound)?;
    let (_, person) = open_patient(&services.vault, snapshot, &patient).await?.ok_or(Error::Erased)?;
    let unit = organizations::unit(snapshot, response.organization, response.unit).await?.ok_or(Fault::Content("unit"))?;
    let visit = match response.appointment {
        Some(id) => appointments::find(snapshot, response.organization, id).await?,
        None => None,
    };
    let mut versions = Vec::new();
    for row in responses::versions(snapshot, response.id).await? {
        versions.push(line(snapshot, allowed, row).await?);
    }
    let shown = versions.iter().find(|line| line.version == row.version).cloned().ok_or(Error::NotFound)?;
    // A form that is not in the reader's language is read in the nearest one it has.
    let language = allowed.form.nearest(language);
    Ok(Chart {
        patient: response.patient,
        person,
        unit: unit.name,
        starts_at: visit.map(|visit| visit.starts_at),
        newest: response.version,
        summary: summary_view(services, snapshot, allowed, &row, Some(&language)).await?,
        review: review_of(snapshot, response).await?,
        points: points(snapshot, allowed).await?,
        ground: allowed.ground,
        versions,
        shown,
    })
}

async fn line(snapshot: &Snapshot, allowed: &Allowed, row: Version) -> Result<VersionLine, Fault> {
    let respondent = open(&allowed.cipher, &allowed.form, &row)?.respondent;
    let entered_by = match row.entered_by {
        Some(id) => organizations::clinician(snapshot, &ClinicianKey::Id(id)).await?.map(|person| person.name),
        None => None,
    };
    let minutes = row.started_at.filter(|_| row.entered_by.is_none()).map(|started| (row.submitted_at - started).num_minutes().max(0));
    Ok(VersionLine { version: row.version, submitted_at: row.submitted_at, minutes, answered_on: row.answered_on, entered_by, respondent })
}

async fn points(snapshot: &Snapshot, allowed: &Allowed) -> Result<Vec<Point>, Fault> {
    let all = responses::of_patient(snapshot, allowed.response.organization, allowed.response.patient).await?;
    let points = all.into_iter().map(|response| {
        let facts = open_digest(&allowed.cipher, response.id, response.version, &response.digest_sealed)?;
        Ok(Point { response: response.id, at: response.submitted_at, score: facts.score })
    });
    let mut points = points.collect::<Result<Vec<_>, Fault>>()?;
    points.sort_by_key(|point| (point.at, point.response));
    Ok(points)
}

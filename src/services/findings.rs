//! Findings by unit and month: counted once by a job, read by who runs a unit or the organization.

use super::audit::{self, Deed};
use super::fault::Fault;
use super::responses::{form_of, open, open_digest, threshold};
use super::uptake::{Error, FINAL_DAYS, MAX_DAYS, own_units};
use super::vault::open_patient;
use super::{Caller, Services};
use crate::domain::clock::{oslo_date, oslo_day_start};
use crate::domain::findings::{Finding, Shown, count, month_after, month_of, shown};
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Resource, decide};
use crate::domain::questionnaire::Role;
use crate::domain::value::Value;
use crate::storage::findings::{self, Row};
use crate::storage::responses::{self, Response};
use crate::storage::{Snapshot, organizations, patients};
use chrono::{Days, Months, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// Months back that are counted where they were not yet.
const BACK: u32 = 13;

/// The numbers of one unit and month, as they may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// The numbers; what is `None` is hidden. Problems by their words.
    pub shown: Shown,
}

/// Counts every month that is final and was not counted; gives how many lines were written.
pub async fn count_all(services: &Services) -> Result<u64, Fault> {
    let all = services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) }));
    let mut written = 0;
    for organization in all.await? {
        for month in months(services, organization.id).await? {
            written += count_month(services, organization.id, month).await?;
        }
    }
    Ok(written)
}

/// Final months without any line.
async fn months(services: &Services, organization: OrganizationId) -> Result<Vec<NaiveDate>, Fault> {
    let counted = services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(findings::counted(snapshot, *organization).await?) })
        })
        .await?;
    let today = oslo_date(services.now());
    let this = month_of(today);
    let back = |months| this.checked_sub_months(Months::new(months));
    let is_final = |month: &NaiveDate| month_after(*month).checked_add_days(Days::new(FINAL_DAYS)).is_some_and(|end| end <= today);
    Ok((1..=BACK).filter_map(back).filter(|month| is_final(month) && !counted.contains(month)).collect())
}

async fn count_month(services: &Services, organization: OrganizationId, month: NaiveDate) -> Result<u64, Fault> {
    let context = (services.clone(), organization, month);
    let rows =
        services.db.read(context, |(services, organization, month), snapshot| Box::pin(rows(services, snapshot, *organization, *month)));
    let rows = rows.await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let written = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    services
        .db
        .write((organization, rows), |(organization, rows), tx| {
            Box::pin(async move {
                for row in rows {
                    findings::insert(tx, *organization, row).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await?;
    Ok(written)
}

async fn rows(services: &Services, snapshot: &Snapshot, organization: OrganizationId, month: NaiveDate) -> Result<Vec<Row>, Fault> {
    let span = (oslo_day_start(month), oslo_day_start(month_after(month)));
    let mut by_unit: BTreeMap<UnitId, Vec<Finding>> = BTreeMap::new();
    let mut thresholds: BTreeMap<UnitId, i32> = BTreeMap::new();
    for response in findings::responses(snapshot, organization, span).await? {
        let limit = match thresholds.get(&response.unit) {
            Some(limit) => *limit,
            None => threshold(snapshot, organization, response.unit).await?.value,
        };
        thresholds.insert(response.unit, limit);
        if let Some(finding) = finding(services, snapshot, &response, limit).await? {
            by_unit.entry(response.unit).or_default().push(finding);
        }
    }
    let counted_at = services.now();
    Ok(by_unit.into_iter().map(|(unit, all)| Row { unit, month, counts: count(&all), counted_at }).collect())
}

/// One response; `None` when its patient has been erased.
async fn finding(services: &Services, snapshot: &Snapshot, response: &Response, limit: i32) -> Result<Option<Finding>, Fault> {
    let Some(patient) = patients::find(snapshot, response.organization, response.patient).await? else { return Ok(None) };
    let Some((cipher, _)) = open_patient(&services.vault, snapshot, &patient).await? else { return Ok(None) };
    let digest = open_digest(&cipher, response.id, response.version, &response.digest_sealed)?;
    let versions = responses::versions(snapshot, response.id).await?;
    let newest = versions.iter().find(|version| version.version == response.version).ok_or(Fault::Content("version of a response"))?;
    let form = form_of(services, response)?;
    let answers = open(&cipher, &form, newest)?.answers;
    let mut problems = BTreeSet::new();
    for item in form.questionnaire.by_role(Role::ProblemCategory) {
        let given: Vec<&Value> = answers.values(&item.link_id).collect();
        let ticked = item.options.iter().filter(|option| !option.exclusive && given.iter().any(|value| option.is(value)));
        problems.extend(ticked.filter_map(|option| option.coding()).map(|coding| coding.code.clone()));
    }
    let first = responses::reviews(snapshot, response.id).await?.into_iter().min_by_key(|review| review.reviewed_at);
    let minutes_to_review = first.and_then(|review| {
        let read = versions.iter().find(|version| version.version == review.version)?;
        u32::try_from((review.reviewed_at - read.submitted_at).num_minutes()).ok()
    });
    Ok(Some(Finding { over: digest.score.map(|score| score >= limit), minutes_to_review, problems }))
}

/// Lines of the months from one day to another, for who may see them; by month, then by unit.
pub async fn report(services: &Services, caller: &Caller, from: NaiveDate, to: NaiveDate, language: &Language) -> Result<Vec<Line>, Error> {
    if !(1..=MAX_DAYS).contains(&((to - from).num_days() + 1)) {
        return Err(Error::Window);
    }
    let asked = own_units(&caller.actor);
    let ground = decide(&caller.actor, Action::ReadStatistics, Resource::in_units(asked.as_deref().unwrap_or_default()))?;
    let context = (caller.actor.organization(), asked, (month_of(from), month_of(to)));
    let (rows, units) = services
        .db
        .read(context, |(organization, asked, span), snapshot| {
            Box::pin(async move {
                let rows = findings::list(snapshot, *organization, asked.as_deref(), *span).await?;
                Ok::<_, Fault>((rows, organizations::units(snapshot, Some(*organization)).await?))
            })
        })
        .await?;
    audit::commit_read(services, caller, Deed::done("statistics.read", None, Vec::new()).on(ground)).await?;
    let words = words(services, language);
    let line = |row: Row| {
        let mut shown = shown(&row.counts);
        for (code, _) in &mut shown.problems {
            if let Some(words) = words.get(code) {
                words.clone_into(code);
            }
        }
        let name = units.iter().find(|unit| unit.id == row.unit).map(|unit| unit.name.clone()).unwrap_or_default();
        Line { name, month: row.month, shown }
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Words of the problems of all forms.
fn words(services: &Services, language: &Language) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    for form in services.library.all() {
        for item in form.questionnaire.by_role(Role::ProblemCategory) {
            let named =
                item.options.iter().filter_map(|option| Some((option.coding()?.code.clone(), option.label.get(language).to_owned())));
            words.extend(named);
        }
    }
    words
}

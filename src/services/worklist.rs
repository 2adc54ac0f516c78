//! The worklist of a unit: who has answered, who needs most, in that order.
//!
//! Two statements fetch the window whatever its size; names and digests are opened and sorted in
//! memory. The cursor carries the sort key of the last row, so a page never repeats or skips one
//! that did not move.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::responses::{open_digest, threshold};
use super::vault::{OrganizationKeys, PatientCipher, Person, person};
use super::{Caller, Services};
use crate::domain::actor::Actor;
use crate::domain::clock::oslo_day_start;
use crate::domain::ids::{AppointmentId, InvitationId, PatientId, ResponseId, UnitId};
use crate::domain::invitation::InvitationState;
use crate::domain::language::Language;
use crate::domain::need::{Reason, Signals, reason};
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::domain::questionnaire::{Questionnaire, Role};
use crate::domain::summary::{Digest, Threshold, Wish};
use crate::storage::worklist::{self, ResponseRow, Row, State};
use crate::storage::{Snapshot, StorageError, organizations};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Most rows of a window.
pub const MAX_ROWS: usize = 500;
/// Most days of a window.
pub const MAX_DAYS: i64 = 31;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// Unit.
    pub unit: UnitId,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Rows a page.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Language of labels.
    pub language: Language,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such unit.
    #[error("no such unit")]
    NotFound,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// `to` before `from`, or too many days.
    #[error("the window is not 1 to {MAX_DAYS} days")]
    Window,
    /// More rows than a window may have.
    #[error("the window has more than {MAX_ROWS} rows")]
    TooMany,
    /// A cursor that is none of ours.
    #[error("the cursor is not valid")]
    Cursor,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A code with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Code.
    pub code: String,
    /// Label in the asked language.
    pub display: String,
}

/// The visit of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitView {
    /// Id.
    pub id: AppointmentId,
    /// The EHR's id.
    pub external_id: Option<String>,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// `booked` or `cancelled`.
    pub status: String,
}

/// The invitation of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationPart {
    /// Id.
    pub id: InvitationId,
    /// State.
    pub state: InvitationState,
    /// Whether it went out.
    pub sent: bool,
    /// Somebody guessed too often.
    pub flagged: bool,
}

/// The response of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponsePart {
    /// Id.
    pub id: ResponseId,
    /// Newest version.
    pub version: i32,
    /// When.
    pub submitted_at: DateTime<Utc>,
    /// Nobody has reviewed the newest version.
    pub unread: bool,
}

/// A row.
#[derive(Clone, PartialEq, Eq)]
pub struct RowView {
    /// Visit.
    pub visit: Option<VisitView>,
    /// Due date, without a visit.
    pub due_on: Option<NaiveDate>,
    /// Patient.
    pub patient: PatientId,
    /// Name and birth date; `None`: erased.
    pub person: Option<Person>,
    /// Invitation; `None`: not sent.
    pub invitation: Option<InvitationPart>,
    /// Response.
    pub response: Option<ResponsePart>,
    /// Score.
    pub score: Option<i32>,
    /// At or above the threshold.
    pub over_threshold: Option<bool>,
    /// Wish for follow-up.
    pub wish: Option<Wish>,
    /// Number of problems.
    pub problem_count: Option<u32>,
    /// What burdens most.
    pub burdens_most: Vec<Labelled>,
    /// Why it stands here.
    pub reason: Reason,
}

/// A page of the worklist.
#[derive(Clone)]
pub struct Page {
    /// Name of the unit.
    pub unit_name: String,
    /// Threshold with its source.
    pub threshold: Threshold,
    /// Rows, who needs most first.
    pub rows: Vec<RowView>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// What [`mark`] says of the whole window.
    pub mark: u64,
    /// [`Db::changes`](crate::storage::Db::changes) that the rows had: the same number, the same rows.
    pub changes: Option<u64>,
}

/// A window of a unit, opened.
pub(super) struct List {
    unit_name: String,
    threshold: Threshold,
    /// Who needs most first.
    rows: Vec<RowView>,
    mark: u64,
    keys: Arc<OrganizationKeys>,
    /// [`Db::changes`](crate::storage::Db::changes) before it was read.
    pub(super) changes: Option<u64>,
}

/// What rows are sorted by: the reason, the score (high first), the time, the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct SortKey(usize, i32, DateTime<Utc>, uuid::Uuid);

fn sort_key(row: &RowView) -> SortKey {
    let rank = Reason::ALL.iter().position(|reason| *reason == row.reason).unwrap_or(Reason::ALL.len());
    let due = row.due_on.map(oslo_day_start).unwrap_or_default();
    let at = row.visit.as_ref().map_or(due, |visit| visit.starts_at);
    let id = row.invitation.as_ref().map(|invitation| invitation.id.0).or(row.visit.as_ref().map(|visit| visit.id.0));
    SortKey(rank, -row.score.unwrap_or(-1), at, id.unwrap_or_default())
}

/// One page of a unit's worklist.
///
/// What was opened for one caller is shown to the next ones while it holds (`recent_lists`): that it does is
/// seen in the transaction that logs the view. Who may see it is decided each time.
pub async fn list(services: &Services, caller: &Caller, query: Query) -> Result<Page, Error> {
    window(query.unit, query.from, query.to)?;
    if let Some(kept) = services.lists.find(caller.actor.organization(), &query, services.db.changes())
        && let Some(page) = shown(services, caller, &query, &kept, true).await?
    {
        return Ok(page);
    }
    let changes = services.db.changes();
    let context = (services.clone(), caller.clone(), query.clone());
    let read = services.db.read(context, |(services, caller, query), snapshot| Box::pin(read(services, caller, query, snapshot)));
    let mut list = read.await?;
    list.changes = changes;
    list.rows.sort_by_cached_key(sort_key);
    let list = Arc::new(list);
    services.lists.keep(caller.actor.organization(), &query, services.now(), &list);
    shown(services, caller, &query, &list, false).await?.ok_or(Fault::Storage(StorageError::Conflict).into())
}

/// The page of a list, after the view was logged. `None`: the list was kept, and something has changed.
async fn shown(services: &Services, caller: &Caller, query: &Query, list: &List, kept: bool) -> Result<Option<Page>, Error> {
    let ground = decide(&caller.actor, Action::ReadWorklist, Resource::in_units(&[query.unit]))?;
    // The key of the last row holds a score: it leaves sealed, and good for this unit only.
    let after = query.cursor.as_deref().map(|cursor| read_cursor(&list.keys, query.unit, cursor)).transpose()?;
    let mut rows = list.rows.iter().filter(|row| after.as_ref().is_none_or(|after| sort_key(row) > *after));
    let page: Vec<RowView> = rows.by_ref().take(query.limit).cloned().collect();
    let end = page.last().filter(|_| rows.next().is_some());
    let next = end.map(|row| cursor(&list.keys, query.unit, &sort_key(row))).transpose()?;
    let patients = page.iter().map(|row| row.patient).collect();
    let deed = Deed::done("worklist.read", Some(("unit", query.unit.0)), patients).in_unit(query.unit).on(ground);
    let holds = kept.then_some(list.changes);
    let context = (services.clone(), caller.clone(), deed, holds);
    let logged = services.db.write(context, |(services, caller, deed, holds), tx| {
        Box::pin(async move {
            if holds.is_some_and(|changes| services.db.changes() != changes) {
                return Ok(false);
            }
            audit::write(tx, services, caller, deed).await?;
            Ok::<_, Fault>(true)
        })
    });
    let page = Page {
        unit_name: list.unit_name.clone(),
        threshold: list.threshold.clone(),
        rows: page,
        next,
        mark: list.mark,
        changes: list.changes,
    };
    Ok(logged.await?.then_some(page))
}

fn cursor(keys: &OrganizationKeys, unit: UnitId, key: &SortKey) -> Result<String, Error> {
    let plain = serde_json::to_vec(key).map_err(|_| Fault::Content("cursor"))?;
    Ok(URL_SAFE_NO_PAD.encode(keys.seal("worklist", "cursor", unit.0, &plain)?))
}

fn read_cursor(keys: &OrganizationKeys, unit: UnitId, text: &str) -> Result<SortKey, Error> {
    let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Cursor)?;
    let plain = keys.open("worklist", "cursor", unit.0, &sealed).map_err(|_| Error::Cursor)?;
    serde_json::from_slice(&plain).map_err(|_| Error::Cursor)
}

/// Tells one state of a window from another without opening anything: the same as long as no visit,
/// invitation, answer or review in it is new. Nobody's data is read, so nothing is logged.
///
/// Every page that stands open asks for it: it is made once for as long as nothing changes (`recent_lists`).
/// What another process changes in an SQLite file is seen with the next commit of this one.
pub async fn mark(services: &Services, caller: &Caller, unit: UnitId, from: NaiveDate, to: NaiveDate) -> Result<u64, Error> {
    let window = window(unit, from, to)?;
    let context = (services.clone(), caller.clone(), window, services.db.changes());
    services
        .db
        .read(context, |(services, caller, window, changes), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let unit = organizations::unit(snapshot, organization, window.unit).await?.ok_or(Error::NotFound)?;
                decide(&caller.actor, Action::ReadWorklist, Resource::in_units(&[unit.id]))?;
                let place = (organization, unit.id, window.from_date, window.to_date);
                if let Some(mark) = services.lists.mark(place, *changes) {
                    return Ok(mark);
                }
                let mark = mark_of(worklist::states(snapshot, window).await?);
                services.lists.keep_mark(place, *changes, services.now(), mark);
                Ok::<_, Error>(mark)
            })
        })
        .await
}

fn mark_of(states: impl IntoIterator<Item = State>) -> u64 {
    let mut hasher = DefaultHasher::new();
    states.into_iter().for_each(|state| state.hash(&mut hasher));
    hasher.finish()
}

/// The units of a person who reads in them, by name.
pub async fn unit_names(services: &Services, caller: &Caller) -> Result<Vec<(UnitId, String)>, Fault> {
    let own = match &caller.actor {
        Actor::Clinician(person) => person.grants.iter().filter_map(|grant| grant.unit).collect(),
        _ => BTreeSet::new(),
    };
    services
        .db
        .read((caller.actor.organization(), own), |(organization, own), snapshot| {
            Box::pin(async move {
                let all = organizations::units(snapshot, Some(*organization)).await?;
                let mut names: Vec<_> = all.into_iter().filter(|unit| own.contains(&unit.id)).map(|unit| (unit.id, unit.name)).collect();
                names.sort_by(|one, other| one.1.cmp(&other.1));
                Ok::<_, Fault>(names)
            })
        })
        .await
}

fn window(unit: UnitId, from: NaiveDate, to: NaiveDate) -> Result<worklist::Window, Error> {
    if !(1..=MAX_DAYS).contains(&((to - from).num_days() + 1)) {
        return Err(Error::Window);
    }
    let after = to.checked_add_days(Days::new(1)).ok_or(Error::Window)?;
    let limit = u64::try_from(MAX_ROWS + 1).unwrap_or(u64::MAX);
    Ok(worklist::Window { unit, from: oslo_day_start(from), to: oslo_day_start(after), from_date: from, to_date: to, limit })
}

async fn read(services: &Services, caller: &Caller, query: &Query, snapshot: &Snapshot) -> Result<List, Error> {
    let organization = caller.actor.organization();
    let unit = organizations::unit(snapshot, organization, query.unit).await?.ok_or(Error::NotFound)?;
    decide(&caller.actor, Action::ReadWorklist, Resource::in_units(&[unit.id]))?;
    let threshold = threshold(snapshot, organization, unit.id).await?;
    let raw = worklist::rows(snapshot, &window(unit.id, query.from, query.to)?).await?;
    if raw.len() > MAX_ROWS {
        return Err(Error::TooMany);
    }
    let mark = mark_of(raw.iter().map(Row::state));
    let mut rows = Vec::with_capacity(raw.len());
    let mut labels: HashMap<(String, String), Labels> = HashMap::new();
    for row in raw {
        let Some(wrapped) = &row.key else {
            rows.push(erased(row));
            continue;
        };
        let cipher = services.vault.patient(snapshot, organization, row.patient, wrapped).await?;
        let who = person(&cipher, row.patient, &row.name_sealed, &row.birth_date_sealed)?;
        if let Some(ResponseRow { questionnaire, .. }) = &row.response
            && !labels.contains_key(questionnaire)
        {
            let form = services.library.find(&questionnaire.0, Some(&questionnaire.1));
            labels.insert(questionnaire.clone(), Labels::of(form.as_ref().map(|form| &form.questionnaire), &query.language));
        }
        rows.push(row_view(&cipher, who, row, threshold.value, &labels)?);
    }
    let keys = services.vault.organization(snapshot, organization).await?;
    Ok(List { unit_name: unit.name, threshold, rows, mark, keys, changes: None })
}

/// The visit or invitation of a patient who has been erased: that there was one, and nothing of what
/// was answered.
fn erased(row: Row) -> RowView {
    RowView {
        due_on: row.invitation.as_ref().and_then(|(_, _, _, due_on)| *due_on),
        visit: row.appointment.map(|(id, external_id, starts_at, status)| VisitView { id, external_id, starts_at, status }),
        patient: row.patient,
        person: None,
        invitation: row.invitation.map(|(id, state, flagged, _)| InvitationPart { id, state, sent: row.sent, flagged }),
        response: None,
        score: None,
        over_threshold: None,
        wish: None,
        problem_count: None,
        burdens_most: Vec::new(),
        reason: Reason::Erased,
    }
}

fn row_view(
    cipher: &PatientCipher,
    who: Person,
    row: Row,
    threshold: i32,
    labels: &HashMap<(String, String), Labels>,
) -> Result<RowView, Fault> {
    let mut facts = Digest::default();
    let mut burdens_most = Vec::new();
    if let Some(response) = &row.response {
        facts = open_digest(cipher, response.id, response.version, &response.digest_sealed)?;
        let known = labels.get(&response.questionnaire);
        let label = |code: &String| known.map_or_else(|| Labelled { code: code.clone(), display: code.clone() }, |all| all.of_code(code));
        burdens_most = facts.burdens_most.iter().map(label).collect();
    }
    let problem_count = row.response.is_some().then_some(facts.problem_count);
    let response = row.response.map(|response| ResponsePart {
        unread: response.reviewed_version != Some(response.version),
        id: response.id,
        version: response.version,
        submitted_at: response.submitted_at,
    });
    let over_threshold = facts.score.map(|score| score >= threshold);
    let signals = Signals {
        state: row.invitation.as_ref().map(|(_, state, ..)| *state),
        over_threshold: over_threshold.unwrap_or(false),
        wish: facts.wish,
        unread: response.as_ref().is_some_and(|response| response.unread),
    };
    Ok(RowView {
        due_on: row.invitation.as_ref().and_then(|(_, _, _, due_on)| *due_on),
        visit: row.appointment.map(|(id, external_id, starts_at, status)| VisitView { id, external_id, starts_at, status }),
        patient: row.patient,
        person: Some(who),
        invitation: row.invitation.map(|(id, state, flagged, _)| InvitationPart { id, state, sent: row.sent, flagged }),
        response,
        score: facts.score,
        over_threshold,
        wish: facts.wish,
        problem_count,
        burdens_most,
        reason: reason(signals),
    })
}

/// The labels of what can burden most, by code, in one language.
pub(super) struct Labels(HashMap<String, String>);

impl Labels {
    /// Those of a form; of one that is no longer here there are none, and codes stand for themselves.
    pub(super) fn of(form: Option<&Questionnaire>, language: &Language) -> Self {
        let options = form.into_iter().flat_map(|form| form.by_role(Role::BurdensMost).flat_map(|item| form.possible_options(item)));
        let mut labels = HashMap::new();
        for option in options {
            if let Some(coding) = option.coding() {
                labels.entry(coding.code.clone()).or_insert_with(|| option.label.get(language).to_owned());
            }
        }
        Self(labels)
    }

    /// A code with its label.
    pub(super) fn of_code(&self, code: &str) -> Labelled {
        Labelled { code: code.to_owned(), display: self.0.get(code).map_or_else(|| code.to_owned(), Clone::clone) }
    }
}

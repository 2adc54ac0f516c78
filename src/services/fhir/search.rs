//! Searching responses. A clinician finds those of the patients they name and may read; without a patient
//! those that their own units asked for, as long as they are recent. One entry in the log names all
//! patients of the page.

use super::responses::names;
use super::{Error, Resource, reach, render};
use crate::domain::actor::{Actor, Role};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{ClinicianId, InvitationId, PatientId, ResponseId, UnitId};
use crate::domain::policy::{Action, Denied, Ground, Resource as About, confined, decide, may_ever};
use crate::fhir::search::responses::{FormAddress, Person, ResponseSearch};
use crate::fhir::search::{Page, Reference, Summary, Total};
use crate::fhir::write::form_id;
use crate::services::audit::{self, Deed};
use crate::services::responses::form_of;
use crate::services::vault::{PatientCipher, open_patient};
use crate::services::{Caller, Fault, Services};
use crate::storage::response_search::{self as rows, Filter, Order, Recent};
use crate::storage::responses::Response;
use crate::storage::{Snapshot, organizations, patients};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Most responses that are opened to look who wrote them.
const MOST_OPENED: usize = 500;

/// A page of what was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The responses.
    pub responses: Vec<Resource>,
    /// Their patients, where they are to be given with them.
    pub patients: Vec<Value>,
    /// How many there are on all pages, where it is said.
    pub total: Option<usize>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Ids of patients in place of the numbers by which they were asked for.
    pub named: Vec<PatientId>,
}

impl Found {
    fn nothing(page: &Page, named: Vec<PatientId>) -> Self {
        let total = (page.total == Total::Accurate).then_some(0);
        Self { responses: Vec::new(), patients: Vec::new(), total, next: None, named }
    }
}

/// Finds responses.
pub async fn search(services: &Services, caller: &Caller, search: ResponseSearch, page: Page) -> Result<Found, Error> {
    let only = may_look(caller)?;
    if !page.include.is_empty() {
        decide(&caller.actor, Action::SearchPatients, About::of(only))?;
    }
    let context = (services.clone(), caller.clone(), search, page);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, search, page), snapshot| Box::pin(search_in(services, caller, search, page, snapshot)))
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// Whether the caller could read any answers, and of which patient only.
pub(super) fn may_look(caller: &Caller) -> Result<Option<PatientId>, Denied> {
    let only = confined(&caller.actor, Action::ReadAnswers)?;
    if only.is_none() {
        may_ever(&caller.actor, Action::ReadAnswers).or_else(|denied| match denied {
            // Someone else's patient, on a ground: decided for each.
            Denied::GroundRequired => Ok(()),
            denied => Err(denied),
        })?;
    }
    Ok(only)
}

async fn search_in(
    services: &Services,
    caller: &Caller,
    search: &ResponseSearch,
    page: &Page,
    snapshot: &Snapshot,
) -> Result<(Found, Deed), Error> {
    let organization = caller.actor.organization();
    let only = confined(&caller.actor, Action::ReadAnswers)?;
    let named = named(services, caller, (&search.patients, only), snapshot).await?;
    let by_number = search.patients.iter().flatten().any(|person| matches!(person, Person::Identifier(_)));
    let shown = if by_number { named.iter().flatten().copied().collect() } else { Vec::new() };
    let Some(mut filter) = filter(services, search) else {
        let unit = reach::unit_of(caller, []);
        return Ok((Found::nothing(page, shown), Deed { unit, ..Deed::done("response.search", None, Vec::new()) }));
    };
    filter.patients = named.map(|ids| ids.into_iter().collect());
    let ground = confine(services, caller, &mut filter, snapshot).await?;
    let newest_first = page.sort.first().is_none_or(|sort| sort.descending);
    let cursor = page.cursor.as_deref().map(|text| read_cursor(text).ok_or(Error::Cursor)).transpose()?;
    let cursor = cursor.map(|(at, id)| (at, ResponseId(id)));
    let order = Order { descending: newest_first, after: cursor };
    let looks_inside = !(search.authors.is_empty() && search.sources.is_empty());
    let counts_only = page.summary == Summary::Count || page.count == 0;
    let (found, total, more) = if looks_inside {
        let all = rows::find(snapshot, organization, &filter, Order { after: None, ..order }, MOST_OPENED as u64 + 1).await?;
        if all.len() > MOST_OPENED {
            return Err(Error::TooMany(if search.authors.is_empty() { "source" } else { "author" }));
        }
        let opened = opened(services, snapshot, &all).await?;
        let kept = opened.into_iter().filter(|(_, one)| people_fit(search, &one.json)).collect::<Vec<_>>();
        let total = kept.len();
        let beyond = |one: &Response| {
            let key = (one.submitted_at, one.id);
            cursor.is_none_or(|after| if newest_first { key < after } else { key > after })
        };
        let mut rest: Vec<_> = kept.into_iter().filter(|(row, _)| beyond(row)).collect();
        let more = rest.len() > page.count;
        rest.truncate(if counts_only { 0 } else { page.count });
        (rest, Some(total), more)
    } else {
        let total = match page.total {
            Total::None if !counts_only => None,
            _ => usize::try_from(rows::count(snapshot, organization, &filter).await?).ok(),
        };
        let limit = if counts_only { 0 } else { page.count as u64 + 1 };
        let mut all = if limit == 0 { Vec::new() } else { rows::find(snapshot, organization, &filter, order, limit).await? };
        let more = all.len() > page.count;
        all.truncate(page.count);
        (opened(services, snapshot, &all).await?, total, more)
    };
    let next = found.last().filter(|_| more && !counts_only).map(|(row, _)| cursor_of((row.submitted_at, row.id.0)));
    let ids: Vec<PatientId> = found.iter().map(|(row, _)| row.patient).collect::<BTreeSet<_>>().into_iter().collect();
    let patients = if page.include.is_empty() { Vec::new() } else { super::patients::of(services, caller, snapshot, &ids).await? };
    let unit = reach::unit_of(caller, found.iter().map(|(row, _)| row.unit));
    let deed = Deed { unit, ..Deed::done("response.search", None, ids).on(ground) };
    let responses = found.into_iter().map(|(_, resource)| resource).collect();
    Ok((Found { responses, patients, total, next, named: shown }, deed))
}

/// The patients that every list of the search names; `None` where none is named. Where the caller's token is
/// good for one patient `only`, it is that one or nobody: what is found and said then follows from it.
pub(super) async fn named(
    services: &Services,
    caller: &Caller,
    (lists, only): (&[Vec<Person>], Option<PatientId>),
    snapshot: &Snapshot,
) -> Result<Option<BTreeSet<PatientId>>, Error> {
    let organization = caller.actor.organization();
    let mut all: Option<BTreeSet<PatientId>> = only.map(|only| BTreeSet::from([only]));
    for list in lists {
        let mut own = BTreeSet::new();
        for person in list {
            match person {
                Person::Reference(reference) => own.extend(patient_of(reference)),
                Person::Identifier(token) => {
                    decide(&caller.actor, Action::SearchPatients, About { stated: caller.ground, ..About::of(only) })?;
                    let system = token.system.as_deref().unwrap_or_default();
                    let value = token.code.as_deref().unwrap_or_default();
                    let identifier = PatientIdentifier::parse(system, None, value, services.rules.allow_synthetic_persons);
                    let identifier = identifier.map_err(|_| Error::Malformed("patient:identifier"))?;
                    let keys = services.vault.organization(snapshot, organization).await?;
                    let indexes: Vec<Vec<u8>> = keys.blind_indexes(&identifier).into_iter().map(|(_, hash)| hash).collect();
                    own.extend(patients::find_by_index(snapshot, organization, &indexes).await?);
                }
            }
        }
        all = Some(match all {
            None => own,
            Some(before) => before.intersection(&own).copied().collect(),
        });
    }
    Ok(all)
}

fn patient_of(reference: &Reference) -> Option<PatientId> {
    let fits = reference.kind.as_deref().is_none_or(|kind| kind == "Patient");
    PatientId::parse(&reference.id).filter(|_| fits)
}

/// What the rows must be like; `None`: nothing can fit.
pub(super) fn filter(services: &Services, search: &ResponseSearch) -> Option<Filter> {
    let mut filter = Filter { moments: search.moments.clone(), ..Filter::default() };
    filter.ids = common(&search.ids).map(|ids| ids.into_iter().map(ResponseId).collect());
    filter.invitations = common(&search.invitations).map(|ids| ids.into_iter().map(InvitationId).collect());
    if !search.forms.is_empty() {
        let fits = |form: &crate::domain::questionnaire::Questionnaire| {
            search.forms.iter().all(|list| list.iter().any(|address| is_form(address, form)))
        };
        let forms = services.library.all().map(|form| &form.questionnaire).filter(|form| fits(form));
        filter.forms = Some(forms.map(|form| (form.name().to_owned(), form.version().to_owned())).collect());
    }
    let allowed = |word: &str| search.statuses.iter().all(|(words, not)| words.iter().any(|own| own == word) != *not);
    filter.amended = match (allowed("completed"), allowed("amended")) {
        (true, true) => None,
        (completed, amended) if completed != amended => Some(amended),
        _ => return None,
    };
    let people: Vec<Vec<Uuid>> = search
        .authors
        .iter()
        .filter(|list| list.iter().all(|one| one.kind.as_deref() == Some("Practitioner")))
        .map(|list| list.iter().filter_map(|one| Uuid::try_parse(&one.id).ok()).collect())
        .collect();
    filter.entered_by = common(&people).map(|ids| ids.into_iter().map(ClinicianId).collect());
    Some(filter)
}

/// What stands in every list.
fn common(lists: &[Vec<Uuid>]) -> Option<Vec<Uuid>> {
    let (first, rest) = lists.split_first()?;
    Some(first.iter().filter(|id| rest.iter().all(|list| list.contains(id))).copied().collect())
}

fn is_form(address: &FormAddress, form: &crate::domain::questionnaire::Questionnaire) -> bool {
    let by_id = address.url.rsplit_once("Questionnaire/").is_some_and(|(_, id)| id == form_id(form));
    (address.url == form.url() || by_id) && address.version.as_deref().is_none_or(|version| version == form.version())
}

/// Confines a person to what they may read, and gives the ground for the log. A client whose token is good for
/// one patient has been confined by [`named`].
pub(super) async fn confine(services: &Services, caller: &Caller, filter: &mut Filter, snapshot: &Snapshot) -> Result<Ground, Error> {
    let Actor::Clinician(person) = &caller.actor else {
        return Ok(decide(&caller.actor, Action::ReadAnswers, About::of(whom(caller, filter)?))?);
    };
    let settings = organizations::organization(snapshot, person.organization).await?.ok_or(Fault::Content("organization"))?;
    let since = services.now() - Duration::days(i64::from(settings.care_window_days));
    let own: Vec<UnitId> = person.units(Role::Clinician).into_iter().collect();
    let Some(named) = filter.patients.clone() else {
        decide(&caller.actor, Action::ReadAnswers, About::in_units(&own))?;
        filter.recent = Some(Recent { units: own, since, tied: Vec::new() });
        return Ok(Ground::CareRelation);
    };
    let (mut ground, mut tied, mut untied) = (Ground::CareRelation, Vec::new(), Vec::new());
    for (patient, decided) in reach::grounds(services, caller, snapshot, &named).await? {
        match decided {
            Ok(Ground::CareRelation) => tied.push(patient),
            Ok(stated) => {
                ground = stated;
                tied.push(patient);
            }
            Err(Denied::GroundRequired) => untied.push(patient),
            Err(denied) => return Err(denied.into()),
        }
    }
    if !untied.is_empty() {
        // Without a tie, what the own unit has asked for can be read while it is recent.
        let recent = Recent { units: own, since, tied: Vec::new() };
        let confined = Filter { recent: Some(recent.clone()), patients: Some(untied.clone()), ..filter.clone() };
        let readable = rows::patients(snapshot, person.organization, &confined).await?;
        if untied.iter().any(|patient| !readable.contains(patient)) {
            return Err(Denied::GroundRequired.into());
        }
        filter.recent = Some(Recent { tied, ..recent });
    }
    Ok(ground)
}

/// The patient whom everything that the filter lets through is of, where it is one; a filter that lets
/// nothing through is about nobody else.
fn whom(caller: &Caller, filter: &Filter) -> Result<Option<PatientId>, Denied> {
    match filter.patients.as_deref() {
        Some([only]) => Ok(Some(*only)),
        Some([]) => confined(&caller.actor, Action::ReadAnswers),
        _ => Ok(None),
    }
}

/// What opens the answers of these; of who has been erased there is nothing.
pub(super) async fn unlock(services: &Services, snapshot: &Snapshot, all: &[Response]) -> Result<HashMap<PatientId, PatientCipher>, Fault> {
    let Some(first) = all.first() else { return Ok(HashMap::new()) };
    let people: Vec<PatientId> = all.iter().map(|row| row.patient).collect::<BTreeSet<_>>().into_iter().collect();
    let people = patients::find_all(snapshot, first.organization, &people).await?;
    let mut ciphers = HashMap::new();
    for (id, row) in &people {
        if let Some((cipher, _)) = open_patient(&services.vault, snapshot, row).await? {
            ciphers.insert(*id, cipher);
        }
    }
    Ok(ciphers)
}

/// The rows with their resources, in the same order.
async fn opened(services: &Services, snapshot: &Snapshot, all: &[Response]) -> Result<Vec<(Response, Resource)>, Fault> {
    let Some(first) = all.first() else { return Ok(Vec::new()) };
    let mut versions = rows::newest(snapshot, all).await?;
    let ciphers = unlock(services, snapshot, all).await?;
    let of_page: Vec<_> = all.iter().filter_map(|row| versions.remove(&row.id)).collect();
    let names = names(snapshot, first.organization, &of_page).await?;
    let versions: HashMap<ResponseId, _> = of_page.into_iter().map(|version| (version.response, version)).collect();
    let mut opened = Vec::new();
    for row in all {
        // Erased between the two: not there.
        let (Some(cipher), Some(version)) = (ciphers.get(&row.patient), versions.get(&row.id)) else { continue };
        let form = form_of(services, row)?;
        opened.push((row.clone(), render::response(row, version, cipher, &form, &names)?));
    }
    Ok(opened)
}

/// Whether author and source are among those that are asked for.
fn people_fit(search: &ResponseSearch, json: &Value) -> bool {
    let fits = |lists: &[Vec<Reference>], member: &str| {
        let own = json[member]["reference"].as_str().unwrap_or_default();
        let (kind, id) = own.split_once('/').unwrap_or_default();
        let is = |wanted: &Reference| wanted.id == id && wanted.kind.as_deref().is_none_or(|wanted| wanted == kind);
        lists.iter().all(|list| list.iter().any(is))
    };
    fits(&search.authors, "author") && fits(&search.sources, "source")
}

/// Where a page ends: nothing of a person is in it.
pub(super) fn cursor_of((at, id): (DateTime<Utc>, Uuid)) -> String {
    format!("{}.{id}", at.timestamp_micros())
}

pub(super) fn read_cursor(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = text.split_once('.')?;
    Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, Uuid::try_parse(id).ok()?))
}

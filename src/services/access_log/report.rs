//! The report of unusual reading: what an admin or auditor looks at first. A finding is no accusation:
//! each says what was seen, and why it is shown.

use super::read::{Error, days, span};
use crate::domain::clock::{oslo_date, oslo_day_start};
use crate::domain::ids::{PatientId, UnitId};
use crate::domain::log::{PATIENTS_A_DAY, Pattern};
use crate::domain::policy::{Action, Ground, may_ever};
use crate::services::audit::{self, Deed};
use crate::services::{Caller, Services};
use crate::storage::access_log::Entry;
use crate::storage::log_search::{self, Span};
use crate::storage::{Reader, organizations};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Actions that open one patient's data; a worklist shows those who come, whoever they are. None of them shares
/// its patients with other entries ([`crate::domain::log::shares`]): they are counted by their own lists.
const OPENING: [&str; 7] =
    ["patient.search", "patient.timeline", "response.read", "response.search", "response.summary", "response.versions", "response.review"];
/// Entries that are looked at for one pattern, the newest.
const MAX_ENTRIES: u64 = 2000;
/// Findings of one pattern, and of many patients: of one day.
const MAX_FINDINGS: usize = 200;
/// Patients named in one finding; their number is told in any case.
const MAX_PATIENTS: u64 = 100;

/// Something to look at: one person, one day, one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Why it is shown.
    pub pattern: Pattern,
    /// Who.
    pub actor: Uuid,
    /// Their name.
    pub name: Option<String>,
    /// In which unit, where it was in one.
    pub unit: Option<UnitId>,
    /// On which ground, where it is shown for that.
    pub ground: Option<String>,
    /// Day in Norway.
    pub day: NaiveDate,
    /// The first time that day.
    pub first: DateTime<Utc>,
    /// The last time that day.
    pub last: DateTime<Utc>,
    /// Entries.
    pub entries: u64,
    /// Number of different patients.
    pub patient_count: u64,
    /// Patients, at most a hundred.
    pub patients: BTreeSet<PatientId>,
}

/// The report.
#[derive(Debug, Clone)]
pub struct Report {
    /// First and last day.
    pub days: (NaiveDate, NaiveDate),
    /// More patients than this a day are many.
    pub patients_a_day: i32,
    /// Findings, by pattern and then the newest day first.
    pub findings: Vec<Finding>,
    /// Whether there is more than is shown: ask for fewer days.
    pub more: bool,
}

/// What stands out in these days, in the part of the log that the caller may see.
pub async fn report(services: &Services, caller: &Caller, from: NaiveDate, to: NaiveDate) -> Result<Report, Error> {
    may_ever(&caller.actor, Action::ReadAccessLog)?;
    let days = days(Some(from), Some(to), to)?;
    let (report, ground) = services
        .db
        .read((caller.clone(), days), |(caller, days), snapshot| {
            Box::pin(async move {
                let (span, ground) = span(snapshot, caller, *days, None).await?;
                Ok::<_, Error>((look(snapshot, &span, *days).await?, ground))
            })
        })
        .await?;
    audit::commit_read(services, caller, Deed::done("access-log.report", None, Vec::new()).on(ground)).await?;
    Ok(report)
}

async fn look(reader: &impl Reader, span: &Span, days: (NaiveDate, NaiveDate)) -> Result<Report, Error> {
    let staff = organizations::staff(reader, span.organization).await?;
    let limit = organizations::log_patients_a_day(reader, span.organization).await?.unwrap_or(PATIENTS_A_DAY);
    let indexes: Vec<Vec<u8>> = staff.iter().filter_map(|one| one.national_id_index.clone()).collect();
    let colleagues: Vec<PatientId> = log_search::patients_by_index(reader, span.organization, &indexes).await?.into_iter().collect();
    let stated = Ground::STATED.map(Ground::word);

    let mut gathered = Gathered::default();
    gathered.add(Pattern::OwnColleague, log_search::about(reader, span, &OPENING, &colleagues, MAX_ENTRIES).await?);
    gathered.add(Pattern::StatedGround, log_search::on_grounds(reader, span, &stated, MAX_ENTRIES).await?);
    gathered.add(Pattern::OutsideUnit, log_search::outside(reader, span, MAX_ENTRIES).await?);
    many(reader, span, days, limit, &mut gathered).await?;

    let names: BTreeMap<Uuid, &str> = staff.iter().map(|one| (one.id.0, one.name.as_str())).collect();
    let mut findings = gathered.findings;
    for finding in &mut findings {
        finding.name = names.get(&finding.actor).map(|name| (*name).to_owned());
    }
    findings.sort_by_key(|one| (one.pattern, std::cmp::Reverse(one.day), std::cmp::Reverse(one.patient_count), one.actor));
    Ok(Report { days, patients_a_day: limit, findings, more: gathered.more })
}

/// Days on which somebody opened more patients than is usual; each day is one statement.
async fn many(
    reader: &impl Reader,
    span: &Span,
    (from, to): (NaiveDate, NaiveDate),
    limit: i32,
    gathered: &mut Gathered,
) -> Result<(), Error> {
    for day in from.iter_days().take_while(|day| *day <= to) {
        let after = day.checked_add_days(Days::new(1)).ok_or(Error::Window)?;
        let that_day = Span { from: oslo_day_start(day), to: oslo_day_start(after), ..span.clone() };
        let most = u64::try_from(MAX_FINDINGS).unwrap_or(u64::MAX);
        let found = log_search::busy(reader, &that_day, &OPENING, i64::from(limit), most).await?;
        gathered.more |= found.len() == MAX_FINDINGS;
        for one in found {
            gathered.findings.push(Finding {
                pattern: Pattern::ManyPatients,
                actor: one.actor,
                name: None,
                unit: None,
                ground: None,
                day,
                first: one.first,
                last: one.last,
                entries: one.entries,
                patient_count: one.patients,
                patients: log_search::patients_of(reader, &that_day, &OPENING, one.actor, MAX_PATIENTS).await?,
            });
        }
    }
    Ok(())
}

#[derive(Default)]
struct Gathered {
    findings: Vec<Finding>,
    more: bool,
}

impl Gathered {
    /// Makes one finding of what one person did on one day for one reason.
    fn add(&mut self, pattern: Pattern, entries: Vec<(Entry, BTreeSet<PatientId>)>) {
        self.more |= u64::try_from(entries.len()).is_ok_and(|count| count >= MAX_ENTRIES);
        let mut days: BTreeMap<_, Finding> = BTreeMap::new();
        for (entry, patients) in entries {
            let Some(actor) = entry.actor_id else { continue };
            let day = oslo_date(entry.at);
            let ground = (pattern == Pattern::StatedGround).then(|| entry.ground.clone());
            let unit = entry.unit;
            let one = days.entry((std::cmp::Reverse(day), actor, unit, ground.clone())).or_insert_with(|| Finding {
                pattern,
                actor,
                name: None,
                unit,
                ground,
                day,
                first: entry.at,
                last: entry.at,
                entries: 0,
                patient_count: 0,
                patients: BTreeSet::new(),
            });
            one.first = one.first.min(entry.at);
            one.last = one.last.max(entry.at);
            one.entries += 1;
            one.patients.extend(patients);
        }
        self.more |= days.len() > MAX_FINDINGS;
        self.findings.extend(days.into_values().take(MAX_FINDINGS).map(|mut one| {
            one.patient_count = u64::try_from(one.patients.len()).unwrap_or(u64::MAX);
            one.patients = one.patients.into_iter().take(usize::try_from(MAX_PATIENTS).unwrap_or(usize::MAX)).collect();
            one
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::OPENING;
    use crate::domain::log::shares;

    #[test]
    fn what_is_counted_has_a_list_of_its_own() {
        assert!(shares("worklist.read", 500));
        assert!(OPENING.into_iter().all(|action| !shares(action, usize::MAX)));
    }
}

//! What each running instance knows of the keys. An instance takes in what is new in the key file and
//! in the database every few seconds and says in a row of its own what it knows then; a rotation goes
//! on when every instance that is alive has said that it knows enough. So no instance writes what
//! another one can't read.

use super::super::vault::signatures;
use super::super::{Fault, Services, startup};
use crate::crypto::hash::sha256;
use crate::crypto::ring::Purpose;
use crate::domain::ids::uuid_v7;
use crate::storage::guards::{self, Instance, KeyCheck};
use crate::storage::organizations::{self, OrganizationKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use uuid::Uuid;

/// An instance looks this often.
const LOOKS: Duration = Duration::seconds(3);
/// An instance says what it knows at least this often.
const SAYS: Duration = Duration::seconds(60);
/// An instance that has said nothing for this long has died.
const ALIVE: Duration = Duration::minutes(3);

/// What an instance knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Whether it reads the key file again; one with keys from the environment can't.
    pub reads_again: bool,
    /// Versions by purpose.
    pub versions: BTreeMap<String, Vec<u16>>,
    /// What makes new values.
    pub active: BTreeMap<String, u16>,
    /// Fingerprint of the versions of all organizations' keys.
    pub organizations: String,
}

/// What a rotation waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The key of this version.
    Version(Purpose, u16),
    /// That this version, or a newer one, makes new values.
    Active(Purpose, u16),
    /// The organizations' keys as they are when it is asked.
    Organizations,
}

impl Need {
    fn is_met(&self, known: &Known, organizations: &str) -> bool {
        match self {
            Self::Version(purpose, version) => known.versions.get(purpose.word()).is_some_and(|versions| versions.contains(version)),
            Self::Active(purpose, version) => known.active.get(purpose.word()).is_some_and(|active| active >= version),
            Self::Organizations => known.organizations == organizations,
        }
    }
}

/// The version of each purpose that makes new values.
pub(super) fn active(checks: &[KeyCheck]) -> BTreeMap<Purpose, u16> {
    let mut latest: BTreeMap<Purpose, (DateTime<Utc>, u16)> = BTreeMap::new();
    for check in checks {
        if let (Some(purpose), Some(at)) = (Purpose::parse(&check.purpose), check.active_at) {
            let own = latest.entry(purpose).or_insert((at, check.version));
            *own = (*own).max((at, check.version));
        }
    }
    latest.into_iter().map(|(purpose, (_, version))| (purpose, version)).collect()
}

/// Fingerprint of the versions of all organizations' keys.
pub(super) fn fingerprint(rows: &[OrganizationKey]) -> String {
    let mut text = String::new();
    for (organization, versions) in signatures(rows) {
        for (version, active_at) in versions {
            let at = active_at.map_or(0, |at| at.timestamp_micros());
            let _ = writeln!(text, "{organization} {version} {at}");
        }
    }
    STANDARD_NO_PAD.encode(sha256(text.as_bytes()))
}

/// Takes in what is new in the key file and in the database, and records versions that are new to the
/// database.
pub async fn refresh(services: &Services) -> Result<Known, Fault> {
    services.ring.read_again();
    let read = services.db.read((), |(), snapshot| {
        Box::pin(async move { Ok::<_, Fault>((guards::key_checks(snapshot).await?, organizations::keys(snapshot, None).await?)) })
    });
    let (checks, rows) = read.await?;
    let known: BTreeSet<_> = checks.iter().filter_map(|check| Some((Purpose::parse(&check.purpose)?, check.version))).collect();
    let active = active(&checks);
    services.ring.agree(&known, &active);
    services.vault.agree(&rows);
    let versions: BTreeMap<String, Vec<u16>> =
        Purpose::ALL.into_iter().map(|purpose| (purpose.word().to_owned(), services.ring.versions(purpose))).collect();
    let highest = |purpose: Purpose| known.range((purpose, 0)..=(purpose, u16::MAX)).next_back().map(|(_, version)| *version);
    let is_new = |purpose: Purpose| services.ring.versions(purpose).first().copied() > highest(purpose);
    if Purpose::ALL.into_iter().any(is_new) {
        let recorded = services.db.write(services.clone(), |services, tx| Box::pin(startup::record_keys(tx, services))).await;
        if let Err(error) = recorded {
            tracing::error!(%error, "the key file and the database do not belong together");
        }
    }
    Ok(Known {
        reads_again: services.ring.is_read_again(),
        versions,
        active: active.into_iter().map(|(purpose, version)| (purpose.word().to_owned(), version)).collect(),
        organizations: fingerprint(&rows),
    })
}

/// Keeps an instance's keys those of file and database, and says so.
#[derive(Debug)]
pub struct Reporter {
    id: Uuid,
    looked: Mutex<Option<DateTime<Utc>>>,
    said: Mutex<Option<(Known, DateTime<Utc>)>>,
}

impl Reporter {
    /// For an instance that has begun.
    pub fn new(services: &Services) -> Self {
        Self { id: uuid_v7(services.now(), services.entropy.as_ref()), looked: Mutex::new(None), said: Mutex::new(None) }
    }

    /// Looks when it is time, and says what is known when it is something new or was said a while ago.
    pub async fn look(&self, services: &Services) -> Result<(), Fault> {
        let now = services.now();
        if self.looked.lock().is_ok_and(|looked| looked.is_some_and(|at| now - at < LOOKS)) {
            return Ok(());
        }
        let known = refresh(services).await?;
        if let Ok(mut looked) = self.looked.lock() {
            *looked = Some(now);
        }
        let is_said = |said: &(Known, DateTime<Utc>)| said.0 == known && now - said.1 < SAYS;
        if self.said.lock().is_ok_and(|said| said.as_ref().is_some_and(is_said)) {
            return Ok(());
        }
        let keys = serde_json::to_string(&known).map_err(|_| Fault::Content("known keys"))?;
        let own = Instance { id: self.id, keys, seen_at: now };
        let write = services.db.write((own, now - ALIVE * 20), |(own, since), tx| {
            Box::pin(async move { Ok::<_, Fault>(guards::put_instance(tx, own, *since).await?) })
        });
        write.await?;
        if let Ok(mut said) = self.said.lock() {
            *said = Some((known, now));
        }
        Ok(())
    }

    /// The instance ends: nobody waits for it.
    pub async fn leave(&self, services: &Services) {
        let id = self.id;
        let left = services.db.write(id, |id, tx| Box::pin(async move { Ok::<_, Fault>(guards::delete_instance(tx, *id).await?) }));
        if let Err(fault) = left.await {
            tracing::info!(%fault, "the instance could not be taken off the list; a rotation waits for it for some minutes");
        }
    }
}

/// Instances that are alive and don't know enough yet; each with whether it reads the key file again.
pub async fn unaware(services: &Services, need: &Need) -> Result<Vec<(Uuid, bool)>, Fault> {
    let since = services.now() - ALIVE;
    let (alive, rows) = services
        .db
        .read(since, |since, snapshot| {
            Box::pin(
                async move { Ok::<_, Fault>((guards::instances(snapshot, *since).await?, organizations::keys(snapshot, None).await?)) },
            )
        })
        .await?;
    let present = fingerprint(&rows);
    let unaware = alive.into_iter().filter_map(|instance| {
        let known: Option<Known> = serde_json::from_str(&instance.keys).ok();
        let met = known.as_ref().is_some_and(|known| need.is_met(known, &present));
        (!met).then(|| (instance.id, known.is_none_or(|known| known.reads_again)))
    });
    Ok(unaware.collect())
}

//! Opens the key hierarchy: root key → organization key → patient data key.

use super::fault::Fault;
use crate::crypto::envelope::{OpenError, Place, SecretKey, key_version};
use crate::crypto::hash::blind_index;
use crate::crypto::ring::{KeyRing, Purpose};
use crate::domain::clock::Entropy;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{OrganizationId, PatientId};
use crate::storage::organizations::{self, OrganizationKey};
use crate::storage::patients::{Patient, WrappedKey};
use crate::storage::{Reader, StorageError};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Opened organization keys. Patient data keys are never kept here: each use reads its row, so an
/// erased patient's key is gone at once (`docs/adr/0003-data-model.md`).
pub struct Vault {
    ring: Arc<KeyRing>,
    entropy: Arc<dyn Entropy>,
    opened: RwLock<Opened>,
}

/// Versions of an organization's key, each with the time since when it makes new values.
pub type Signature = BTreeMap<u16, Option<DateTime<Utc>>>;

#[derive(Default)]
struct Opened {
    keys: HashMap<OrganizationId, Arc<OrganizationKeys>>,
    /// What the database had when it was last asked: what was read before that is not kept.
    expected: BTreeMap<OrganizationId, Signature>,
}

/// The signatures of rows.
pub fn signatures(rows: &[OrganizationKey]) -> BTreeMap<OrganizationId, Signature> {
    let mut all: BTreeMap<OrganizationId, Signature> = BTreeMap::new();
    for row in rows {
        all.entry(row.organization).or_default().insert(row.version, row.active_at);
    }
    all
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

fn organization_place(organization: OrganizationId, version: u16) -> Place {
    Place { organization: organization.0, table: "organization_key", column: "wrapped", row: organization.0, part: i32::from(version) }
}

impl Vault {
    /// A vault over a ring.
    pub fn new(ring: Arc<KeyRing>, entropy: Arc<dyn Entropy>) -> Self {
        Self { ring, entropy, opened: RwLock::default() }
    }

    /// Makes the first key of a new organization.
    pub fn new_organization_key(&self, organization: OrganizationId, now: DateTime<Utc>) -> Result<OrganizationKey, OpenError> {
        Ok(OrganizationKey { active_at: Some(now), ..self.next_organization_key(organization, 1)? })
    }

    /// Makes another key of an organization, which does not make new values yet.
    pub fn next_organization_key(&self, organization: OrganizationId, version: u16) -> Result<OrganizationKey, OpenError> {
        let root = self.ring.current(Purpose::Root)?;
        let key = SecretKey::generate(version, self.entropy.as_ref());
        let wrapped = root.wrap(organization_place(organization, version), &key, self.entropy.as_ref());
        Ok(OrganizationKey { organization, version, root_version: root.version(), wrapped, active_at: None })
    }

    /// The same key, wrapped under the root key that makes new values.
    pub fn rewrap(&self, stored: &OrganizationKey) -> Result<OrganizationKey, OpenError> {
        let root = self.ring.current(Purpose::Root)?;
        let place = organization_place(stored.organization, stored.version);
        let wrapped = root.wrap(place, &self.open(stored)?, self.entropy.as_ref());
        Ok(OrganizationKey { root_version: root.version(), wrapped, ..stored.clone() })
    }

    /// Takes in what the database has now: keys that are new are opened, so that from now on values are
    /// made with those, whoever needs them first. What can't be opened is told to whom it is needed by.
    pub fn agree(&self, rows: &[OrganizationKey]) {
        let expected = signatures(rows);
        let is_known = |opened: &Opened, organization: &OrganizationId| {
            opened.keys.get(organization).is_some_and(|keys| expected.get(organization) == Some(&keys.signature))
        };
        let Ok(new) = self
            .opened
            .read()
            .map(|opened| expected.keys().filter(|organization| !is_known(&opened, organization)).copied().collect::<Vec<_>>())
        else {
            return;
        };
        let own = |organization| rows.iter().filter(move |row| row.organization == organization);
        let new: Vec<_> = new.into_iter().filter_map(|id| Some((id, self.unlock(id, own(id)).ok()?))).collect();
        if let Ok(mut opened) = self.opened.write() {
            opened.keys.retain(|organization, keys| expected.get(organization) == Some(&keys.signature));
            opened.keys.extend(new);
            opened.expected = expected;
        }
    }

    /// Opens one stored key: also how start-up finds a root key that is lost.
    pub fn open(&self, stored: &OrganizationKey) -> Result<SecretKey, OpenError> {
        let root = self.ring.get(Purpose::Root, stored.root_version)?;
        root.unwrap(organization_place(stored.organization, stored.version), stored.version, &stored.wrapped)
    }

    /// The keys of an organization, opened once.
    pub async fn organization(&self, reader: &impl Reader, organization: OrganizationId) -> Result<Arc<OrganizationKeys>, Fault> {
        let known = self.opened.read().ok().and_then(|opened| opened.keys.get(&organization).cloned());
        match known {
            Some(keys) => Ok(keys),
            None => self.reload(reader, organization).await,
        }
    }

    async fn reload(&self, reader: &impl Reader, organization: OrganizationId) -> Result<Arc<OrganizationKeys>, Fault> {
        let stored = organizations::keys(reader, Some(organization)).await?;
        let keys = self.unlock(organization, stored.iter())?;
        if let Ok(mut opened) = self.opened.write()
            && opened.expected.get(&organization).is_none_or(|expected| *expected == keys.signature)
        {
            opened.keys.insert(organization, Arc::clone(&keys));
        }
        Ok(keys)
    }

    /// Opens the keys of one organization.
    fn unlock<'k>(
        &self,
        organization: OrganizationId,
        stored: impl Iterator<Item = &'k OrganizationKey> + Clone,
    ) -> Result<Arc<OrganizationKeys>, Fault> {
        let mut keys = stored.clone().map(|key| self.open(key)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(StorageError::Corrupt("organization without a key").into());
        }
        let signature: Signature = stored.clone().map(|row| (row.version, row.active_at)).collect();
        let current = stored.filter(|key| key.active_at.is_some()).max_by_key(|key| (key.active_at, key.version));
        let current = current.map_or(0, |key| key.version);
        keys.sort_by_key(|key| (key.version() != current, std::cmp::Reverse(key.version())));
        Ok(Arc::new(OrganizationKeys { organization, keys, signature, entropy: Arc::clone(&self.entropy) }))
    }

    /// A patient's cipher. Reads the organization's keys anew when the data key names a version that
    /// another instance has added.
    pub async fn patient(
        &self,
        reader: &impl Reader,
        organization: OrganizationId,
        id: PatientId,
        wrapped: &WrappedKey,
    ) -> Result<PatientCipher, Fault> {
        let keys = self.organization(reader, organization).await?;
        match keys.patient(id, wrapped) {
            Err(OpenError::UnknownKey(_)) => Ok(self.reload(reader, organization).await?.patient(id, wrapped)?),
            other => Ok(other?),
        }
    }
}

/// An organization's opened keys: first the one that makes new values, then newest first.
pub struct OrganizationKeys {
    organization: OrganizationId,
    keys: Vec<SecretKey>,
    signature: Signature,
    entropy: Arc<dyn Entropy>,
}

impl OrganizationKeys {
    fn current(&self) -> Result<&SecretKey, OpenError> {
        self.keys.first().ok_or(OpenError::UnknownKey(0))
    }

    /// Version of the key that makes new values.
    pub fn version(&self) -> u16 {
        self.keys.first().map_or(0, SecretKey::version)
    }

    fn place(&self, table: &'static str, column: &'static str, row: Uuid, part: i32) -> Place {
        Place { organization: self.organization.0, table, column, row, part }
    }

    /// Blind indexes of an identifier under every live key.
    pub fn blind_indexes(&self, identifier: &PatientIdentifier) -> Vec<(u16, Vec<u8>)> {
        self.keys.iter().map(|key| (key.version(), blind_index(key, identifier))).collect()
    }

    /// The blind index of an identifier under one version.
    pub fn blind_index(&self, version: u16, identifier: &PatientIdentifier) -> Result<Vec<u8>, OpenError> {
        let key = self.keys.iter().find(|key| key.version() == version).ok_or(OpenError::UnknownKey(version))?;
        Ok(blind_index(key, identifier))
    }

    /// A new patient's data key and how it is stored.
    pub fn new_patient(&self, id: PatientId) -> Result<(PatientCipher, WrappedKey), OpenError> {
        let own = self.current()?;
        let key = SecretKey::generate(1, self.entropy.as_ref());
        let wrapped = own.wrap(self.place("patient_key", "wrapped", id.0, 1), &key, self.entropy.as_ref());
        let stored = WrappedKey { version: 1, organization_key_version: own.version(), wrapped };
        Ok((PatientCipher { organization: self.organization, key, entropy: Arc::clone(&self.entropy) }, stored))
    }

    /// Opens a patient's data key.
    pub fn patient(&self, id: PatientId, wrapped: &WrappedKey) -> Result<PatientCipher, OpenError> {
        let version = wrapped.organization_key_version;
        let own = self.keys.iter().find(|key| key.version() == version).ok_or(OpenError::UnknownKey(version))?;
        let place = self.place("patient_key", "wrapped", id.0, i32::from(wrapped.version));
        let key = own.unwrap(place, wrapped.version, &wrapped.wrapped)?;
        Ok(PatientCipher { organization: self.organization, key, entropy: Arc::clone(&self.entropy) })
    }

    /// The same data key, wrapped under the key that makes new values.
    pub fn rewrap(&self, id: PatientId, wrapped: &WrappedKey) -> Result<WrappedKey, OpenError> {
        let own = self.current()?;
        let place = self.place("patient_key", "wrapped", id.0, i32::from(wrapped.version));
        let again = own.wrap(place, &self.patient(id, wrapped)?.key, self.entropy.as_ref());
        Ok(WrappedKey { version: wrapped.version, organization_key_version: own.version(), wrapped: again })
    }

    /// Opens what [`Self::seal`] sealed, under whichever live key it names.
    pub fn open(&self, table: &'static str, column: &'static str, row: Uuid, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let version = key_version(value)?;
        let own = self.keys.iter().find(|key| key.version() == version).ok_or(OpenError::UnknownKey(version))?;
        own.open(self.place(table, column, row, 0), value)
    }

    /// Seals something that belongs to no single patient.
    pub fn seal(&self, table: &'static str, column: &'static str, row: Uuid, plain: &[u8]) -> Result<Vec<u8>, OpenError> {
        Ok(self.current()?.seal(self.place(table, column, row, 0), plain, self.entropy.as_ref()))
    }
}

/// Seals and opens what belongs to one patient.
pub struct PatientCipher {
    organization: OrganizationId,
    key: SecretKey,
    entropy: Arc<dyn Entropy>,
}

impl PatientCipher {
    fn place(&self, table: &'static str, column: &'static str, row: Uuid, part: i32) -> Place {
        Place { organization: self.organization.0, table, column, row, part }
    }

    /// Version of the data key.
    pub fn version(&self) -> u16 {
        self.key.version()
    }

    /// Encrypts. The nonce is drawn here, anew at every run of a unit of work: a nonce that was
    /// passed in would be used twice when a unit runs again over other plain text.
    pub fn seal(&self, table: &'static str, column: &'static str, row: Uuid, part: i32, plain: &[u8]) -> Vec<u8> {
        self.key.seal(self.place(table, column, row, part), plain, self.entropy.as_ref())
    }

    /// Decrypts.
    pub fn open(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        part: i32,
        value: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.key.open(self.place(table, column, row, part), value)
    }

    /// Decrypts text.
    pub fn open_text(&self, table: &'static str, column: &'static str, row: Uuid, value: &[u8]) -> Result<String, Fault> {
        let plain = self.open(table, column, row, 0, value)?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| Fault::Content(column))
    }
}

/// A patient's name and birth date, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Birth date.
    pub birth_date: chrono::NaiveDate,
}

/// Opens name and birth date.
pub fn person(cipher: &PatientCipher, id: PatientId, name_sealed: &[u8], birth_date_sealed: &[u8]) -> Result<Person, Fault> {
    let name = cipher.open_text("patient", "name_sealed", id.0, name_sealed)?;
    let birth_date = cipher.open_text("patient", "birth_date_sealed", id.0, birth_date_sealed)?;
    let birth_date = birth_date.parse().map_err(|_| Fault::Content("birth date"))?;
    Ok(Person { name, birth_date })
}

/// Opens a stored patient; `None` when the data key has been deleted (erased).
pub async fn open_patient(vault: &Vault, reader: &impl Reader, patient: &Patient) -> Result<Option<(PatientCipher, Person)>, Fault> {
    let Some(wrapped) = &patient.key else { return Ok(None) };
    let cipher = vault.patient(reader, patient.organization, patient.id, wrapped).await?;
    let person = person(&cipher, patient.id, &patient.name_sealed, &patient.birth_date_sealed)?;
    Ok(Some((cipher, person)))
}

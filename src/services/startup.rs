//! What must hold before the service serves: keys are the ones this database knows, released
//! questionnaires have not changed. Each failure names what is wrong.

use super::Services;
use super::fault::{Fault, unit_error};
use crate::crypto::ring::Purpose;
use crate::storage::Tx;
use crate::storage::guards::{self, KeyCheck};
use crate::storage::organizations::{self, Release};

/// Why the service does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key version that this database has been used with is not in the key file.
    #[error("the {purpose} key version {version} is missing")]
    KeyLost {
        /// Purpose word.
        purpose: String,
        /// Version.
        version: u16,
    },
    /// A key version is another key than this database has been used with.
    #[error("the {purpose} key version {version} is not the one this database was used with")]
    KeyOther {
        /// Purpose word.
        purpose: String,
        /// Version.
        version: u16,
    },
    /// A released form's file has changed.
    #[error("questionnaire {name} {version} was released and its file has changed")]
    FormChanged {
        /// Name.
        name: String,
        /// Version.
        version: String,
    },
    /// A released form's file is gone.
    #[error("questionnaire {name} {version} was released and its file is gone")]
    FormGone {
        /// Name.
        name: String,
        /// Version.
        version: String,
    },
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Checks keys and forms; records the ones that are new.
pub async fn check(services: &Services) -> Result<(), Error> {
    services
        .db
        .write(services.clone(), |services, tx| {
            Box::pin(async move {
                let now = services.now();
                record_keys(tx, services).await?;
                for key in organizations::keys(tx, None).await? {
                    services
                        .vault
                        .open(&key)
                        .map_err(|_| Error::KeyOther { purpose: Purpose::Root.word().to_owned(), version: key.root_version })?;
                }
                let released = organizations::releases(tx).await?;
                for release in new_releases(services, &released)? {
                    organizations::insert_release(tx, &release, now).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await?;
    super::keys::instances::refresh(services).await?;
    Ok(())
}

/// Records the versions that this database has not been used with yet. The first of a purpose makes
/// new values at once; later ones when they are rotated to.
pub async fn record_keys(tx: &Tx, services: &Services) -> Result<(), Error> {
    let mut known = guards::key_checks(tx).await?;
    for fresh in new_checks(services, &known)? {
        let first = !known.iter().any(|check| check.purpose == fresh.purpose && check.active_at.is_some());
        let check = KeyCheck { active_at: first.then_some(fresh.created_at), ..fresh };
        guards::insert_key_check(tx, &check).await?;
        known.push(check);
    }
    Ok(())
}

fn new_checks(services: &Services, known: &[KeyCheck]) -> Result<Vec<KeyCheck>, Error> {
    for check in known {
        let Some(purpose) = Purpose::parse(&check.purpose) else { continue };
        let name = || (check.purpose.clone(), check.version);
        let value = services.ring.check_value(purpose, check.version).map_err(|_| {
            let (purpose, version) = name();
            Error::KeyLost { purpose, version }
        })?;
        if value != check.value {
            let (purpose, version) = name();
            return Err(Error::KeyOther { purpose, version });
        }
    }
    let mut fresh = Vec::new();
    for purpose in Purpose::ALL {
        let highest = known.iter().filter(|check| check.purpose == purpose.word()).map(|check| check.version).max();
        for version in services.ring.versions(purpose) {
            // A lower one was retired: a copy of the key file that still has it brings it back nowhere.
            if highest.is_none_or(|highest| version > highest) {
                let value = services.ring.check_value(purpose, version)?;
                fresh.push(KeyCheck { purpose: purpose.word().to_owned(), version, value, created_at: services.now(), active_at: None });
            }
        }
    }
    Ok(fresh)
}

fn new_releases(services: &Services, released: &[Release]) -> Result<Vec<Release>, Error> {
    for release in released {
        let (name, version) = (release.name.clone(), release.version.clone());
        match services.library.find(&release.name, Some(&release.version)) {
            None => return Err(Error::FormGone { name, version }),
            Some(form) if form.sha256 != release.sha256 => return Err(Error::FormChanged { name, version }),
            Some(_) => {}
        }
    }
    let fresh = services.library.all().filter(|form| {
        let form = &form.questionnaire;
        // A draft may still change; it is frozen when its status is active.
        form.status() == crate::domain::questionnaire::Status::Active
            && !released.iter().any(|release| release.name == form.name() && release.version == form.version())
    });
    Ok(fresh
        .map(|form| Release {
            name: form.questionnaire.name().to_owned(),
            version: form.questionnaire.version().to_owned(),
            sha256: form.sha256.clone(),
            built_in: form.built_in,
        })
        .collect())
}

/// Whether the database's keys and this ring agree: for `/readyz`.
pub async fn keys_agree(services: &Services) -> Result<bool, Fault> {
    let known = services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(guards::key_checks(snapshot).await?) })).await?;
    Ok(new_checks(services, &known).is_ok())
}

/// Whether every migration of this program, and no other, is applied: for `/readyz`.
pub async fn schema_is_current(services: &Services) -> Result<bool, Fault> {
    Ok(crate::storage::schema::state(&services.db).await? == crate::storage::schema::SchemaState::Current)
}

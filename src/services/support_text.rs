//! Places to turn to, as an organization or unit words them: set, removed and listed by the
//! operator, read by receipts.

use super::Services;
use super::fault::{Fault, unit_error};
use crate::domain::ids::{OrganizationId, UnitId, uuid_v7};
use crate::domain::language::Language;
use crate::domain::support_text::SupportText;
use crate::storage::{Reader, organizations, support_texts};

pub use crate::storage::support_texts::SupportText as Stored;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The organization, or the unit in it, is not there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// There is no text of its own to remove.
    #[error("no text of its own is set in {0}")]
    NotSet(Language),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Whose text: an organization's, or one unit's in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The organization.
    pub organization: OrganizationId,
    /// The unit.
    pub unit: Option<UnitId>,
}

impl Owner {
    fn place(self, language: &Language) -> support_texts::Place {
        support_texts::Place { organization: self.organization, unit: self.unit, language: language.to_string() }
    }

    /// Whether it is there.
    pub(super) async fn check(self, reader: &impl Reader) -> Result<(), Error> {
        organizations::organization(reader, self.organization).await?.ok_or(Error::NotFound("organization"))?;
        if let Some(unit) = self.unit {
            organizations::unit(reader, self.organization, unit).await?.ok_or(Error::NotFound("unit"))?;
        }
        Ok(())
    }
}

/// Sets a text, in the place of one that is there.
pub async fn set(services: &Services, owner: Owner, language: &Language, text: &SupportText) -> Result<(), Error> {
    let now = services.now();
    let id = uuid_v7(now, services.entropy.as_ref());
    let row = Stored { place: owner.place(language), text: text.as_str().to_owned(), updated_at: now };
    services
        .db
        .write(row, move |row, tx| {
            Box::pin(async move {
                owner.check(tx).await?;
                Ok(support_texts::put(tx, id, row).await?)
            })
        })
        .await
}

/// Removes a text.
pub async fn remove(services: &Services, owner: Owner, language: &Language) -> Result<(), Error> {
    services
        .db
        .write((owner.place(language), language.clone()), move |(place, language), tx| {
            Box::pin(async move {
                owner.check(tx).await?;
                if support_texts::delete(tx, place).await? { Ok(()) } else { Err(Error::NotSet(language.clone())) }
            })
        })
        .await
}

/// The texts of an organization and its units, or of one unit.
pub async fn list(services: &Services, owner: Owner) -> Result<Vec<Stored>, Error> {
    services
        .db
        .read(owner, |owner, snapshot| {
            Box::pin(async move {
                owner.check(snapshot).await?;
                Ok(support_texts::list(snapshot, owner.organization, owner.unit).await?)
            })
        })
        .await
}

/// What patients of a unit read in a language; never a text in another one.
pub(super) async fn nearest(
    reader: &impl Reader,
    organization: OrganizationId,
    unit: UnitId,
    language: &Language,
) -> Result<Option<String>, Fault> {
    Ok(support_texts::nearest(reader, organization, unit, language.primary()).await?)
}

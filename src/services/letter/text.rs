//! The text of letters as an organization or unit words it: set, reset, shown and tried by the operator.

use super::{Letter, letter, typed_address};
use crate::domain::ids::{OrganizationId, UnitId, uuid_v7};
use crate::domain::language::Language;
use crate::domain::letter_text::LetterText;
use crate::domain::secret::{Code, LinkToken};
use crate::print::pdf::Format;
use crate::print::slip::{Slip, Slips};
use crate::services::fault::{Fault, unit_error};
use crate::services::invitation::present_secrets;
use crate::services::support_text::Owner;
use crate::services::{Services, sign_in, support_text};
use crate::storage::{Reader, letter_texts, organizations};
use crate::text::letter::{Values, standard};
use chrono::Duration;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The organization, or the unit in it, is not there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// There is no text of its own to take back.
    #[error("no text of its own is set in {0}")]
    NotSet(Language),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl From<support_text::Error> for Error {
    fn from(error: support_text::Error) -> Self {
        match error {
            support_text::Error::NotFound(what) => Self::NotFound(what),
            support_text::Error::NotSet(language) => Self::NotSet(language),
            support_text::Error::Fault(fault) => Self::Fault(fault),
        }
    }
}

fn place(owner: Owner, language: &Language) -> letter_texts::Place {
    letter_texts::Place { organization: owner.organization, unit: owner.unit, language: language.to_string() }
}

/// Sets a text, in the place of one that is there.
pub async fn set(services: &Services, owner: Owner, language: &Language, text: &LetterText) -> Result<(), Error> {
    let now = services.now();
    let id = uuid_v7(now, services.entropy.as_ref());
    let row = letter_texts::LetterText { place: place(owner, language), text: text.as_str().to_owned(), updated_at: now };
    services
        .db
        .write(row, move |row, tx| {
            Box::pin(async move {
                owner.check(tx).await?;
                Ok(letter_texts::put(tx, id, row).await?)
            })
        })
        .await
}

/// Takes a text back: the organization's holds then for a unit, the product's for an organization.
pub async fn reset(services: &Services, owner: Owner, language: &Language) -> Result<(), Error> {
    services
        .db
        .write((place(owner, language), language.clone()), move |(place, language), tx| {
            Box::pin(async move {
                owner.check(tx).await?;
                if letter_texts::delete(tx, place).await? { Ok(()) } else { Err(Error::NotSet(language.clone())) }
            })
        })
        .await
}

/// Whose words letters use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The unit's own.
    Unit,
    /// The organization's.
    Organization,
    /// The product's.
    Product,
}

/// The text that letters of an organization or unit use in a language, and whose it is.
pub async fn show(services: &Services, owner: Owner, language: &Language) -> Result<(Source, LetterText), Error> {
    services
        .db
        .read((owner, language.clone()), |(owner, language), snapshot| {
            Box::pin(async move {
                owner.check(snapshot).await?;
                Ok(find(snapshot, owner.organization, owner.unit, language).await?)
            })
        })
        .await
}

async fn find(
    reader: &impl Reader,
    organization: OrganizationId,
    unit: Option<UnitId>,
    language: &Language,
) -> Result<(Source, LetterText), Fault> {
    let broken = |_| Fault::Content("letter text");
    match letter_texts::nearest(reader, organization, unit, language.primary()).await? {
        Some(found) => {
            let source = if found.place.unit.is_some() { Source::Unit } else { Source::Organization };
            Ok((source, LetterText::parse(&found.text).map_err(broken)?))
        }
        None => Ok((Source::Product, standard(language).map_err(broken)?)),
    }
}

/// The text of a unit's letters; never one in another language.
pub(super) async fn nearest(
    reader: &impl Reader,
    organization: OrganizationId,
    unit: UnitId,
    language: &Language,
) -> Result<LetterText, Fault> {
    Ok(find(reader, organization, Some(unit), language).await?.1)
}

/// A letter and a slip as they would look, with an invented patient, link and code.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The letter.
    pub letter: Letter,
    /// The slip as PDF.
    pub slip: Vec<u8>,
}

/// Tries a text, or the one that is set. Of an organization its first unit stands in.
pub async fn preview(
    services: &Services,
    owner: Owner,
    language: &Language,
    text: Option<LetterText>,
    format: Format,
) -> Result<Preview, Error> {
    let set = show(services, owner, language).await?.1;
    let (own, unit, provider) = services
        .db
        .read(owner, |owner, snapshot| {
            Box::pin(async move {
                let own = organizations::organization(snapshot, owner.organization).await?.ok_or(Error::NotFound("organization"))?;
                let units = organizations::units(snapshot, Some(owner.organization)).await?;
                let unit = units.into_iter().find(|one| owner.unit.is_none_or(|asked| asked == one.id));
                let provider = match &unit {
                    Some(unit) => organizations::patient_provider(snapshot, owner.organization, unit.id).await?,
                    None => None,
                };
                Ok::<_, Error>((own, unit, provider))
            })
        })
        .await?;
    let named = unit.filter(|unit| !unit.discreet);
    let visit = services.now() + Duration::days(7);
    let shown = present_secrets(services, &LinkToken::from_bytes([0; 16]), &Code::from_bits(0));
    let values = Values {
        organization: own.name,
        phone: named.as_ref().map_or(own.phone, |unit| unit.phone.clone()),
        visit: named.as_ref().map(|_| visit),
        until: named.as_ref().map(|_| visit),
        unit: named.map(|unit| unit.name),
        address: typed_address(&services.rules.base_url),
        link: shown.link,
        code: shown.code,
        sign_in: provider.map(|name| sign_in::title(services, &name)),
    };
    let letter = letter(&text.unwrap_or(set), &values, language.clone());
    let Values { organization, unit, phone, visit, until, address, link, code, sign_in } = values;
    let recipient = vec!["Åse Máŋggaš Oppdiktet".to_owned(), "Prøveveien 1".to_owned(), "0000 STEDET".to_owned()];
    let recipient = if format == Format::A4 { recipient } else { recipient.into_iter().take(1).collect() };
    let mut slips = Slips::new(format, language).map_err(Fault::from)?;
    slips.add(&Slip { language: language.clone(), recipient, organization, unit, phone, visit, until, address, link, code, sign_in });
    Ok(Preview { letter, slip: slips.finish().map_err(Fault::from)? })
}

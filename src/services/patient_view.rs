//! What a record system shows when somebody opens a patient's record there (CDS Hooks, `patient-view`): a
//! card for each response that nobody has reviewed. Who is not known here, and who has nothing unread, look
//! the same. One entry in the log where something is shown; nothing is written where nothing is.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::responses::{form_of, open_digest};
use super::worklist::Labels;
use super::{Caller, Services};
use crate::domain::clock::oslo_date;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{PatientId, ResponseId, UnitId, uuid_v7};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::domain::questionnaire::Role;
use crate::domain::summary::Digest;
use crate::storage::responses::Response;
use crate::storage::{Snapshot, organizations, patients, responses};
use crate::text::card::{Facts, Score};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Most cards of a patient; the newest.
pub const MOST: u64 = 5;

/// Whose record is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A patient by our own id.
    Own(PatientId),
    /// Who has any of these numbers; they are all one person's.
    Numbered(Vec<PatientIdentifier>),
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A card.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its own id, another one each time.
    pub id: Uuid,
    /// What it is about.
    pub response: ResponseId,
    /// What it says.
    pub facts: Facts,
}

/// The cards of a patient, the newest response first.
pub async fn cards(services: &Services, caller: &Caller, whose: Whose, language: &Language) -> Result<Vec<Card>, Error> {
    let ground = decide(&caller.actor, Action::ReadAnswers, Resource::default())?;
    if matches!(whose, Whose::Numbered(_)) {
        decide(&caller.actor, Action::SearchPatients, Resource::default())?;
    }
    let context = (services.clone(), caller.clone(), whose, language.clone());
    let (cards, named) = services
        .db
        .read(context, |(services, caller, whose, language), snapshot| Box::pin(read(services, caller, whose, language, snapshot)))
        .await?;
    if !cards.is_empty() {
        let (patients, units): (BTreeSet<PatientId>, BTreeSet<UnitId>) = named.into_iter().unzip();
        let unit = units.first().copied().filter(|_| units.len() == 1);
        let deed = Deed { unit, ..Deed::done("response.card", None, patients.into_iter().collect()).on(ground) };
        audit::commit_read(services, caller, deed).await?;
    }
    Ok(cards)
}

async fn read(
    services: &Services,
    caller: &Caller,
    whose: &Whose,
    language: &Language,
    snapshot: &Snapshot,
) -> Result<(Vec<Card>, Vec<(PatientId, UnitId)>), Error> {
    let organization = caller.actor.organization();
    let people: Vec<PatientId> = match whose {
        Whose::Own(id) => vec![*id],
        Whose::Numbered(numbers) => {
            let keys = services.vault.organization(snapshot, organization).await?;
            let indexes: Vec<Vec<u8>> = numbers.iter().flat_map(|number| keys.blind_indexes(number)).map(|(_, hash)| hash).collect();
            patients::all_by_index(snapshot, organization, &indexes).await?.into_iter().collect()
        }
    };
    let unread = if people.is_empty() { Vec::new() } else { responses::unread(snapshot, organization, &people, MOST).await? };
    if unread.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let settings = organizations::organization(snapshot, organization).await?.ok_or(Fault::Content("organization"))?;
    let units = organizations::units(snapshot, Some(organization)).await?;
    let own: HashMap<_, _> = units.into_iter().filter_map(|unit| Some((unit.id, unit.threshold?))).collect();
    let rows = patients::find_all(snapshot, organization, &people).await?;
    let (mut cards, mut named) = (Vec::new(), Vec::new());
    for response in unread {
        // Erased: there is nothing to show.
        let Some(wrapped) = rows.get(&response.patient).and_then(|row| row.key.as_ref()) else { continue };
        let cipher = services.vault.patient(snapshot, organization, response.patient, wrapped).await?;
        let digest = open_digest(&cipher, response.id, response.version, &response.digest_sealed)?;
        let threshold = own.get(&response.unit).copied().unwrap_or(settings.threshold);
        let score = digest.score.map(|value| Score { value, threshold, source: settings.threshold_source.clone() });
        named.push((response.patient, response.unit));
        let id = uuid_v7(services.now(), services.entropy.as_ref());
        cards.push(Card { id, response: response.id, facts: facts(services, &response, score, &digest, language)? });
    }
    Ok((cards, named))
}

fn facts(services: &Services, response: &Response, score: Option<Score>, digest: &Digest, language: &Language) -> Result<Facts, Fault> {
    let form = form_of(services, response)?;
    let asks = |role: Role| form.questionnaire.by_role(role).next().is_some();
    let labels = Labels::of(Some(&form.questionnaire), language);
    Ok(Facts {
        submitted_on: oslo_date(response.submitted_at),
        amended: response.version > 1,
        asks_score: asks(Role::DistressScore),
        score,
        asks_wish: asks(Role::FollowUpWish),
        wish: digest.wish,
        burdens_most: digest.burdens_most.iter().map(|code| labels.of_code(code).display).collect(),
    })
}

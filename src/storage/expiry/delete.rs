//! Deletes what is past its time. Locks are taken in one order, invitations before patients, which is
//! also how a save takes them.

use super::super::entity::{
    appointment, credential, credential_invitation, draft, invitation, patient, patient_key, representative, response, response_original,
    response_version, review, session,
};
use super::super::{Reader, StorageError, Tx, patients, representatives};
use super::{Found, Past, Rows, counters, due, invitations, responses, same_as, select};
use crate::domain::ids::{OrganizationId, PatientId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockType, Order, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait};
use std::collections::BTreeSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Deletes those of the rows that are still past their time now that they are locked. Gives them.
pub async fn delete(tx: &Tx, rows: Rows, past: Past, ids: &[Uuid]) -> Result<Vec<Found>> {
    let (table, key): (&str, &str) = match rows {
        Rows::Drafts => ("draft", "response_id"),
        Rows::Responses => ("response", "id"),
        Rows::Invitations => ("invitation", "id"),
        Rows::Appointments => ("appointment", "id"),
        Rows::Contacts => ("patient", "id"),
        Rows::Representatives => ("representative", "id"),
    };
    let among = || Expr::col((table, key)).is_in(ids.iter().copied());
    let locked =
        Query::select().column(key).column(key).from(table).and_where(among()).order_by(key, Order::Asc).lock(LockType::Update).take();
    select(tx, &locked).await?;
    let found = select(tx, due(rows, past).and_where(among())).await?;
    let ids: Vec<Uuid> = found.iter().map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(found);
    }
    match rows {
        Rows::Drafts => {
            draft::Entity::delete_many().filter(draft::Column::ResponseId.is_in(ids)).exec(tx.transaction()).await?;
        }
        Rows::Responses => delete_responses(tx, &ids).await?,
        Rows::Invitations => delete_invitations(tx, &ids).await?,
        Rows::Appointments => {
            appointment::Entity::delete_many().filter(appointment::Column::Id.is_in(ids)).exec(tx.transaction()).await?;
        }
        Rows::Contacts => {
            let empty = patient::ActiveModel { contact_sealed: Set(None), ..Default::default() };
            patient::Entity::update_many().set(empty).filter(patient::Column::Id.is_in(ids)).exec(tx.transaction()).await?;
        }
        Rows::Representatives => {
            representative::Entity::delete_many().filter(representative::Column::Id.is_in(ids)).exec(tx.transaction()).await?;
        }
    }
    Ok(found)
}

async fn delete_responses(tx: &Tx, ids: &[Uuid]) -> Result<()> {
    let ids = || ids.iter().copied();
    review::Entity::delete_many().filter(review::Column::ResponseId.is_in(ids())).exec(tx.transaction()).await?;
    response_original::Entity::delete_many().filter(response_original::Column::ResponseId.is_in(ids())).exec(tx.transaction()).await?;
    response_version::Entity::delete_many().filter(response_version::Column::ResponseId.is_in(ids())).exec(tx.transaction()).await?;
    response::Entity::delete_many().filter(response::Column::Id.is_in(ids())).exec(tx.transaction()).await?;
    Ok(())
}

async fn delete_invitations(tx: &Tx, ids: &[Uuid]) -> Result<()> {
    let own = || ids.iter().copied();
    session::Entity::delete_many().filter(session::Column::InvitationId.is_in(own())).exec(tx.transaction()).await?;
    draft::Entity::delete_many().filter(draft::Column::InvitationId.is_in(own())).exec(tx.transaction()).await?;
    let opened: Vec<Uuid> = credential_invitation::Entity::find()
        .select_only()
        .column(credential_invitation::Column::CredentialId)
        .filter(credential_invitation::Column::InvitationId.is_in(own()))
        .into_tuple()
        .all(tx.transaction())
        .await?;
    credential_invitation::Entity::delete_many()
        .filter(credential_invitation::Column::InvitationId.is_in(own()))
        .exec(tx.transaction())
        .await?;
    // One that opens another invitation too stays with it.
    let elsewhere = credential_invitation::Entity::find().select_only().column(credential_invitation::Column::CredentialId).into_query();
    let alone = Condition::all().add(credential::Column::Id.is_in(opened)).add(credential::Column::Id.not_in_subquery(elsewhere));
    counters::forget(tx, alone.clone()).await?;
    credential::Entity::delete_many().filter(alone).exec(tx.transaction()).await?;
    invitation::Entity::delete_many().filter(invitation::Column::Id.is_in(own())).exec(tx.transaction()).await?;
    Ok(())
}

/// Deletes those of the patients whom nothing is held about any more but who they are, the data key
/// first. Gives them.
pub async fn delete_patients(tx: &Tx, organization: OrganizationId, among: &BTreeSet<PatientId>) -> Result<Vec<PatientId>> {
    let of = || (patient::Entity, patient::Column::Id);
    let drafts = draft::Entity::find().select_only().column(draft::Column::ResponseId).filter(same_as(draft::Column::PatientId, of()));
    let visits =
        appointment::Entity::find().select_only().column(appointment::Column::Id).filter(same_as(appointment::Column::PatientId, of()));
    let bare = |ids: Vec<Uuid>| {
        patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .filter(patient::Column::OrganizationId.eq(organization.0))
            .filter(patient::Column::Id.is_in(ids))
            .filter(Expr::not_exists(invitations(same_as(invitation::Column::PatientId, of()))))
            .filter(Expr::not_exists(responses(same_as(response::Column::PatientId, of()))))
            .filter(Expr::not_exists(visits.clone().into_query()))
            .filter(Expr::not_exists(drafts.clone().into_query()))
    };
    let candidates: Vec<Uuid> = bare(among.iter().map(|id| id.0).collect()).into_tuple().all(tx.transaction()).await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    // A new invitation for one of them waits here, or was faster and is seen by the second look.
    let lock = patient::Entity::find().select_only().column(patient::Column::Id).filter(patient::Column::Id.is_in(candidates.clone()));
    let _: Vec<Uuid> = lock.lock(LockType::Update).into_tuple().all(tx.transaction()).await?;
    let ids: Vec<Uuid> = bare(candidates).into_tuple().all(tx.transaction()).await?;
    let gone: Vec<PatientId> = ids.iter().copied().map(PatientId).collect();
    patient_key::Entity::delete_many().filter(patient_key::Column::PatientId.is_in(ids.iter().copied())).exec(tx.transaction()).await?;
    patients::delete_identifiers(tx, &gone).await?;
    representatives::delete_of(tx, &gone).await?;
    patient::Entity::delete_many().filter(patient::Column::Id.is_in(ids.iter().copied())).exec(tx.transaction()).await?;
    Ok(gone)
}

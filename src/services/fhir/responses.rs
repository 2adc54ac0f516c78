//! Reading one response: its newest version, an earlier one, all of them.

use super::{Error, Resource, render};
use crate::domain::ids::{ClinicianId, OrganizationId, ResponseId};
use crate::services::audit;
use crate::services::responses::{allow, deed, version_of};
use crate::services::{Caller, Fault, Services};
use crate::storage::responses::{self, Version};
use crate::storage::{Reader, Snapshot, organizations};
use std::collections::BTreeSet;

/// Names of who entered these versions.
pub(super) async fn names(reader: &impl Reader, organization: OrganizationId, versions: &[Version]) -> Result<render::Names, Fault> {
    let ids: BTreeSet<ClinicianId> = versions.iter().filter_map(|version| version.entered_by).collect();
    let names = organizations::names(reader, organization, &ids).await?;
    Ok(names.into_iter().map(|(id, name)| (id.0, name)).collect())
}

/// A response in its newest version, or in an earlier one.
pub async fn read(services: &Services, caller: &Caller, id: ResponseId, version: Option<i32>) -> Result<Resource, Error> {
    let context = (services.clone(), caller.clone(), id, version);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, id, version), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let row = version_of(snapshot, &allowed.response, *version).await?;
                let names = names(snapshot, allowed.response.organization, std::slice::from_ref(&row)).await?;
                let found = render::response(&allowed.response, &row, &allowed.cipher, &allowed.form, &names)?;
                Ok::<_, Error>((found, deed("response.read", &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// Every version of a response, the newest first.
pub async fn history(services: &Services, caller: &Caller, id: ResponseId) -> Result<Vec<Resource>, Error> {
    let context = (services.clone(), caller.clone(), id);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, id), snapshot: &Snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *id, snapshot).await?;
                let mut rows = responses::versions(snapshot, *id).await?;
                rows.reverse();
                let names = names(snapshot, allowed.response.organization, &rows).await?;
                let one = |row| render::response(&allowed.response, row, &allowed.cipher, &allowed.form, &names);
                let found = rows.iter().map(one).collect::<Result<Vec<_>, _>>()?;
                Ok::<_, Error>((found, deed("response.versions", &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

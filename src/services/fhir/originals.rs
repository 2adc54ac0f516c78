//! What another system sent, kept as it came beside what was read of it: nobody has to take our word for
//! what a patient's own form filler said.

use crate::crypto::pack::{pack, unpack};
use crate::domain::ids::{OrganizationId, ResponseId};
use crate::fhir::read::Change;
use crate::services::Fault;
use crate::services::vault::PatientCipher;
use crate::storage::originals::{self as rows, Original};
use crate::storage::responses::Response;
use crate::storage::{Reader, Tx};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Name of the table, as values are bound to it.
const TABLE: &str = "response_original";

/// What came, and what was changed to read it.
pub(super) struct Received {
    pub(super) body: Vec<u8>,
    pub(super) changes: Vec<Change>,
}

/// A change as it is kept: its code, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) code: String,
    pub(super) path: String,
}

/// Changes by response and version; a version that was not sent by another system is not in it.
pub(super) type Changes = HashMap<(ResponseId, i32), Vec<Kept>>;

/// Keeps it beside the version that a response is at.
pub(super) async fn keep(tx: &Tx, cipher: &PatientCipher, response: &Response, received: Received) -> Result<(), Fault> {
    let seal = |column, plain: &[u8]| cipher.seal(TABLE, column, response.id.0, response.version, plain);
    let changes = received.changes.into_iter().map(|change| Kept { code: change.code.code().to_owned(), path: change.path });
    let changes: Vec<Kept> = changes.collect();
    let row = Original {
        response: response.id,
        version: response.version,
        organization: response.organization,
        body_sealed: seal("body_sealed", &pack(received.body)),
        changes_sealed: seal("changes_sealed", &serde_json::to_vec(&changes).map_err(|_| Fault::Content("changes"))?),
        key_version: cipher.version(),
    };
    Ok(rows::insert(tx, &row).await?)
}

/// What came, byte for byte.
pub(in crate::services) fn body(cipher: &PatientCipher, row: &Original) -> Result<Vec<u8>, Fault> {
    let plain = cipher.open(TABLE, "body_sealed", row.response.0, row.version, &row.body_sealed)?;
    // Packed content never begins so, and JSON may.
    if plain.first().is_some_and(u8::is_ascii_whitespace) {
        return Ok(plain.to_vec());
    }
    unpack(&plain).ok_or(Fault::Content("original"))
}

fn changes(cipher: &PatientCipher, row: &Original) -> Result<Vec<Kept>, Fault> {
    let plain = cipher.open(TABLE, "changes_sealed", row.response.0, row.version, &row.changes_sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Content("changes"))
}

/// What was changed in the versions of these responses; `cipher` gives what opens one.
pub(super) async fn changes_of<'a>(
    reader: &impl Reader,
    organization: OrganizationId,
    ids: &[ResponseId],
    cipher: impl Fn(ResponseId) -> Option<&'a PatientCipher>,
) -> Result<Changes, Fault> {
    let mut all = Changes::new();
    for row in rows::of(reader, organization, ids).await? {
        if let Some(cipher) = cipher(row.response) {
            all.insert((row.response, row.version), changes(cipher, &row)?);
        }
    }
    Ok(all)
}

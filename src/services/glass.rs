//! Breaking the glass: a clinician states why they open a patient who has no tie to their units. The
//! ground holds for that patient, that person and half an hour; each read it allows is logged with it,
//! and the report of the access log shows it to who runs the unit.

use super::fault::Fault;
use super::{Caller, Services};
use crate::crypto::cookie;
use crate::domain::ids::{ClinicianId, PatientId, ResponseId};
use crate::domain::policy::Ground;
use crate::domain::text::has_control;
use crate::storage::responses;
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// A stated ground holds that long.
const HOLDS: Duration = Duration::minutes(30);
/// Longest text beside a ground, characters.
pub const TEXT_MAX: usize = 200;

/// A ground as a browser carries it: sealed, so that nobody states one by an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stated {
    patient: PatientId,
    clinician: ClinicianId,
    ground: Ground,
    text: Option<String>,
    /// Seconds since 1970 after which it is void.
    exp: i64,
}

/// Whether words can stand beside a ground.
pub fn sound(text: &str) -> bool {
    text.chars().count() <= TEXT_MAX && !has_control(text)
}

/// Whom a response is about; `None` when there is no such response in the caller's organization.
pub async fn patient_of(services: &Services, caller: &Caller, id: ResponseId) -> Result<Option<PatientId>, Fault> {
    let context = (caller.actor.organization(), id);
    services
        .db
        .read(context, |(organization, id), snapshot| {
            Box::pin(async move { Ok::<_, Fault>(responses::find(snapshot, *organization, *id).await?.map(|response| response.patient)) })
        })
        .await
}

/// Seals a ground for a cookie; `None` for a caller who is no person.
pub fn state(services: &Services, caller: &Caller, patient: PatientId, ground: Ground, text: &str) -> Result<Option<String>, Fault> {
    let Some(clinician) = caller.actor.person() else { return Ok(None) };
    let text = Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let stated = Stated { patient, clinician, ground, text, exp: (services.now() + HOLDS).timestamp() };
    let plain = serde_json::to_vec(&stated).map_err(|_| Fault::Content("ground"))?;
    Ok(Some(cookie::seal(&services.ring, services.entropy.as_ref(), &plain)?))
}

/// The caller with the ground they have stated for this patient; without one that holds, as they were.
pub fn stating(services: &Services, caller: &Caller, patient: PatientId, sealed: &str) -> Caller {
    let stated = cookie::open(&services.ring, sealed).and_then(|plain| serde_json::from_slice::<Stated>(&plain).ok());
    let holds = |stated: &Stated| {
        stated.patient == patient && Some(stated.clinician) == caller.actor.person() && stated.exp > services.now().timestamp()
    };
    match stated.filter(holds) {
        Some(stated) => Caller { ground: Some(stated.ground), ground_text: stated.text, ..caller.clone() },
        None => caller.clone(),
    }
}

//! Opening the patient who is open in an EHR (SMART App Launch 2). The EHR says who it is by national identifier;
//! who may see the patient here is decided as everywhere else, and nobody else is ever shown instead.

use super::fault::Fault;
use super::patients::{self, search};
use super::responses::{self, allow};
use super::sign_in::door;
use super::{Caller, Services};
use crate::crypto::oidc::InContext;
use crate::domain::ids::{PatientId, ResponseId};
use crate::fhir::read::patient::national;
use crate::storage::responses::of_patient;
use std::collections::BTreeSet;

/// Most responses of a patient that are looked at, newest first.
const MOST: usize = 16;

/// Where a launch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// The newest answers of the patient, which the caller may read.
    Response(ResponseId),
    /// The patient, who has no answers that the caller may read.
    Patient(PatientId),
    /// No patient.
    Nobody(Why),
}

/// Why no patient is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The EHR did not give the patient.
    Away,
    /// The EHR has no national identifier of the patient.
    Unnamed,
    /// The patient is nobody's here.
    Unknown,
    /// The identifiers of the patient are several patients' here.
    Several,
    /// The caller may look for no patients.
    Role,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Away, Self::Unnamed, Self::Unknown, Self::Several, Self::Role];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Away => "borte",
            Self::Unnamed => "uten-nummer",
            Self::Unknown => "ukjent",
            Self::Several => "flere",
            Self::Role => "rolle",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }
}

/// Finds the patient in context of somebody who came from an EHR. Each look-up is in the access log.
pub async fn open(services: &Services, provider: &str, caller: &Caller, context: &InContext) -> Result<Onward, Fault> {
    let Ok(door) = door(services, provider) else { return Ok(Onward::Nobody(Why::Away)) };
    let resource = match door.provider.patient(context).await {
        Ok(resource) => resource,
        Err(error) => {
            tracing::warn!(provider, reason = %error, "the patient of a launch was not read");
            return Ok(Onward::Nobody(Why::Away));
        }
    };
    let Some(identifiers) = national(&resource, context.id(), services.rules.allow_synthetic_persons) else {
        tracing::warn!(provider, "what was read for the patient of a launch is another resource");
        return Ok(Onward::Nobody(Why::Away));
    };
    if identifiers.is_empty() {
        return Ok(Onward::Nobody(Why::Unnamed));
    }
    let mut found = BTreeSet::new();
    for identifier in identifiers {
        match search(services, caller, identifier).await {
            Ok(patient) => found.extend(patient.map(|patient| patient.id)),
            Err(patients::Error::Denied(_)) => return Ok(Onward::Nobody(Why::Role)),
            Err(patients::Error::NotFound | patients::Error::Erased) => {}
            Err(patients::Error::Fault(fault)) => return Err(fault),
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Ok(Onward::Nobody(Why::Unknown)),
        (Some(patient), None) => Ok(newest(services, caller, patient).await?.map_or(Onward::Patient(patient), Onward::Response)),
        (Some(_), Some(_)) => Ok(Onward::Nobody(Why::Several)),
    }
}

/// The newest response of a patient that the caller may read. Nothing of it is shown: reading it is logged.
async fn newest(services: &Services, caller: &Caller, patient: PatientId) -> Result<Option<ResponseId>, Fault> {
    let context = (services.clone(), caller.clone(), patient);
    services
        .db
        .read(context, |(services, caller, patient), snapshot| {
            Box::pin(async move {
                let all = of_patient(snapshot, caller.actor.organization(), *patient).await?;
                for response in all.iter().rev().take(MOST) {
                    match allow(services, caller, response.id, snapshot).await {
                        Ok(_) => return Ok(Some(response.id)),
                        Err(responses::Error::Fault(fault)) => return Err(fault),
                        Err(_) => {}
                    }
                }
                Ok(None)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_word() {
        for why in Why::ALL {
            assert_eq!(Why::parse(why.word()), Some(why));
        }
        assert_eq!(Why::parse(""), None);
    }
}

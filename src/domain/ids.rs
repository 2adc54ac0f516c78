//! Typed ids: UUID version 7 (RFC 9562 §5.7) end to end, one type a kind of thing.
//!
//! To add one: a line in the list at the end. An id is made from a given instant and given
//! randomness, so that a test that replays a seed gets the same ids.

use crate::domain::clock::Entropy;
use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// Makes a version 7 UUID of `now` (milliseconds) and ten bytes of randomness.
pub fn uuid_v7(now: DateTime<Utc>, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id of this kind, ordered by the instant it was made.
            pub fn new(now: DateTime<Utc>, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// Reads the usual hyphenated form; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 36).then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
    )*};
}

ids! {
    /// A health trust or municipality: the tenant and data controller.
    OrganizationId;
    /// A clinic, ward or service of an organization.
    UnitId;
    /// A system that calls the API for one organization.
    ClientId;
    /// A signed-in health professional.
    ClinicianId;
    /// The person the answers are about, in one organization.
    PatientId;
    /// Somebody who may answer in a patient's place.
    RepresentativeId;
    /// One identifier of a patient.
    PatientIdentifierId;
    /// The visit that the letter announces.
    AppointmentId;
    /// Permission for one patient to answer one questionnaire.
    InvitationId;
    /// What opens an invitation: link and code of one channel and generation.
    CredentialId;
    /// An opened session of an invitation.
    SessionId;
    /// A device that identified itself for an invitation.
    DeviceId;
    /// Answers handed in; minted with the draft, so it never changes.
    ResponseId;
    /// A clinician's mark that a response has been read.
    ReviewId;
    /// A webhook of another system.
    WebhookId;
    /// One entry of the access log.
    LogEntryId;
    /// A session of a signed-in clinician.
    SeatId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn print_then_parse_is_identity() {
        let entropy = SeededEntropy::new(7);
        let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let id = InvitationId::new(now, &entropy);
        assert_eq!(InvitationId::parse(&id.to_string()), Some(id));
        assert_eq!(id.0.get_version_num(), 7);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", "x", "{0190a2c5-0000-7000-8000-000000000000}", "0190a2c5000070008000000000000000"] {
            assert_eq!(PatientId::parse(text), None, "{text}");
        }
    }
}

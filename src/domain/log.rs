//! An entry of the access log as it is sealed: one canonical text that holds everything the entry says
//! but the free words of a ground, which are sealed under a key and may be erased with it.
//!
//! The text is JSON as RFC 8785 (JCS) has it: members by name, no blanks, nothing left out, so that
//! whoever has the rows can make the same bytes again with any library.

use crate::domain::ids::PatientId;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde::Serialize;
use uuid::{Builder, Uuid};

/// How long after its time an entry may still come: a transaction that was slow to commit, clocks of
/// two machines that differ. What comes later was not written by this program in its time.
pub const GRACE: Duration = Duration::minutes(10);

/// Actions whose entries may share a set of patients: lists that show the same ones again and again.
const LISTS: [&str; 1] = ["worklist.read"];

/// Fewer patients than this are kept with each entry.
const FEW: usize = 4;

/// Whether an entry's patients go into a set that it shares with entries of the same day that show the same
/// ones. What the report of unusual reading counts patients of has them in a list of its own.
pub fn shares(action: &str, patients: usize) -> bool {
    patients >= FEW && LISTS.contains(&action)
}

/// More different patients than this that one person opens on one day are many, unless their
/// organization says otherwise.
pub const PATIENTS_A_DAY: i32 = 50;

/// What the report of unusual reading looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// A clinician opened a patient who is a clinician of the same organization.
    OwnColleague,
    /// A clinician opened many different patients on one day.
    ManyPatients,
    /// A clinician read on a ground that they stated, without a care relation.
    StatedGround,
    /// A clinician did something in a unit where they have no role now.
    OutsideUnit,
}

impl Pattern {
    /// Every pattern.
    pub const ALL: [Self; 4] = [Self::OwnColleague, Self::ManyPatients, Self::StatedGround, Self::OutsideUnit];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnColleague => "own-colleague",
            Self::ManyPatients => "many-patients",
            Self::StatedGround => "stated-ground",
            Self::OutsideUnit => "outside-unit",
        }
    }
}

/// What is sealed of an entry. The members stand in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Body {
    /// What was done.
    pub action: String,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// Kind of actor.
    pub actor_kind: String,
    /// Level of assurance of the sign-in.
    pub assurance: Option<String>,
    /// When, UTC with microseconds.
    pub at: String,
    /// Structured ground.
    pub ground: String,
    /// The entry.
    pub id: Uuid,
    /// Object.
    pub object_id: Option<Uuid>,
    /// Kind of object.
    pub object_kind: Option<String>,
    /// The tenant: chains of two organizations share no link.
    pub organization: Uuid,
    /// Whom it is about, sorted.
    pub patients: Vec<PatientId>,
    /// Request.
    pub request_id: String,
    /// How it ended.
    pub result: String,
    /// Role it was done in.
    pub role: Option<String>,
    /// When it was sealed, UTC with microseconds.
    pub sealed_at: String,
    /// Unit.
    pub unit: Option<Uuid>,
}

impl Body {
    /// The text.
    pub fn canonical(&self) -> Vec<u8> {
        // A struct of texts, ids and lists of ids has no value that JSON can't say.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A moment as it stands in the text.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The lowest id (UUID version 7) that can have been made at that instant or later: entries are found
/// by their time through the index on their ids.
pub fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// The instant in an id, whole milliseconds; `None` where the id is of another kind.
pub fn time_of(id: Uuid) -> Option<DateTime<Utc>> {
    if id.get_version_num() != 7 {
        return None;
    }
    let millis = id.as_bytes().iter().take(6).fold(0_i64, |millis, byte| (millis << 8) | i64::from(*byte));
    DateTime::from_timestamp_millis(millis)
}

/// Whether an entry's id was made at the entry's time, as every entry's is.
pub fn agree(id: Uuid, at: DateTime<Utc>) -> bool {
    time_of(id).is_some_and(|time| time.timestamp_millis() == at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;
    use crate::domain::ids::LogEntryId;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_795_507_200_123_456).unwrap_or_default()
    }

    #[test]
    fn the_text_is_canonical() {
        let body = Body {
            action: "response.read".into(),
            actor_id: Some(Uuid::from_u128(3)),
            actor_kind: "clinician".into(),
            assurance: None,
            at: moment(at()),
            ground: "care-relation".into(),
            id: Uuid::from_u128(1),
            object_id: None,
            object_kind: None,
            organization: Uuid::from_u128(2),
            patients: vec![PatientId(Uuid::from_u128(4)), PatientId(Uuid::from_u128(5))],
            request_id: "r\"\u{1f}å".into(),
            result: "ok".into(),
            role: Some("clinician".into()),
            sealed_at: moment(at() + Duration::seconds(5)),
            unit: None,
        };
        let text = String::from_utf8(body.canonical()).unwrap_or_default();
        let id = |last: u32| format!("00000000-0000-0000-0000-{last:012}");
        let expected = format!(
            "{{\"action\":\"response.read\",\"actor_id\":\"{}\",\"actor_kind\":\"clinician\",\"assurance\":null,\
             \"at\":\"2026-11-24T08:00:00.123456Z\",\"ground\":\"care-relation\",\"id\":\"{}\",\"object_id\":null,\"object_kind\":null,\
             \"organization\":\"{}\",\"patients\":[\"{}\",\"{}\"],\"request_id\":\"r\\\"\\u001få\",\"result\":\"ok\",\"role\":\"clinician\",\
             \"sealed_at\":\"2026-11-24T08:00:05.123456Z\",\"unit\":null}}",
            id(3),
            id(1),
            id(2),
            id(4),
            id(5),
        );
        assert_eq!(text, expected);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let names: Vec<&String> = value.as_object().map(|members| members.keys().collect()).unwrap_or_default();
        assert!(names.len() == 16 && names.is_sorted());
    }

    #[test]
    fn ids_tell_their_time() {
        let id = LogEntryId::new(at(), &SeededEntropy::new(9)).0;
        assert!(agree(id, at()) && !agree(id, at() + Duration::milliseconds(1)) && !agree(Uuid::from_u128(7), at()));
        assert!(first_id(at()) <= id && first_id(at() + Duration::milliseconds(1)) > id);
        assert_eq!(time_of(Uuid::from_u128(7)), None);
    }
}

//! Our own code systems: what an item means to a clinician.

/// Base address of our code systems.
pub const SYSTEM_BASE: &str = "https://kartlegging.example/fhir/CodeSystem/";
/// Base address of our extensions.
pub const EXTENSION_BASE: &str = "https://kartlegging.example/fhir/StructureDefinition/";
/// Code system of [`Role`].
pub const ITEM_ROLE: &str = "https://kartlegging.example/fhir/CodeSystem/item-role";
/// Code system of problems.
pub const PROBLEM: &str = "https://kartlegging.example/fhir/CodeSystem/problem";
/// Code system of problem categories.
pub const CATEGORY: &str = "https://kartlegging.example/fhir/CodeSystem/problem-category";
/// Category of the emotional problems in [`CATEGORY`].
pub const EMOTIONAL: &str = "emotional";
/// Code system of the topic areas of the needs assessment.
pub const TOPIC: &str = "https://kartlegging.example/fhir/CodeSystem/topic";
/// Code system of yes, no and maybe.
pub const ANSWER: &str = "https://kartlegging.example/fhir/CodeSystem/answer";
/// Code system of better, same, worse and not a problem.
pub const CHANGE: &str = "https://kartlegging.example/fhir/CodeSystem/change";

/// What an item means to a clinician, said in the form by `item.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The distress score.
    DistressScore,
    /// The problems of one category, as a multiple choice.
    ProblemCategory,
    /// How the problems of one category have changed since last time.
    ProblemChange,
    /// Which of the ticked problems burden most.
    BurdensMost,
    /// Whether follow-up is wanted.
    FollowUpWish,
    /// Whether the form may be forwarded.
    ConsentForward,
    /// Words of the person's own.
    FreeText,
    /// Information that is read, not answered.
    Information,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::DistressScore,
        Self::ProblemCategory,
        Self::ProblemChange,
        Self::BurdensMost,
        Self::FollowUpWish,
        Self::ConsentForward,
        Self::FreeText,
        Self::Information,
    ];

    /// The code in [`ITEM_ROLE`].
    pub fn code(self) -> &'static str {
        match self {
            Self::DistressScore => "distress-score",
            Self::ProblemCategory => "problem-category",
            Self::ProblemChange => "problem-change",
            Self::BurdensMost => "burdens-most",
            Self::FollowUpWish => "follow-up-wish",
            Self::ConsentForward => "consent-forward",
            Self::FreeText => "free-text",
            Self::Information => "information",
        }
    }

    /// The role with that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.code()), Some(role));
        }
        assert_eq!(Role::parse("other"), None);
    }
}

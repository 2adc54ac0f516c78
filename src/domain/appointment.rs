//! A visit: booked or cancelled.

/// Whether a visit is to take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitStatus {
    /// It is to take place.
    Booked,
    /// It will not.
    Cancelled,
}

impl VisitStatus {
    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Booked, Self::Cancelled].into_iter().find(|status| status.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for status in [VisitStatus::Booked, VisitStatus::Cancelled] {
            assert_eq!(VisitStatus::parse(status.word()), Some(status));
        }
        assert_eq!(VisitStatus::parse("noshow"), None);
    }
}

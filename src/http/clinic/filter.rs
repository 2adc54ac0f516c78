//! Which rows of the worklist are shown, and in which order: all of it stands in the address, so that a
//! list can be bookmarked. What is not understood is left out, and the page says so.

use crate::domain::clock::oslo_date;
use crate::domain::ids::UnitId;
use crate::http::query::date;
use chrono::{DateTime, Days, NaiveDate, Utc};

/// Ranges that can be chosen, days.
pub(super) const RANGES: [u64; 5] = [1, 3, 7, 14, 31];
/// Days that are shown unless others are chosen.
const USUAL: u64 = 7;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Who needs most first.
    Need,
    /// Who comes first.
    Time,
    /// By name.
    Name,
}

impl Order {
    pub(super) const ALL: [Self; 3] = [Self::Need, Self::Time, Self::Name];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Need => "behov",
            Self::Time => "tid",
            Self::Name => "navn",
        }
    }
}

/// What a row has to be, to be shown; of several, one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// Answered, and nobody has reviewed the newest version.
    Unread,
    /// Asked, not answered; or never asked.
    Unanswered,
    /// At or above the threshold.
    Over,
}

impl Only {
    pub(super) const ALL: [Self; 3] = [Self::Unread, Self::Unanswered, Self::Over];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unread => "ulest",
            Self::Unanswered => "ubesvart",
            Self::Over => "over",
        }
    }
}

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub unit: Option<UnitId>,
    pub from: NaiveDate,
    pub days: u64,
    pub only: Vec<Only>,
    pub order: Order,
    /// Whether something in the address was not understood.
    pub odd: bool,
}

impl Filter {
    /// Reads the query of an address.
    pub(super) fn read(query: &str, now: DateTime<Utc>) -> Self {
        let mut filter = Self { unit: None, from: oslo_date(now), days: USUAL, only: Vec::new(), order: Order::Need, odd: false };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).take(32) {
            let understood = value.is_empty() || filter.take(&name, &value);
            filter.odd |= !understood;
        }
        filter
    }

    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "enhet" => set(&mut self.unit, UnitId::parse(value).map(Some)),
            "fra" => set(&mut self.from, date(value)),
            "dager" => set(&mut self.days, value.parse().ok().filter(|days| RANGES.contains(days))),
            "sorter" => set(&mut self.order, Order::ALL.into_iter().find(|order| order.word() == value)),
            "vis" => Only::ALL.into_iter().find(|only| only.word() == value).is_some_and(|only| {
                if !self.only.contains(&only) {
                    self.only.push(only);
                }
                true
            }),
            // The language, and what others add to addresses.
            _ => true,
        }
    }

    /// The last day.
    pub(super) fn to(&self) -> NaiveDate {
        self.from.checked_add_days(Days::new(self.days - 1)).unwrap_or(self.from)
    }

    /// The same as a query.
    pub(super) fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(unit) = self.unit {
            query.append_pair("enhet", &unit.to_string());
        }
        query.append_pair("fra", &self.from.to_string()).append_pair("dager", &self.days.to_string());
        for only in &self.only {
            query.append_pair("vis", only.word());
        }
        query.append_pair("sorter", self.order.word()).finish()
    }
}

fn set<T>(place: &mut T, value: Option<T>) -> bool {
    let found = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn an_address_says_what_is_shown() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 23, 30, 0).unwrap();
        let usual = Filter::read("", now);
        assert_eq!((usual.from.to_string(), usual.to().to_string()), ("2026-11-25".to_owned(), "2026-12-01".to_owned()));
        assert!(!usual.odd);
        let chosen = Filter::read("fra=2026-12-01&dager=3&vis=ulest&vis=over&vis=ulest&sorter=navn&enhet=", now);
        assert_eq!(chosen.only, [Only::Unread, Only::Over]);
        assert_eq!((chosen.to().to_string(), chosen.order, chosen.odd), ("2026-12-03".to_owned(), Order::Name, false));
        assert_eq!(Filter::read(&chosen.query(), now), chosen);
        for odd in ["fra=i-dag", "dager=2", "vis=alt", "sorter=x", "enhet=7"] {
            let read = Filter::read(odd, now);
            assert!(read.odd, "{odd}");
            assert_eq!(Filter { odd: false, ..read }, usual, "{odd}");
        }
    }
}

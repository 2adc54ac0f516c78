//! Names of fields: the way to an item with the instance of each group or answer on it.

use std::fmt;

/// Where on a page a field stands. Written `f2_0-1`: the second item in instance 0 of the third.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::http::web) struct Name {
    above: Vec<(usize, usize)>,
    item: usize,
}

impl Name {
    /// The name at the end of a way whose groups don't repeat.
    pub(super) fn of_path(path: &[usize]) -> Self {
        let Some((item, above)) = path.split_last() else { return Self::default() };
        Self { above: above.iter().map(|position| (*position, 0)).collect(), item: *item }
    }

    /// The name of an item in an instance of this one.
    pub(super) fn below(&self, instance: usize, item: usize) -> Self {
        let above = self.above.iter().copied().chain([(self.item, instance)]).collect();
        Self { above, item }
    }

    /// This one as an instance, for the marker that it was shown.
    pub(super) fn instance(&self, instance: usize) -> String {
        format!("{self}_{instance}")
    }

    /// Whether the instances that an issue names, those of what repeats, are on the way to here.
    pub(super) fn is_at(&self, instances: &[usize]) -> bool {
        let mut own = self.above.iter().map(|(_, instance)| *instance);
        // Groups that don't repeat have no number in an issue and are 0 here.
        instances.iter().take(self.above.len()).all(|wanted| own.any(|instance| instance == *wanted))
    }

    /// A part of the field, such as its day.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{self}_{part}")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("f")?;
        for (position, instance) in &self.above {
            write!(f, "{position}_{instance}-")?;
        }
        write!(f, "{}", self.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_a_field_stands() {
        let name = Name::of_path(&[2, 1]);
        assert_eq!(name.to_string(), "f2_0-1");
        assert_eq!(name.below(3, 0).to_string(), "f2_0-1_3-0");
        assert_eq!((name.instance(1), name.part("d")), ("f2_0-1_1".to_owned(), "f2_0-1_d".to_owned()));
    }
}

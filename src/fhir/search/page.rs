//! What every search takes beside its own parameters: how many, in which order, how much of each.

use super::{Asked, Fault, FaultKind};

/// Parameters that every resource takes.
pub(super) const COMMON: [&str; 9] = ["_count", "_sort", "_summary", "_elements", "_total", "_format", "_pretty", "_include", "_cursor"];

/// Most resources of one page.
const MOST: usize = 500;
/// As many where nothing is said.
const USUAL: usize = 50;

/// How much of each resource is given (`_summary`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Summary {
    /// All of it.
    #[default]
    All,
    /// What R4 marks as summary.
    Elements,
    /// Without the narrative; there is none here.
    Data,
    /// Nothing but how many there are.
    Count,
}

/// Whether it is said how many there are (`_total`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Total {
    /// Yes.
    #[default]
    Accurate,
    /// No.
    None,
}

/// One step of an order: which parameter, and whether the largest comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Name of the parameter.
    pub name: String,
    /// Largest first.
    pub descending: bool,
}

/// How a search is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most resources that fit the search; 0 asks for their number only.
    pub count: usize,
    /// Order, the first step first.
    pub sort: Vec<Sort>,
    /// How much of each.
    pub summary: Summary,
    /// Only these elements, beside what must be there.
    pub elements: Vec<String>,
    /// Whether the number of all is said.
    pub total: Total,
    /// What is to be given with them, as written.
    pub include: Vec<String>,
    /// Where an earlier page ended, in the service's own words.
    pub cursor: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            count: USUAL,
            sort: Vec::new(),
            summary: Summary::All,
            elements: Vec::new(),
            total: Total::Accurate,
            include: Vec::new(),
            cursor: None,
        }
    }
}

impl Page {
    /// Reads the common ones among the parameters; `sortable` and `includes` are those of the resource.
    pub fn read(asked: &[Asked], sortable: &[&str], includes: &[&str]) -> Result<Self, Fault> {
        let mut page = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for one in asked.iter().filter(|one| COMMON.contains(&one.name.as_str())) {
            if one.name != "_include" {
                if seen.contains(&one.name.as_str()) {
                    return Err(one.fault(FaultKind::Repeated));
                }
                seen.push(&one.name);
            }
            page.take(one, sortable, includes)?;
        }
        Ok(page)
    }

    fn take(&mut self, one: &Asked, sortable: &[&str], includes: &[&str]) -> Result<(), Fault> {
        let malformed = || one.fault(FaultKind::Malformed);
        match one.name.as_str() {
            "_count" => {
                let text = one.single()?;
                let digits = text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
                // More than the most is answered with the most, as R4 has it.
                self.count = digits.then(|| text.parse::<usize>().ok()).flatten().ok_or_else(malformed)?.min(MOST);
            }
            "_sort" => {
                let step = |text: &str| {
                    let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
                    sortable.contains(&name).then(|| Sort { name: name.to_owned(), descending })
                };
                self.sort = one.each(&[], step)?;
            }
            "_summary" => {
                self.summary = match one.single()? {
                    "false" => Summary::All,
                    "true" => Summary::Elements,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    _ => return Err(malformed()),
                };
            }
            "_elements" => {
                let name = |text: &str| {
                    let sound = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
                    sound.then(|| text.to_owned())
                };
                self.elements = one.each(&[], name)?;
            }
            "_total" => {
                self.total = match one.single()? {
                    "none" => Total::None,
                    "estimate" | "accurate" => Total::Accurate,
                    _ => return Err(malformed()),
                };
            }
            "_include" => self.include.extend(one.each(&[], |text| includes.contains(&text).then(|| text.to_owned()))?),
            "_cursor" => self.cursor = Some(one.single()?.to_owned()),
            // `_format` and `_pretty` are read where the answer is written.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Page, Fault> {
        let asked: Vec<Asked> = pairs.iter().map(|(name, value)| Asked::new(name, value, true)).collect();
        Page::read(&asked, &["authored"], &["A:subject"])
    }

    #[test]
    fn what_is_not_said_is_usual() {
        assert_eq!(read(&[("status", "completed")]), Ok(Page::default()));
        assert_eq!(read(&[("_count", "100000")]).map(|page| page.count), Ok(MOST));
        let sort = vec![Sort { name: "authored".into(), descending: true }];
        assert_eq!(read(&[("_sort", "-authored")]).map(|page| page.sort), Ok(sort));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |pairs: &[(&str, &str)]| read(pairs).map_err(|fault| (fault.name, fault.kind));
        assert_eq!(wrong(&[("_count", "-1")]), Err(("_count".into(), FaultKind::Malformed)));
        assert_eq!(wrong(&[("_sort", "name")]), Err(("_sort".into(), FaultKind::Malformed)));
        assert_eq!(wrong(&[("_count:not", "1")]), Err(("_count:not".into(), FaultKind::Modifier)));
        assert_eq!(wrong(&[("_count", "1"), ("_count", "2")]), Err(("_count".into(), FaultKind::Repeated)));
        assert_eq!(wrong(&[("_include", "B:c")]), Err(("_include".into(), FaultKind::Malformed)));
    }
}

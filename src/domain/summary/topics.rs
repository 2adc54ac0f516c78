//! The topic areas of the needs assessment, in their usual order.

/// Codes of the 13 topic areas; their words are in the locales.
pub const TOPICS: [&str; 13] = [
    "family-network",
    "work-education",
    "finances-housing",
    "help-at-home",
    "rehabilitation",
    "physical-activity",
    "nutrition",
    "own-health",
    "resources-learning",
    "leisure-social",
    "mental-health",
    "sexual-health",
    "oral-health",
];

/// Place of a topic in the usual order; unknown ones come last.
pub fn rank(code: &str) -> usize {
    let mut all = TOPICS.iter();
    all.position(|topic| *topic == code).unwrap_or(TOPICS.len())
}

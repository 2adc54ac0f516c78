//! Which language a reader gets.

use crate::domain::language::Language;

/// Most entries of a header that are looked at.
const LONGEST_HEADER: usize = 32;

/// The best of the available languages for an `Accept-Language` header (RFC 9110, section 12.5.4);
/// the first one when nothing fits, and bokmål when there is none. Someone who asks for one form
/// of Norwegian gets the other before a language they did not name.
pub fn negotiate(accept_language: Option<&str>, available: &[Language]) -> Language {
    let mut wanted: Vec<(u16, Language)> =
        accept_language.unwrap_or_default().split(',').take(LONGEST_HEADER).filter_map(entry).filter(|(quality, _)| *quality > 0).collect();
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    let tags = wanted.iter().map(|(_, language)| language);
    let found = tags.clone().find_map(|tag| best(tag, available));
    let sibling = || tags.clone().filter(|tag| is_norwegian(tag)).find_map(|_| norwegian(available));
    found.or_else(sibling).or_else(|| available.first().cloned()).unwrap_or_else(Language::nb)
}

fn best(tag: &Language, available: &[Language]) -> Option<Language> {
    let exact = available.iter().find(|known| *known == tag);
    exact.or_else(|| available.iter().find(|known| known.same_language(tag))).cloned()
}

fn is_norwegian(tag: &Language) -> bool {
    matches!(tag.primary(), "nb" | "nn")
}

fn norwegian(available: &[Language]) -> Option<Language> {
    available.iter().find(|known| is_norwegian(known)).cloned()
}

/// One entry with its quality in thousandths.
fn entry(text: &str) -> Option<(u16, Language)> {
    let mut parts = text.split(';');
    let language = Language::parse(parts.next()?.trim()).ok()?;
    let quality = parts.find_map(|part| part.trim().strip_prefix("q=").map(str::trim));
    Some((quality.map_or(Some(1000), thousandths)?, language))
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.chars().all(|c| c.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_reader_likes_best() {
        let all = [Language::nb(), Language::nn(), Language::en()];
        for (header, tag) in [
            (None, "nb"),
            (Some(""), "nb"),
            (Some("nn"), "nn"),
            (Some("nn-NO, en;q=0.5"), "nn"),
            (Some("de, en-GB;q=0.8, nb;q=0.2"), "en"),
            (Some("en;q=0, nn;q=0.1"), "nn"),
            (Some("no"), "nb"),
            (Some("*;q=x,,;"), "nb"),
        ] {
            assert_eq!(negotiate(header, &all).as_str(), tag, "{header:?}");
        }
        let some = [Language::en(), Language::nb()];
        assert_eq!(negotiate(Some("nn"), &some), Language::nb());
        assert_eq!(negotiate(Some("fr"), &some), Language::en());
    }
}

//! In which language a page is: what was chosen on a page, else what the browser asks for.

use crate::domain::language::Language;
use crate::text;
use actix_web::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap};

/// Query parameter by which a language is chosen.
pub(in crate::http) const PARAMETER: &str = "sprak";
/// Cookie of a session.
pub(super) const SESSION: &str = "__Host-sesjon";
/// Cookie of an entrance.
pub(super) const ENTRANCE: &str = "__Host-inngang";
/// Cookie of a signed-in clinician.
pub(in crate::http) const SEAT: &str = "__Host-klinikk";
/// Cookie of who is away at a provider of sign-in.
pub(in crate::http) const AWAY: &str = "__Host-innlogging";
/// Stands behind the language in the cookie of a session that is remembered.
pub(super) const REMEMBERED: char = '+';
/// Beginning of the cookies of a device, one an invitation.
pub(super) const DEVICE: &str = "__Host-enhet-";

/// The language of a request for a page, and whether it was chosen.
pub(in crate::http) fn of(headers: &HeaderMap, query: &str) -> (Language, bool) {
    let asked = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PARAMETER).map(|(_, tag)| tag.into_owned());
    let kept = || [SESSION, ENTRANCE, SEAT, AWAY].into_iter().find_map(|name| split(cookie(headers, name)?).0);
    if let Some(language) = asked.as_deref().and_then(known).or_else(kept) {
        return (language, true);
    }
    let accept = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    (text::negotiate(accept, text::languages()), false)
}

/// A language of ours.
pub(in crate::http) fn known(tag: &str) -> Option<Language> {
    Language::parse(tag).ok().filter(|language| text::languages().contains(language))
}

/// A cookie's value as it was sent. Those of ours need no decoding.
pub(in crate::http) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies(headers).find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// All cookies that can be read. One of a neighbour's on the same domain that can't hides none of ours;
/// and only blanks are taken off a name, since browsers let `__Host-` be forged behind other spaces.
pub(in crate::http) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let pairs = headers.get_all(COOKIE).flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim_matches([' ', '\t']).split_once('='))
}

/// Takes the language off a cookie's value: `nn.rest`, or `.rest` where none was chosen. A session
/// that is remembered has `nn+.rest`.
pub(in crate::http) fn split(value: &str) -> (Option<Language>, &str) {
    value.split_once('.').map_or((None, value), |(tag, rest)| (known(tag.trim_end_matches(REMEMBERED)), rest))
}

/// Whether the cookie of a session outlives the browser.
pub(super) fn is_remembered(value: &str) -> bool {
    value.split_once('.').is_some_and(|(tag, _)| tag.ends_with(REMEMBERED))
}

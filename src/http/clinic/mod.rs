//! The clinicians' pages: HTML made on the server, which works without scripts.
//!
//! - `seat`: who is signed in, `sign_in`: signing in and out; `room`: what stands around every page; `halt`: why a page can't be shown;
//! - `worklist`: who comes and who needs most, `filter`: which of them; `row`: one of them in words;
//! - `summary`: one patient's answers, as page, text and PDF; `graph`: the scores as a drawing;
//!   `conversation`: the topics to talk about; `deeds`: what can be done about a row;
//! - `paper`: entering a form that came on paper; `glass`: opening a patient of another unit on a stated ground, `find`: looking one up;
//! - `log`: who has seen what; `numbers`: counts of a unit; `launched`: where somebody who comes from an EHR gets.
//!
//! To add a page: a handler with `Seat`, its line in [`routes`](super::routes), its template, its words
//! in `src/text/locales/*/clinic.ftl`, its path in `openapi.yaml`, its step in `tests/browser`.

pub(super) mod conversation;
pub(super) mod deeds;
mod filter;
pub(super) mod find;
pub(super) mod glass;
mod graph;
pub(super) mod halt;
pub(super) mod launched;
pub(super) mod log;
pub(super) mod numbers;
pub(super) mod paper;
mod room;
mod row;
pub(super) mod seat;
pub(super) mod sign_in;
pub(super) mod summary;
pub(super) mod worklist;

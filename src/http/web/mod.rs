//! The patient's pages: HTML made on the server, which works without scripts.
//!
//! - `entry`: the link, the code, the birth date; `mails`: no more mails; `about`: what is asked, and who answers;
//! - `questions`: the pages of the form, made by `form` from any questionnaire;
//! - `check`: all answers, handing in, the receipt; `leave`: declining, another device, ending;
//! - `visit`: what every page takes out of a request; `frame`: what stands around every page;
//!   `stop`: why a page can't be shown, as a page.
//!
//! To add a page: a handler, its line in [`routes`](super::routes), its template, its words in
//! `src/text/locales/*/pages.ftl`, its path in `openapi.yaml`, its step in `tests/browser`.

pub(super) mod about;
pub(super) mod assets;
pub(super) mod check;
pub(super) mod entry;
pub(super) mod form;
pub(super) mod frame;
pub(super) mod language;
pub(super) mod leave;
pub(super) mod mails;
pub(super) mod posted;
pub(super) mod questions;
mod rows;
pub(super) mod stop;
pub(super) mod visit;

pub use form::sent;

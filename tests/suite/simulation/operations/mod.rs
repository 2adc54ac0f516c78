//! What can happen. To add an operation: a function that chooses its particulars and gives a [`Step`],
//! and its line in [`TABLE`]. The step's model has one `unit` for each unit of work of the service.

#![expect(clippy::unnecessary_wraps, reason = "all have the shape of the table")]

mod answering;
mod changing;
mod choosing;
mod entering;
mod erasing;
mod handing_in;
mod holding;
mod inviting;
mod keeping;
mod listing;
mod opening;
mod reading;
mod repeating;
mod rotating;
mod telling;
mod words;
mod working;

use super::dice::Dice;
use super::model::Model;
use super::step::Step;

pub use opening::open_with;
pub use reading::{read_response, read_versions};
pub use telling::{deliver_step, plan_step, server_step};

/// Chooses an operation's particulars; `None` when there is nothing that it could be done to.
type Choose = fn(&mut Choice<'_>) -> Option<Step>;

/// What a choice is made from.
pub struct Choice<'c> {
    pub model: &'c Model,
    pub dice: &'c mut Dice,
    /// A number that no other choice has.
    pub number: u32,
}

/// Weight, name, operation.
pub const TABLE: &[(usize, &str, Choose)] = &[
    (70, "issue", inviting::issue),
    (12, "issue a batch", repeating::batch),
    (25, "repeat an issue", repeating::repeat),
    (18, "move a visit", inviting::move_visit),
    (15, "register a visit", inviting::register),
    (14, "change a visit", changing::change),
    (15, "see an invitation", keeping::get),
    (14, "revoke", keeping::revoke),
    (18, "reissue", keeping::reissue),
    (3, "print on paper", keeping::print),
    (130, "open", opening::open),
    (70, "guess", opening::guess),
    (20, "guess a code", opening::guess_code),
    (150, "save", answering::save),
    (50, "edit", answering::edit),
    (40, "read the draft", answering::read_draft),
    (25, "read the session", holding::read_session),
    (20, "start over", answering::start_over),
    (14, "decline", answering::decline),
    (110, "submit", handing_in::submit),
    (30, "read the receipt", handing_in::receipt),
    (2, "print the copy", handing_in::copy),
    (12, "leave", holding::leave),
    (25, "enter paper", entering::enter),
    (10, "repeat paper", entering::repeat),
    (60, "read a response", reading::response),
    (20, "read versions", reading::versions),
    (25, "read a summary", reading::summary),
    (30, "review", reading::review),
    (25, "worklist", listing::worklist),
    (20, "timeline", listing::timeline),
    (12, "search", listing::search),
    (10, "read the log", listing::log),
    (14, "expire", working::expire),
    (8, "purge", working::purge),
    (6, "claim a job", working::claim),
    (10, "seal and sign the log", working::seal),
    (5, "erase a patient", erasing::erase),
    (5, "rotate a key", rotating::rotate),
    (40, "plan notices", telling::plan),
    (40, "deliver mails", telling::deliver),
    (6, "set a plan of notices", telling::set_plan),
    (6, "set an address for digests", telling::set_address),
    (8, "stop mails", telling::stop),
    (6, "the mail server goes and comes", telling::server),
];

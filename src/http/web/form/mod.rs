//! A form as pages: which items stand together, how they are shown, how what is sent becomes answers.
//!
//! Nothing here knows a particular form. A new kind of item: how it is shown in `view`, its fields in
//! `templates/block.html`, how they are read in `read`.
//!
//! [`sent`] reads a page without a server, for tools and for tests that look for bodies that break it.

mod name;
pub(in crate::http) mod plan;
pub(in crate::http) mod read;
pub(in crate::http) mod view;

use super::posted::Posted;
use crate::domain::answers::Answers;
use crate::domain::questionnaire::Questionnaire;
use crate::http::problem::{Code, Problem};

/// The answers after the body of a sent page of a form, counted from 1, and names of the fields that can't
/// be read. What the page does not show stays as it was before.
pub fn sent(form: &Questionnaire, page: usize, body: &[u8], before: &Answers) -> Result<(Answers, Vec<String>), Problem> {
    let plan = plan::Plan::of(form);
    let page = plan.page(page).ok_or(Problem::new(Code::NotFound))?;
    let (answers, faults) = read::apply(form, page, &Posted::parse(body)?, before);
    Ok((answers, faults.into_iter().map(|fault| fault.field).collect()))
}

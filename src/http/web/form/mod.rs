//! A form as pages: which items stand together, how they are shown, how what is sent becomes answers.
//!
//! Nothing here knows a particular form. A new kind of item: how it is shown in `view`, its fields in
//! `templates/block.html`, how they are read in `read`.

mod name;
pub(super) mod plan;
pub(super) mod read;
pub(super) mod typed;
pub(super) mod view;

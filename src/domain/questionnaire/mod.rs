//! A form in one exact version, in all its languages, with everything the engine executes.
//!
//! The model mirrors FHIR R4 Questionnaire but has decided every question of format: texts carry
//! their translations, value sets are resolved into options, extensions are fields. It is made by
//! `fhir::read`, which refuses what could not be held here. To let the engine execute one thing
//! more: add a field to [`Item`], read it in `fhir::read`, write it in `fhir::write`, obey it in
//! `domain::answers`.

mod codes;
mod condition;
mod control;
mod item;
mod label;
mod limits;
mod option;
mod tree;

pub use codes::{ANSWER, CATEGORY, CHANGE, EMOTIONAL, EXTENSION_BASE, ITEM_ROLE, PROBLEM, Role, SYSTEM_BASE, TOPIC};
pub use condition::{Behavior, Condition, EnableWhen, Operator};
pub use control::Control;
pub use item::{Item, ItemType};
pub use label::Text;
pub use limits::{Limits, Pattern, UnusablePattern};
pub use option::{AnswerOption, Code, Unit};
pub use tree::{Metadata, Questionnaire, Status, ValueSet};

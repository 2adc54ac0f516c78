//! The summary as data, in the shape the API gives it out.

use serde::Serialize;
use uuid::Uuid;

use crate::domain::language::Language;
use crate::domain::respondent::Respondent;

/// What a clinician reads of one response, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The response.
    pub response: Uuid,
    /// Version of the response, from 1.
    pub version: u32,
    /// Language of all words here, free text apart.
    pub language: Language,
    /// The form that was answered.
    pub questionnaire: FormName,
    /// The distress score; `None` if it was not answered or the form has none.
    pub score: Option<Score>,
    /// Whether the form asks for a score at all.
    #[serde(skip)]
    pub asks_score: bool,
    /// At or above which score attention is called for.
    pub threshold: Threshold,
    /// Whether the score is at or above the threshold; `None` without a score.
    pub over_threshold: Option<bool>,
    /// The wish for follow-up; `None` if it was not answered or not asked.
    pub follow_up: Option<Coded>,
    /// Whether the form asks for the wish for follow-up.
    #[serde(skip)]
    pub asks_follow_up: bool,
    /// Whether the form may be forwarded.
    pub consent: Coded,
    /// What burdens most, in the order of the form.
    pub burdens_most: Vec<Coded>,
    /// Problems by category, in the order of the form.
    pub categories: Vec<Category>,
    /// How the problems of each category changed, in a form that asks so.
    pub changes: Vec<Change>,
    /// The person's own words, verbatim.
    pub free_text: Vec<FreeText>,
    /// Every question whose meaning the form does not state, with its answer.
    pub other: Vec<Other>,
    /// Topic areas of the needs assessment that the ticked problems touch.
    pub topics: Vec<Topic>,
    /// Who gave the answers.
    pub respondent: Respondent,
    /// What is different from the response before.
    pub since_previous: Option<Comparison>,
}

/// Which form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormName {
    /// Name by which the product calls it.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Title in the language of the summary.
    pub title: String,
}

/// The distress score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The number.
    pub value: i32,
    /// Lowest number of the scale.
    pub min: i32,
    /// Highest number of the scale.
    pub max: i32,
    /// Words of the option that was chosen.
    pub label: String,
}

/// At or above which score attention is called for; set by each organization, never a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Threshold {
    /// The lowest score that counts.
    pub value: i32,
    /// Where the number comes from.
    pub source: String,
}

/// A code with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coded {
    /// The code.
    pub code: String,
    /// Words for it.
    pub text: String,
}

/// What is known of the consent to forward the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentState {
    /// Given.
    Yes,
    /// Refused.
    No,
    /// Asked, not answered.
    NotAnswered,
    /// Not asked, since the respondent may not decide it.
    NotAsked,
    /// The form does not ask.
    NotInForm,
}

impl ConsentState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Yes, Self::No, Self::NotAnswered, Self::NotAsked, Self::NotInForm];

    /// The code in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotAnswered => "not-answered",
            Self::NotAsked => "not-asked-respondent-may-not-decide",
            Self::NotInForm => "not-in-form",
        }
    }
}

/// The problems of one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// Code of the category, or the item's link id without one.
    pub code: String,
    /// Heading.
    pub text: String,
    /// Whether it was answered.
    pub state: CategoryState,
    /// The problems that were ticked; all others are “no” when the category was answered.
    pub problems: Vec<Problem>,
}

/// Whether the problems of a category were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryState {
    /// At least one problem was ticked.
    Answered,
    /// “None of these” was ticked.
    None,
    /// Nothing was ticked, so nothing is known.
    NotAnswered,
}

/// A problem that was ticked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its code.
    pub code: String,
    /// Its words.
    pub text: String,
    /// Whether it is among what burdens most.
    pub burdens_most: bool,
}

/// How the problems of one category changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Code of the category, or the item's link id without one.
    pub code: String,
    /// The question.
    pub text: String,
    /// The answer; `None` if there is none.
    pub change: Option<Coded>,
}

/// Words of the person's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FreeText {
    /// The item.
    pub link_id: String,
    /// The question.
    pub question: String,
    /// The words, verbatim; `None` if there are none.
    pub text: Option<String>,
    /// Whether it is among what burdens most.
    pub burdens_most: bool,
}

/// A question whose meaning the form does not state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// The item.
    pub link_id: String,
    /// The question.
    pub question: String,
    /// The answer in words; `None` if there is none.
    pub answer: Option<String>,
}

/// A topic area of the needs assessment that problems touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its code.
    pub code: String,
    /// Its words.
    pub text: String,
    /// Codes of the problems that touch it.
    pub from: Vec<String>,
}

/// What is different from the response before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The response before.
    pub previous_response: Uuid,
    /// Its score.
    pub score_before: Option<i32>,
    /// Problems that are ticked now and were not ticked in an answered category before.
    pub added: Vec<Coded>,
    /// Problems that were ticked before and are “no” now.
    pub removed: Vec<Coded>,
}

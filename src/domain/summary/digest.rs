//! The few facts of a response that a worklist sorts by.

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::domain::answers::Answers;
use crate::domain::questionnaire::{ANSWER, Item, Questionnaire, Role};
use crate::domain::value::Value;

/// What a worklist needs to know of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Digest {
    /// The distress score, when the form asks for one and it was answered.
    pub score: Option<i32>,
    /// The wish for follow-up.
    pub wish: Option<Wish>,
    /// How many problems were ticked, the person's own words apart.
    pub problem_count: u32,
    /// Codes of what burdens most, in the order of the form.
    pub burdens_most: Vec<String>,
}

/// Answer to whether follow-up is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Perhaps.
    Maybe,
}

impl Wish {
    /// The code in the code system of answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Maybe => "maybe",
        }
    }

    fn of(value: &Value) -> Option<Self> {
        if let Value::Boolean(yes) = value {
            return Some(if *yes { Self::Yes } else { Self::No });
        }
        let mut all = [Self::Yes, Self::No, Self::Maybe].into_iter();
        all.find(|wish| value.as_coding().is_some_and(|given| given.is(ANSWER, wish.code())))
    }
}

/// Draws the facts from a response. With a form that has no roles everything is empty.
pub fn digest(form: &Questionnaire, answers: &Answers) -> Digest {
    let mut wishes = form.by_role(Role::FollowUpWish);
    let wish = wishes.find_map(|item| answers.values(&item.link_id).find_map(Wish::of));
    Digest { score: score_of(form, answers), wish, problem_count: problem_count(form, answers), burdens_most: burdens_most(form, answers) }
}

/// The distress score: the number of the chosen option, or the number given.
pub fn score_of(form: &Questionnaire, answers: &Answers) -> Option<i32> {
    let mut items = form.by_role(Role::DistressScore);
    items.find_map(|item| {
        let value = answers.values(&item.link_id).next()?;
        number_of(item, value)
    })
}

fn number_of(item: &Item, value: &Value) -> Option<i32> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Decimal(number) => number.to_i32(),
        other => {
            let option = item.option(other)?;
            let ordinal = option.ordinal.and_then(|ordinal| ordinal.to_i32());
            ordinal.or_else(|| option.coding()?.code.parse().ok())
        }
    }
}

fn problem_count(form: &Questionnaire, answers: &Answers) -> u32 {
    let ticked = form
        .by_role(Role::ProblemCategory)
        .flat_map(|item| answers.values(&item.link_id).filter_map(|value| item.option(value)).filter(|option| !option.exclusive));
    u32::try_from(ticked.count()).unwrap_or(u32::MAX)
}

/// Codes of what burdens most, in the order of the form and each once.
pub(super) fn burdens_most(form: &Questionnaire, answers: &Answers) -> Vec<String> {
    let mut codes = Vec::new();
    for item in form.by_role(Role::BurdensMost) {
        for option in form.possible_options(item) {
            let chosen = answers.values(&item.link_id).any(|value| option.is(value));
            let code = option.coding().map(|coding| coding.code.clone());
            codes.extend(code.filter(|code| chosen && !codes.contains(code)));
        }
    }
    codes
}

//! Answers that patients give: each with a text of its own, so that a lost or doubled one is seen.

use super::dice::Dice;
use kartlegging::domain::respondent::{Relation, Respondent, RespondentKind};
use serde_json::{Value, json};
use std::rc::Rc;

/// A word in every free text; it must never stand readable in the database.
pub const MARKER: &str = "hemmeligtsvar";

/// Answers as they are sent, and what must be found again.
#[derive(Debug, Clone)]
pub struct Given {
    pub json: Value,
    /// Link ids with codes or texts, sorted.
    pub flat: Vec<(String, String)>,
    /// A rule of the form is broken: it can't even be saved.
    pub broken: bool,
    /// Nothing that is required is missing, apart from the consent.
    pub whole: bool,
    /// Whether the consent is given; `None` where the form does not ask.
    pub consent: Option<bool>,
    pub score: Option<i32>,
}

impl Given {
    pub fn nothing() -> Rc<Self> {
        let json = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress"});
        Rc::new(Self { json, flat: Vec::new(), broken: false, whole: false, consent: Some(false), score: None })
    }

    /// Answers to a form, numbered.
    pub fn make(dice: &mut Dice, form: &str, consent: bool, number: u32) -> Rc<Self> {
        let broken = dice.one_in(25);
        let asks_consent = form != "follow-up";
        let score = (!dice.one_in(12)).then(|| dice.between(0, 10));
        let wish = ["yes", "maybe", "no"][dice.below(3)];
        let mut items = Vec::new();
        if let Some(score) = score {
            items.push(
                json!({"linkId": "distress", "item": [{"linkId": "score", "answer": [coding("distress-score", &score.to_string())]}]}),
            );
        }
        let mut problems = Vec::new();
        let group = if asks_consent { "problems" } else { "changes" };
        if asks_consent && dice.one_in(2) {
            let ticked = [&["appearance"][..], &["breathing", "urination"], &["none"]][dice.below(3)];
            let ticked: Vec<Value> = ticked.iter().map(|code| coding("problem", code)).collect();
            problems.push(json!({"linkId": "physical", "answer": ticked}));
        }
        problems.push(json!({"linkId": "other-concerns", "answer": [{"valueString": format!("{MARKER} {number}")}]}));
        items.push(json!({"linkId": group, "item": problems}));
        items.push(json!({"linkId": "follow-up", "answer": [coding("answer", wish)]}));
        if consent && asks_consent {
            items.push(json!({"linkId": "consent-forward", "answer": [coding("answer", "yes")]}));
        }
        if broken {
            items.push(json!({"linkId": "no-such-item", "answer": [{"valueString": "x"}]}));
        }
        let json = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": items});
        let score = score.and_then(|score| i32::try_from(score).ok());
        Rc::new(Self { flat: flat(&json), json, broken, whole: score.is_some(), consent: asks_consent.then_some(consent), score })
    }

    /// Whether it can be handed in by that respondent.
    pub fn complete(&self, by: &Respondent) -> bool {
        !self.broken && self.whole && self.consent.is_none_or(|given| given == by.may_decide_consent())
    }
}

fn coding(system: &str, code: &str) -> Value {
    json!({"valueCoding": {"system": format!("https://kartlegging.example/fhir/CodeSystem/{system}"), "code": code}})
}

/// Link ids with codes or texts, sorted.
pub fn flat(resource: &Value) -> Vec<(String, String)> {
    fn walk(at: &Value, into: &mut Vec<(String, String)>) {
        for item in at["item"].as_array().into_iter().flatten() {
            let link = item["linkId"].as_str().unwrap_or_default();
            for answer in item["answer"].as_array().into_iter().flatten() {
                let code = answer["valueCoding"]["code"].as_str();
                let text = code.or(answer["valueString"].as_str()).map_or_else(|| answer.to_string(), str::to_owned);
                into.push((link.to_owned(), text));
                walk(answer, into);
            }
            walk(item, into);
        }
    }
    let mut all = Vec::new();
    walk(resource, &mut all);
    all.sort();
    all
}

/// Who answers.
pub fn respondent(dice: &mut Dice) -> Respondent {
    let representative = |relation| Respondent {
        kind: RespondentKind::Representative,
        relation: Some(relation),
        name: Some("Kari Oppdiktet".to_owned()),
        phone: Some("55 00 00 03".to_owned()),
    };
    match dice.below(8) {
        0 => Respondent::of(RespondentKind::Helper),
        1 => representative(Relation::Parent),
        2 => representative(Relation::PowerOfAttorney),
        _ => Respondent::patient(),
    }
}

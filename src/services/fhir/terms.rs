//! Our own code systems, and the value sets that forms hold.

use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::policy::Ground;
use crate::domain::questionnaire::{AnswerOption, Questionnaire, SYSTEM_BASE};
use crate::fhir::write::{Concept, Terms, form_id};
use crate::services::library::Library;
use std::collections::BTreeMap;

/// Code systems, each with the set of all its codes; and the other value sets.
#[derive(Debug, Clone, Default)]
pub struct Terminology {
    /// Code systems.
    pub systems: Vec<Terms>,
    /// Value sets, those of whole systems among them.
    pub sets: Vec<Terms>,
}

/// Everything that the forms and the product define.
pub fn terms(library: &Library) -> Terminology {
    let mut systems: BTreeMap<String, Terms> = BTreeMap::new();
    let mut sets = Vec::new();
    for form in library.all().map(|form| &form.questionnaire) {
        for option in form.walk().flat_map(|item| &item.options) {
            if let Some(one) = concept(option)
                && let Some(id) = one.system.strip_prefix(SYSTEM_BASE)
            {
                let known = systems.entry(id.to_owned()).or_insert_with(|| empty(id));
                if !known.concepts.iter().any(|own| own.code == one.code) {
                    known.concepts.push(one);
                }
            }
        }
        sets.extend(contained(form));
    }
    for (id, codes) in own() {
        let concepts = codes.into_iter().map(|code| Concept { system: format!("{SYSTEM_BASE}{id}"), code: code.to_owned(), display: None });
        systems.insert(id.to_owned(), Terms { concepts: concepts.collect(), ..empty(id) });
    }
    let systems: Vec<Terms> = systems.into_values().collect();
    sets.extend(systems.iter().cloned());
    Terminology { systems, sets }
}

/// Words of the product that stand in its resources.
fn own() -> [(&'static str, Vec<&'static str>); 2] {
    let closed = [ClosedReason::Expired, ClosedReason::Revoked, ClosedReason::Declined, ClosedReason::Locked];
    let open = [InvitationState::Issued, InvitationState::Opened, InvitationState::Started, InvitationState::Answered];
    let states =
        open.iter().map(|state| state.word()).chain(closed.iter().filter_map(|reason| InvitationState::Closed(*reason).reason_word()));
    let grounds = std::iter::once(Ground::CareRelation).chain(Ground::STATED).map(Ground::word);
    [("invitation-state", states.collect()), ("ground", grounds.collect())]
}

fn concept(option: &AnswerOption) -> Option<Concept> {
    let coding = option.coding()?;
    Some(Concept { system: coding.system.clone()?, code: coding.code.clone(), display: Some(option.label.base.clone()) })
}

fn empty(id: &str) -> Terms {
    Terms { id: id.to_owned(), url: None, name: name_of(id), title: format!("Kartlegging: {id}"), concepts: Vec::new() }
}

/// `problem-category` as `ProblemCategory`: R4 wants names that programs can use (`vsd-0`).
fn name_of(id: &str) -> String {
    let words = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    let name: String = words.map(capital).collect();
    if name.starts_with(|c: char| c.is_ascii_uppercase()) { name } else { format!("Set{name}") }
}

/// Value sets contained in a form, each as a resource of its own.
fn contained(form: &Questionnaire) -> Vec<Terms> {
    let set = |set: &crate::domain::questionnaire::ValueSet| {
        let options = form.walk().find(|item| item.value_set.as_ref() == Some(&set.id)).map(|item| item.options.as_slice())?;
        let id: String = format!("{}-{}", form_id(form), set.id).chars().take(64).collect();
        let title = set.title.clone().unwrap_or_else(|| set.id.clone());
        Some(Terms { url: set.url.clone(), name: name_of(&id), title, concepts: options.iter().filter_map(concept).collect(), id })
    };
    form.metadata.value_sets.iter().filter_map(set).collect()
}

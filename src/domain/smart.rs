//! Scopes as SMART on FHIR writes them, as our own words: `system/QuestionnaireResponse.rs` (version 2) and
//! `system/QuestionnaireResponse.read` (version 1); `patient/…` gives the same about one patient only, the one
//! in the claim `patient` (SMART App Launch 2.2, scopes and launch context).
//!
//! A scope of ours is given only when the other one gives all that ours does, so that no token ever
//! allows more than it says. Restrictions (`?status=completed`) and `user/…` are not understood and give
//! nothing.

use super::actor::{Scope, Width};
use super::ids::PatientId;
use std::collections::BTreeSet;

/// What is needed of a resource for a scope of ours: its type, the letters of version 2.
const NEEDS: [(Scope, &str, &str); 4] = [
    (Scope::ResponsesRead, "QuestionnaireResponse", "rs"),
    (Scope::ResponsesWrite, "QuestionnaireResponse", "cu"),
    (Scope::PatientsRead, "Patient", "rs"),
    (Scope::InvitationsRead, "Task", "rs"),
];

/// What stands before a scope about everybody, and before one about one patient.
const SYSTEM: &str = "system/";
const PATIENT: &str = "patient/";

/// Every scope of SMART that is understood, as it is announced.
pub fn announced() -> Vec<String> {
    let both = |about: &str, (_, kind, letters): &(Scope, &str, &str)| {
        let word = if *letters == "rs" { "read" } else { "write" };
        [format!("{about}{kind}.{letters}"), format!("{about}{kind}.{word}")]
    };
    [SYSTEM, PATIENT].into_iter().flat_map(|about| NEEDS.iter().flat_map(move |need| both(about, need))).collect()
}

/// What a token gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Our scopes.
    pub scopes: BTreeSet<Scope>,
    /// About whom. One scope `patient/…`, understood or not, confines the whole token.
    pub width: Width,
}

/// Reads the scopes of a token and its claim `patient`.
pub fn given<'w>(words: impl IntoIterator<Item = &'w str>, patient: Option<&str>) -> Given {
    let mut given = Given { scopes: BTreeSet::new(), width: Width::Organization };
    for word in words {
        given.scopes.extend(scopes(word));
        if word.starts_with(PATIENT) {
            given.width = patient.and_then(named).map_or(Width::Nobody, Width::Patient);
        }
    }
    given
}

/// The patient that a launch context names: the id of `Patient` here, by itself or as a reference.
fn named(text: &str) -> Option<PatientId> {
    PatientId::parse(text.strip_prefix("Patient/").unwrap_or(text))
}

/// Scopes of ours as words of a token about one patient; those that can't be about one are left out.
pub fn of_patient(scopes: &BTreeSet<Scope>) -> Vec<String> {
    let own = NEEDS.iter().filter(|(scope, ..)| scopes.contains(scope));
    own.map(|(_, kind, letters)| format!("{PATIENT}{kind}.{letters}")).collect()
}

/// Our scopes that a word of a token gives: one of our own, or what stands in a scope of SMART.
fn scopes(word: &str) -> Vec<Scope> {
    if let Some(own) = Scope::parse(word) {
        return vec![own];
    }
    let Some((kind, letters)) = parts(word) else { return Vec::new() };
    let gives = |(_, needed, all): &&(Scope, &str, &str)| (kind == "*" || kind == *needed) && all.chars().all(|c| letters.contains(c));
    NEEDS.iter().filter(gives).map(|(scope, ..)| *scope).collect()
}

/// Type of the resource, and what may be done with it in letters of version 2.
fn parts(word: &str) -> Option<(&str, &str)> {
    let (kind, access) = word.strip_prefix(SYSTEM).or_else(|| word.strip_prefix(PATIENT))?.split_once('.')?;
    let letters = match access {
        "read" => "rs",
        "write" => "cud",
        "*" => "cruds",
        // In the order of the specification, each once.
        _ => {
            let mut order = "cruds".chars();
            let sound = !access.is_empty() && access.chars().all(|c| order.any(|own| own == c));
            if !sound {
                return None;
            }
            access
        }
    };
    Some((kind, letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_gives_what_it_says_and_no_more() {
        for (word, gives) in [
            ("responses:read", vec![Scope::ResponsesRead]),
            ("system/QuestionnaireResponse.rs", vec![Scope::ResponsesRead]),
            ("system/QuestionnaireResponse.read", vec![Scope::ResponsesRead]),
            ("system/QuestionnaireResponse.cu", vec![Scope::ResponsesWrite]),
            ("system/QuestionnaireResponse.write", vec![Scope::ResponsesWrite]),
            ("system/QuestionnaireResponse.cruds", vec![Scope::ResponsesRead, Scope::ResponsesWrite]),
            ("system/QuestionnaireResponse.*", vec![Scope::ResponsesRead, Scope::ResponsesWrite]),
            ("system/Patient.rs", vec![Scope::PatientsRead]),
            ("system/Task.read", vec![Scope::InvitationsRead]),
            ("system/*.rs", vec![Scope::ResponsesRead, Scope::PatientsRead, Scope::InvitationsRead]),
            ("system/QuestionnaireResponse.r", vec![]),
            ("system/QuestionnaireResponse.sr", vec![]),
            ("system/QuestionnaireResponse.rs?status=completed", vec![]),
            ("system/QuestionnaireResponse.", vec![]),
            ("system/Observation.rs", vec![]),
            ("patient/QuestionnaireResponse.rs", vec![Scope::ResponsesRead]),
            ("patient/QuestionnaireResponse.read", vec![Scope::ResponsesRead]),
            ("patient/QuestionnaireResponse.cu", vec![Scope::ResponsesWrite]),
            ("patient/QuestionnaireResponse.write", vec![Scope::ResponsesWrite]),
            ("patient/Patient.rs", vec![Scope::PatientsRead]),
            ("patient/Task.rs", vec![Scope::InvitationsRead]),
            ("patient/*.rs", vec![Scope::ResponsesRead, Scope::PatientsRead, Scope::InvitationsRead]),
            ("patient/*.*", vec![Scope::ResponsesRead, Scope::ResponsesWrite, Scope::PatientsRead, Scope::InvitationsRead]),
            ("patient/QuestionnaireResponse.c", vec![]),
            ("patient/QuestionnaireResponse.uc", vec![]),
            ("patient/QuestionnaireResponse.rs?status=completed", vec![]),
            ("patient/system/QuestionnaireResponse.rs", vec![]),
            ("Patient/QuestionnaireResponse.rs", vec![]),
            ("launch/patient", vec![]),
            ("user/QuestionnaireResponse.rs", vec![]),
            ("openid", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(scopes(word), gives, "{word}");
        }
    }

    const ID: &str = "0190a2c5-0000-7000-8000-000000000001";

    #[test]
    fn what_is_announced_is_understood() {
        let own = Width::Patient(PatientId::parse(ID).expect("an id"));
        let mut widths = Vec::new();
        for word in announced() {
            let given = given([word.as_str()], Some(ID));
            assert!(!given.scopes.is_empty(), "{word}");
            assert_eq!(given.width, if word.starts_with("patient/") { own } else { Width::Organization }, "{word}");
            widths.push(given.width);
        }
        assert!(widths.contains(&own) && widths.contains(&Width::Organization));
    }

    #[test]
    fn one_word_about_a_patient_confines_the_token() {
        let own = Width::Patient(PatientId::parse(ID).expect("an id"));
        let reference = format!("Patient/{ID}");
        let (spaced, longer) = (format!(" {ID}"), format!("{ID}0"));
        for (words, patient, width) in [
            ("patient/QuestionnaireResponse.rs", Some(ID), own),
            ("patient/QuestionnaireResponse.rs", Some(reference.as_str()), own),
            ("system/QuestionnaireResponse.rs patient/Task.rs letters:render", Some(ID), own),
            ("patient/Task.rs system/QuestionnaireResponse.rs", Some(ID), own),
            ("system/QuestionnaireResponse.rs patient/Medication.rs", Some(ID), own),
            ("system/QuestionnaireResponse.rs patient/", None, Width::Nobody),
            ("patient/QuestionnaireResponse.rs", None, Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some(""), Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some("Patient/"), Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some("patient-7"), Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some(spaced.as_str()), Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some(longer.as_str()), Width::Nobody),
            ("patient/QuestionnaireResponse.rs", Some("Practitioner/0190a2c5-0000-7000-8000-000000000001"), Width::Nobody),
            ("system/QuestionnaireResponse.rs launch/patient", Some(ID), Width::Organization),
            ("system/QuestionnaireResponse.rs", Some(ID), Width::Organization),
            ("responses:read", None, Width::Organization),
        ] {
            assert_eq!(given(words.split(' '), patient).width, width, "{words} {patient:?}");
        }
    }

    #[test]
    fn words_about_one_patient_give_the_scopes_that_they_stand_for() {
        let all = BTreeSet::from(Scope::ALL);
        let words = of_patient(&all);
        let back = given(words.iter().map(String::as_str), Some(ID));
        let expected = [Scope::InvitationsRead, Scope::ResponsesRead, Scope::ResponsesWrite, Scope::PatientsRead];
        assert_eq!(back.scopes, BTreeSet::from(expected));
        assert_eq!(of_patient(&BTreeSet::from([Scope::LettersRender])), Vec::<String>::new());
    }
}

//! Scopes as SMART on FHIR writes them, as our own words: `system/QuestionnaireResponse.rs` (version 2) and
//! `system/QuestionnaireResponse.read` (version 1).
//!
//! A scope of ours is given only when the other one gives all that ours does, so that no token ever
//! allows more than it says. Restrictions (`?status=completed`) and `patient/…`, which is about one patient
//! only, are not understood and give nothing.

use super::actor::Scope;

/// What is needed of a resource for a scope of ours: its type, the letters of version 2.
const NEEDS: [(Scope, &str, &str); 4] = [
    (Scope::ResponsesRead, "QuestionnaireResponse", "rs"),
    (Scope::ResponsesWrite, "QuestionnaireResponse", "cu"),
    (Scope::PatientsRead, "Patient", "rs"),
    (Scope::InvitationsRead, "Task", "rs"),
];

/// Every scope of SMART that is understood, as it is announced.
pub fn announced() -> Vec<String> {
    let both = |(_, kind, letters): &(Scope, &str, &str)| {
        let word = if *letters == "rs" { "read" } else { "write" };
        [format!("system/{kind}.{letters}"), format!("system/{kind}.{word}")]
    };
    NEEDS.iter().flat_map(both).collect()
}

/// Our scopes that a word of a token gives: one of our own, or what stands in a scope of SMART.
pub fn scopes(word: &str) -> Vec<Scope> {
    if let Some(own) = Scope::parse(word) {
        return vec![own];
    }
    let Some((kind, letters)) = parts(word) else { return Vec::new() };
    let gives = |(_, needed, all): &&(Scope, &str, &str)| (kind == "*" || kind == *needed) && all.chars().all(|c| letters.contains(c));
    NEEDS.iter().filter(gives).map(|(scope, ..)| *scope).collect()
}

/// Type of the resource, and what may be done with it in letters of version 2.
fn parts(word: &str) -> Option<(&str, &str)> {
    let (kind, access) = word.strip_prefix("system/")?.split_once('.')?;
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
            ("patient/QuestionnaireResponse.rs", vec![]),
            ("user/QuestionnaireResponse.rs", vec![]),
            ("openid", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(scopes(word), gives, "{word}");
        }
    }

    #[test]
    fn what_is_announced_is_understood() {
        for word in announced() {
            assert!(!scopes(&word).is_empty(), "{word}");
        }
    }
}

//! Who a `Patient` of another system is: the national identifiers in it, and nothing else.

use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use serde_json::Value;

/// Most identifiers that are looked at.
const MOST: usize = 16;

/// The national identifiers of a `Patient`, each once; `None` where it is not the one that was asked for. What
/// stands there as old, or can't be one, is passed over.
pub fn national(resource: &Value, id: &str, allow_synthetic: bool) -> Option<Vec<PatientIdentifier>> {
    if resource["resourceType"] != "Patient" || resource["id"] != id {
        return None;
    }
    let mut found = Vec::new();
    for one in resource["identifier"].as_array().into_iter().flatten().take(MOST) {
        let (Some(system), Some(value)) = (one["system"].as_str(), one["value"].as_str()) else { continue };
        if system == IdentifierSystem::Local.uri() || one["use"] == "old" {
            continue;
        }
        if let Ok(identifier) = PatientIdentifier::parse(system, None, value, allow_synthetic)
            && !found.contains(&identifier)
        {
            found.push(identifier);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const FNR: &str = "urn:oid:2.16.578.1.12.4.1.4.1";

    fn values(identifiers: &Value, allow_synthetic: bool) -> Vec<String> {
        let patient = json!({"resourceType": "Patient", "id": "p", "identifier": identifiers});
        national(&patient, "p", allow_synthetic).unwrap().iter().map(|one| one.value().to_owned()).collect()
    }

    #[test]
    fn national_identifiers_are_found_among_others() {
        let own = json!({"system": FNR, "value": "13904709535"});
        let all = json!([
            {"system": "urn:ehr", "value": "13904709535"},
            {"system": "urn:kartlegging:local-patient-number", "value": "1", "assigner": {"display": "x"}},
            {"system": FNR, "value": "13906030130", "use": "old"},
            {"system": FNR, "value": "13904709536"},
            {"system": FNR},
            {"value": "13904709535"},
            "13904709535",
            own,
            own,
            {"system": "urn:oid:2.16.578.1.12.4.1.4.2", "value": "47906701517", "use": "official"},
        ]);
        assert_eq!(values(&all, true), ["13904709535", "47906701517"]);
        assert!(values(&all, false).is_empty());
        assert!(values(&json!("13904709535"), true).is_empty());
        let late: Vec<Value> = (0..MOST).map(|_| json!({})).chain([own]).collect();
        assert!(values(&json!(late), true).is_empty());
    }

    #[test]
    fn another_resource_is_not_read() {
        let identifier = json!([{"system": FNR, "value": "13904709535"}]);
        for (kind, id) in [("Patient", "q"), ("Person", "p"), ("Bundle", "p")] {
            assert_eq!(national(&json!({"resourceType": kind, "id": id, "identifier": identifier}), "p", true), None, "{kind}/{id}");
        }
        assert_eq!(national(&json!([]), "p", true), None);
        assert_eq!(national(&Value::Null, "", true), None);
    }

    proptest! {
        #[test]
        fn no_json_panics(text in ".{0,60}") {
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let _ = national(&value, "p", true);
            let _ = national(&json!({"resourceType": "Patient", "id": "p", "identifier": [value]}), "p", true);
        }
    }
}

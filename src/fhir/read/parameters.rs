//! Reads what an operation of R4 is called with (<https://hl7.org/fhir/R4/operations.html>): `Parameters`, or
//! the one resource that may stand for them.

use serde_json::Value as Json;

use crate::fhir::search::{Reference, parse_reference};

/// An element that can't be used, as `FHIRPath`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} can't be used")]
pub struct Fault(pub &'static str);

/// The parameters as a whole.
const ALL: &str = "Parameters.parameter";
/// Where a response stands.
pub const RESPONSE: &str = "Parameters.parameter.where(name='response')";
/// Where a form is named.
pub const FORM: &str = "Parameters.parameter.where(name='questionnaire')";
/// Where the person is named.
pub const SUBJECT: &str = "Parameters.parameter.where(name='subject')";
/// Where it is said what a form is filled in for.
pub const CONTEXT: &str = "Parameters.parameter.where(name='context')";

/// Most parameters of one call.
const MOST: usize = 100;

/// Named parameters of one list, each a JSON object.
struct Named<'a>(Vec<(&'a str, &'a Json)>);

impl<'a> Named<'a> {
    fn read(list: Option<&'a Json>) -> Result<Self, Fault> {
        let all = match list {
            None => return Ok(Self(Vec::new())),
            Some(list) => list.as_array().filter(|all| (1..=MOST).contains(&all.len())).ok_or(Fault(ALL))?,
        };
        let named = all.iter().map(|one| one["name"].as_str().map(|name| (name, one)).ok_or(Fault(ALL)));
        named.collect::<Result<_, _>>().map(Self)
    }

    fn of(body: &'a Json, known: &[&str]) -> Result<Self, Fault> {
        if body["resourceType"] != "Parameters" {
            return Err(Fault("Parameters"));
        }
        let named = Self::read(body.get("parameter"))?;
        if named.0.iter().all(|(name, _)| known.contains(name)) { Ok(named) } else { Err(Fault(ALL)) }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a Json> {
        self.0.iter().filter(move |(own, _)| *own == name).map(|(_, one)| *one)
    }

    /// The parameter that may stand once; `place` is what is at fault when it stands twice.
    fn one(&self, name: &str, place: &'static str) -> Result<Option<&'a Json>, Fault> {
        let mut own = self.all(name);
        match (own.next(), own.next()) {
            (found, None) => Ok(found),
            _ => Err(Fault(place)),
        }
    }

    /// The text of a parameter that may stand once; empty where it is none.
    fn word(&self, name: &str, member: &str, place: &'static str) -> Result<Option<&'a str>, Fault> {
        Ok(self.one(name, place)?.map(|one| one[member].as_str().unwrap_or_default()))
    }
}

/// Where it is said what is to be done with a resource that is validated, and against which profile.
const MODE: &str = "Parameters.parameter.where(name='mode')";
const PROFILE: &str = "Parameters.parameter.where(name='profile')";
/// Where it is said whether what is known here may be used.
const LOCAL: &str = "Parameters.parameter.where(name='local')";

/// The resource that an operation is about: the body itself, or the parameter with one of `names`. `others`
/// are parameters that may stand beside it.
fn resource<'a>(body: &'a Json, kind: &str, names: &[&str], others: &[&str], place: &'static str) -> Result<&'a Json, Fault> {
    if body["resourceType"] == kind {
        return Ok(body);
    }
    let known: Vec<&str> = names.iter().chain(others).copied().collect();
    let given = Named::of(body, &known)?;
    let mut found = names.iter().flat_map(|name| given.all(name));
    let (Some(one), None) = (found.next(), found.next()) else { return Err(Fault(place)) };
    one.get("resource").filter(|resource| resource["resourceType"] == kind).ok_or(Fault(place))
}

/// Profiles that a response can be validated against: what R4 says of every response.
const PROFILES: [&str; 1] = ["http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse"];

/// Whether a response can be validated so: `mode` and `profile` of the operation.
pub fn validation(mode: Option<&str>, profile: Option<&str>) -> Result<(), Fault> {
    if mode.is_some_and(|mode| !["create", "update", "profile"].contains(&mode)) {
        return Err(Fault(MODE));
    }
    if profile.is_some_and(|profile| !PROFILES.contains(&profile)) {
        return Err(Fault(PROFILE));
    }
    Ok(())
}

/// The response that `$validate` is asked about.
pub fn validate(body: &Json) -> Result<&Json, Fault> {
    let found =
        resource(body, "QuestionnaireResponse", &["resource"], &["mode", "profile"], "Parameters.parameter.where(name='resource')")?;
    if body["resourceType"] == "Parameters" {
        let named = Named::read(body.get("parameter"))?;
        validation(named.word("mode", "valueCode", MODE)?, named.word("profile", "valueUri", PROFILE)?)?;
    }
    Ok(found)
}

/// The response that `$extract` is asked about, by type. A form that stands beside it is not read: only
/// what is served here can be extracted from.
pub fn extract(body: &Json) -> Result<&Json, Fault> {
    const PLACE: &str = "Parameters.parameter.where(name='questionnaire-response')";
    resource(body, "QuestionnaireResponse", &["questionnaire-response"], &["questionnaire"], PLACE)
}

/// The response that `$process-response` brings; SDC 3 calls it `in` in its profile and `response` in its
/// definition.
pub fn process(body: &Json) -> Result<&Json, Fault> {
    resource(body, "QuestionnaireResponse", &["response", "in"], &[], RESPONSE)
}

/// What `$populate` and `$populatelink` are asked with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Populate {
    /// The form: canonical address with or without version, or `Questionnaire/<id>`.
    pub form: Option<String>,
    /// Who the answers will be about.
    pub subject: Option<Reference>,
    /// What it is filled in for: an invitation, a visit, a unit.
    pub contexts: Vec<Reference>,
}

/// Reads them; `base` is the address of the FHIR service. What else may be brought along to fill a form
/// with is not used: our forms say nothing about where answers come from.
pub fn populate(body: &Json, base: &str) -> Result<Populate, Fault> {
    let known = ["identifier", "canonical", "questionnaire", "questionnaireRef", "subject", "context", "local", "launchContext"];
    let named = Named::of(body, &known)?;
    let mut forms = ["canonical", "questionnaire", "questionnaireRef"].into_iter().flat_map(|name| named.all(name));
    let form = match (forms.next(), forms.next(), named.one("identifier", FORM)?) {
        (None, None, None) => None,
        (Some(one), None, None) => Some(address(one, base).ok_or(Fault(FORM))?),
        // No form of ours has an identifier beside its address.
        _ => return Err(Fault(FORM)),
    };
    let subject = named.one("subject", SUBJECT)?;
    let subject = subject.map(|one| reference(&one["valueReference"], base).ok_or(Fault(SUBJECT))).transpose()?;
    if named.one("local", LOCAL)?.is_some_and(|local| !local["valueBoolean"].is_boolean()) {
        return Err(Fault(LOCAL));
    }
    let mut contexts = Vec::new();
    for one in named.all("context") {
        let parts = Named::read(one.get("part"))?;
        for content in parts.all("content") {
            contexts.push(content_of(content, base).ok_or(Fault(CONTEXT))?);
        }
    }
    Ok(Populate { form, subject, contexts })
}

/// The form as an address, a reference, or by the address and version of the form that is brought along.
fn address(one: &Json, base: &str) -> Option<String> {
    let whole = &one["resource"];
    if whole["resourceType"] == "Questionnaire" {
        let url = whole["url"].as_str()?;
        return Some(whole["version"].as_str().map_or_else(|| url.to_owned(), |version| format!("{url}|{version}")));
    }
    if let Some(text) = one["valueReference"]["reference"].as_str() {
        return Some(text.strip_prefix(base).map_or(text, |rest| rest.trim_start_matches('/')).to_owned());
    }
    ["valueUri", "valueCanonical", "valueUrl"].into_iter().find_map(|member| one[member].as_str()).map(str::to_owned)
}

fn reference(value: &Json, base: &str) -> Option<Reference> {
    parse_reference(value["reference"].as_str()?, base)
}

/// What a context is: a reference, or a resource with an id.
fn content_of(content: &Json, base: &str) -> Option<Reference> {
    let whole = &content["resource"];
    if let Some(kind) = whole["resourceType"].as_str() {
        return Some(Reference { kind: Some(kind.to_owned()), id: whole["id"].as_str().unwrap_or_default().to_owned() });
    }
    reference(&content["valueReference"], base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn called(parameters: &Json) -> Json {
        json!({"resourceType": "Parameters", "parameter": parameters})
    }

    #[test]
    fn a_response_stands_alone_or_in_its_parameter() {
        let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed"});
        for name in ["response", "in"] {
            assert_eq!(process(&called(&json!([{"name": name, "resource": response}]))), Ok(&response));
        }
        assert_eq!(process(&response), Ok(&response));
        let twice = called(&json!([{"name": "response", "resource": response}, {"name": "in", "resource": response}]));
        assert_eq!(process(&twice), Err(Fault(RESPONSE)));
        assert_eq!(process(&called(&json!([{"name": "response", "resource": {"resourceType": "Patient"}}]))), Err(Fault(RESPONSE)));
        assert_eq!(process(&called(&json!([{"name": "colour", "valueString": "red"}]))), Err(Fault(ALL)));
        assert_eq!(process(&called(&json!([]))), Err(Fault(ALL)));
        assert_eq!(process(&json!({"resourceType": "Patient"})), Err(Fault("Parameters")));
    }

    #[test]
    fn a_validation_is_of_what_can_be_validated() {
        let response = json!({"resourceType": "QuestionnaireResponse"});
        let with = |more: Json| validate(&called(&json!([{"name": "resource", "resource": response}, more]))).map(|_| ());
        assert_eq!(with(json!({"name": "mode", "valueCode": "create"})), Ok(()));
        assert_eq!(with(json!({"name": "profile", "valueUri": PROFILES[0]})), Ok(()));
        assert!(with(json!({"name": "mode", "valueCode": "delete"})).is_err());
        assert!(with(json!({"name": "profile", "valueUri": "https://profiles.example/other"})).is_err());
    }

    #[test]
    fn a_form_is_named_in_each_way_that_sdc_has() {
        let base = "https://answers.example/fhir";
        let form = |parameter: Json| populate(&called(&json!([parameter])), base).map(|read| read.form);
        let url = "https://forms.example/Questionnaire/one|1";
        for parameter in [
            json!({"name": "questionnaire", "valueUri": url}),
            json!({"name": "canonical", "valueCanonical": url}),
            json!({"name": "questionnaire", "resource": {"resourceType": "Questionnaire", "url": "https://forms.example/Questionnaire/one", "version": "1"}}),
        ] {
            assert_eq!(form(parameter), Ok(Some(url.to_owned())));
        }
        let by_id = Ok(Some("Questionnaire/one-1".to_owned()));
        assert_eq!(form(json!({"name": "questionnaireRef", "valueReference": {"reference": "Questionnaire/one-1"}})), by_id);
        let whole = json!({"name": "questionnaire", "valueReference": {"reference": format!("{base}/Questionnaire/one-1")}});
        assert_eq!(form(whole), by_id);
        assert_eq!(form(json!({"name": "identifier", "valueIdentifier": {"value": "x"}})), Err(Fault(FORM)));
        assert_eq!(form(json!({"name": "questionnaire", "valueString": "x"})), Err(Fault(FORM)));
    }

    #[test]
    fn people_and_contexts_are_references() {
        let task = json!({"name": "context", "part": [{"name": "name", "valueString": "task"}, {"name": "content", "valueReference": {"reference": "Task/a"}}]});
        let visit = json!({"name": "context", "part": [{"name": "name", "valueString": "visit"}, {"name": "content", "resource": {"resourceType": "Appointment", "id": "b"}}]});
        let subject = json!({"name": "subject", "valueReference": {"reference": "Patient/p"}});
        let read = populate(&called(&json!([subject, task, visit])), "").expect("parameters");
        let to = |kind: &str, id: &str| Reference { kind: Some(kind.to_owned()), id: id.to_owned() };
        assert_eq!(read.subject, Some(to("Patient", "p")));
        assert_eq!(read.contexts, [to("Task", "a"), to("Appointment", "b")]);
        assert_eq!(populate(&called(&json!([subject, subject])), ""), Err(Fault(SUBJECT)));
        assert_eq!(populate(&called(&json!([{"name": "subject", "valueString": "Patient/p"}])), ""), Err(Fault(SUBJECT)));
    }
}

//! Signing in through the program as it is installed: its settings, a certified provider, its log.

use super::admin::installed;
use crate::clinic::links::is_in;
use crate::support::app::Kind;
use crate::support::browser::Browser;
use crate::support::program::{Program, alone};
use crate::support::provider::{Person, Provider};
use crate::support::world::FNR;
use serde_json::{Value, json};

const ABSENT: &str = "0193a5d0-1000-7000-8000-0000000000aa";

/// An installation where clinicians and patients sign in, with a clinician; gives organization, unit and
/// the clinician.
async fn with(kind: Kind, clinic: &Provider, patients: &Provider) -> (Program, String, String, String) {
    let (mut program, organization, unit) = installed(kind).await;
    let role = format!("clinician:{unit}");
    let add = ["clinician", "add", "--organization", &organization, "--name", "Test Gulspurv", "--hpr", "9900001", "--role", &role];
    let nurse = program.run(&add).await.ok();
    let text = format!(
        "base_url = \"https://svar.example\"\n{}{}",
        door(
            clinic,
            "name = \"helseid\"\ntitle = \"HelseID\"\nwho = \"clinicians\"\n\
             claim_hpr_number = \"helseid://claims/hpr/hpr_number\"\n\
             claim_organization = \"helseid://claims/client/claims/orgnr_parent\"\n\
             claim_assurance = \"helseid://claims/identity/security_level\"\nassurance = [\"4\"]\n"
        ),
        door(patients, "name = \"idporten\"\ntitle = \"ID-porten\"\nwho = \"patients\"\nassurance = [\"idporten-loa-high\"]\n"),
    );
    let file = program.write("kartlegging.toml", &text);
    program.set("KARTLEGGING_CONFIG", &file);
    (program, organization, unit, nurse)
}

fn door(provider: &Provider, own: &str) -> String {
    format!(
        "[[sign_in]]\nissuer = \"{}\"\nclient_id = \"kartlegging\"\nkey_file = \"{}\"\nkey_id = \"client-1\"\nkey_algorithm = \"ES256\"\n\
         algorithms = [\"ES256\"]\n{own}",
        provider.issuer,
        provider.key_file().display(),
    )
}

async fn signs_in(kind: Kind) {
    let (clinic, patients) = (Provider::start("helseid"), Provider::start("idporten"));
    let (program, organization, unit, nurse) = with(kind, &clinic, &patients).await;
    let serving = program.serve().await;
    let mut browser = Browser::at(&serving.http);
    let away = browser.get("/innlogging/helseid").await;
    assert_eq!(away.status, 303, "{}", serving.log());
    let back = clinic.visit(&away.answer.headers["location"], &Person::health_worker("9900001", "900000014", "4")).await;
    assert_eq!(browser.get(&back).await.leads(), "/klinikk", "{}", serving.log());
    assert!(is_in(&mut browser).await);
    // Another person at the same browser does not get the first one's session.
    let away = browser.get("/innlogging/helseid").await;
    let unknown = clinic.visit(&away.answer.headers["location"], &Person::health_worker("9900077", "900000014", "4")).await;
    assert_eq!(browser.get(&unknown).await.status, 403);

    let link = program.run(&["token", "login-link", "--clinician", &nurse]).await.ok();
    let path = link.strip_prefix("https://svar.example").expect("an address of the service").to_owned();
    let mut second = Browser::at(&serving.http);
    let form = second.get(&path).await.form();
    assert_eq!(second.send(&form).await.leads(), "/klinikk");
    assert!(is_in(&mut second).await);
    program.run(&["token", "login-link", "--clinician", ABSENT]).await.refused(1, "not-found", "no such clinician");
    program.run(&["token", "login-link", "--clinician", "kari"]).await.refused(2, "argument-invalid", "not an id");

    let turn = async |provider: &str| program.run(&["unit", "sign-in", "--organization", &organization, "--unit", &unit, provider]).await;
    assert_eq!(turn("idporten").await.ok(), "");
    assert_eq!(turn("none").await.ok(), "");
    turn("helseid").await.refused(1, "not-found", "provider of sign-in for patients");
    turn("annen").await.refused(1, "not-found", "provider of sign-in for patients");

    // The log says what happened and nothing about anybody.
    let log = serving.log();
    let secret = |address: &str| {
        let query = address.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "code" || name == "state")
            .map(|(_, value)| value.into_owned())
            .collect::<Vec<_>>()
    };
    let token = path.rsplit('/').next().expect("token").to_owned();
    let mut hidden = vec![token, "9900001".to_owned(), "9900077".to_owned(), "Gulspurv".to_owned(), "person-1".to_owned()];
    hidden.extend(secret(&back).into_iter().chain(secret(&unknown)));
    assert!(hidden.len() == 9 && hidden.iter().all(|word| word.len() > 6));
    for word in &hidden {
        assert!(!log.contains(word.as_str()), "{word} is in the log:\n{log}");
    }
}

/// A clinician comes from an EHR, and the log says nothing of them, the patient, or the launch.
async fn launched(kind: Kind) {
    let ehr = Provider::start_ehr("epj");
    let (mut program, organization, unit) = installed(kind).await;
    let role = format!("clinician:{unit}");
    let add = ["clinician", "add", "--organization", &organization, "--name", "Test Gulspurv", "--hpr", "9900001", "--role", &role];
    program.run(&add).await.ok();
    let own = format!(
        "name = \"epj\"\ntitle = \"Journalen\"\nwho = \"clinicians\"\nsmart_base = \"{}\"\npar = false\ndpop = false\n\
         claim_hpr_number = \"helseid://claims/hpr/hpr_number\"\norganization = \"900000014\"\n",
        ehr.fhir(),
    );
    let text =
        format!("base_url = \"https://svar.example\"\n{}", door(&ehr, &own).replace("\"ES256\"\nalgorithms", "\"ES384\"\nalgorithms"));
    let file = program.write("kartlegging.toml", &text);
    program.set("KARTLEGGING_CONFIG", &file);
    let serving = program.serve().await;
    let (patient, launch) = ("patient-0815-4711", "launch-8f1c-2b7e");
    let identifier = json!([{"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": FNR}]);
    let resource = json!({"resourceType": "Patient", "id": patient, "identifier": identifier});
    ehr.know(&json!({"patients": {patient: resource}, "launches": {launch: patient}})).await;
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("iss", &ehr.fhir()).append_pair("launch", launch).finish();
    let mut browser = Browser::at(&serving.http);
    let mut addresses = Vec::new();
    for (there, leads) in [(Value::Null, "/klinikk/journal?hvorfor=borte"), (resource.clone(), "/klinikk/journal?hvorfor=ukjent")] {
        ehr.know(&json!({"patients": {patient: there}})).await;
        let away = browser.get(&format!("/innlogging/epj/oppstart?{query}")).await;
        assert_eq!(away.status, 303, "{}", serving.log());
        let person = Person::health_worker("9900001", "900000014", "4");
        let back = ehr.visit(&away.answer.headers["location"], &person).await;
        assert_eq!(browser.get(&back).await.leads(), leads, "{}", serving.log());
        assert!(is_in(&mut browser).await);
        addresses.push(back);
    }
    let log = serving.log();
    assert!(log.contains("the patient of a launch was not read"), "{log}");
    let mut hidden: Vec<String> = [FNR, patient, launch, "9900001", "Gulspurv"].map(str::to_owned).to_vec();
    for address in &addresses {
        let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "code" || name == "state");
        hidden.extend(pairs.map(|(_, value)| value.into_owned()));
    }
    assert!(hidden.len() == 9 && hidden.iter().all(|word| word.len() > 6));
    for word in &hidden {
        assert!(!log.contains(word.as_str()), "{word} is in the log:\n{log}");
    }
}

#[test]
fn an_ehr_launches_the_program_on_sqlite() {
    alone(launched(Kind::Sqlite));
}

#[test]
fn an_ehr_launches_the_program_on_postgres() {
    alone(launched(Kind::Postgres));
}

#[test]
fn the_program_signs_people_in_on_sqlite() {
    alone(signs_in(Kind::Sqlite));
}

#[test]
fn the_program_signs_people_in_on_postgres() {
    alone(signs_in(Kind::Postgres));
}

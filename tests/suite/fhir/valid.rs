//! Everything that is served is valid FHIR in the eyes of three programs of others: fhir.resources
//! (`tests/contract/r4.py`), Medplum's and fhir.js (`tests/contract/r4.mjs`).

use super::{get, search};
use crate::on_both;
use crate::support::TestApp;
use crate::support::world::answers;
use kartlegging::fhir::write::{Notification, notification};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the other programs say: nothing when all is well.
fn judged(resources: &[Value]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let python = root.join("../../.venv/bin/python");
    assert!(python.exists() && root.join("node_modules").exists(), "a validator of the tests is missing: run ./tests/run tools");
    let mut lines = String::new();
    for resource in resources {
        let _ = writeln!(lines, "{resource}");
    }
    let judge = |program: &Path, script: &str| {
        let mut command = Command::new("timeout");
        command.arg("300").arg(program).arg(root.join(script)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program");
        child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("written");
        let ended = child.wait_with_output().expect("an end");
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert_eq!(ended.status.success(), said.is_empty(), "{script}: {said}");
        said
    };
    judge(&python, "r4.py") + &judge(Path::new("node"), "r4.mjs")
}

/// One of each resource and bundle that is served.
async fn served(app: &TestApp) -> Vec<Value> {
    let invited = app.invite("visit-valid").await;
    let open = app.invite("visit-open").await;
    let (_, done) = app.answer(&invited, &answers(7, &["pain"], &[], "yes", Some("no"))).await;
    let id = done["response"].as_str().expect("id").to_owned();
    let mut body = answers(8, &[], &[], "no", Some("no"));
    body["id"] = id.clone().into();
    body["status"] = "amended".into();
    let call = app.put(&format!("/fhir/QuestionnaireResponse/{id}")).bearer(app.world.token("client")).header("if-match", "W/\"1\"");
    let mut all: Vec<Value> = vec![call.body("application/fhir+json", body.to_string()).send().await.expect(200)];
    for (path, body) in [
        (
            "Questionnaire/$populate",
            json!({"resourceType": "Parameters", "parameter": [
                {"name": "subject", "valueReference": {"reference": format!("Patient/{}", invited.patient)}},
                {"name": "questionnaire", "valueUri": super::FORM},
            ]}),
        ),
        ("QuestionnaireResponse/$validate", json!({"resourceType": "QuestionnaireResponse", "status": "completed"})),
        ("QuestionnaireResponse/$extract", all[0].clone()),
    ] {
        let call = app.post(&format!("/fhir/{path}")).bearer(app.world.token("client"));
        all.push(call.body("application/fhir+json", body.to_string()).send().await.expect(200));
    }
    let sent = app.invite("visit-sent").await;
    let mut processed = answers(3, &[], &[], "no", Some("no"));
    processed["questionnaire"] = super::FORM.into();
    let call = app.post(&format!("/fhir/Questionnaire/$process-response?task={}", sent.id)).bearer(app.world.token("client"));
    all.push(call.body("application/fhir+json", processed.to_string()).send().await.expect(200));
    let (patient, simple) = (&invited.patient, id.replace('-', ""));
    for path in [
        "metadata".to_owned(),
        "Questionnaire".to_owned(),
        "Questionnaire?_profile=http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire".to_owned(),
        "Questionnaire?_summary=true".to_owned(),
        "Questionnaire?_elements=title".to_owned(),
        "Questionnaire/distress-thermometer-1.0.0".to_owned(),
        "CodeSystem".to_owned(),
        "ValueSet".to_owned(),
        "ValueSet/problem/$expand?filter=a".to_owned(),
        "QuestionnaireResponse?_include=QuestionnaireResponse:subject".to_owned(),
        "QuestionnaireResponse?_summary=true".to_owned(),
        "QuestionnaireResponse?_summary=count".to_owned(),
        format!("QuestionnaireResponse/{id}/_history"),
        format!("QuestionnaireResponse/{id}/_history/1"),
        format!("Patient/{patient}"),
        "Task".to_owned(),
        "Task?_elements=for".to_owned(),
        format!("Task/{}", open.id),
        "Appointment".to_owned(),
        "Appointment?_elements=status".to_owned(),
        "Organization".to_owned(),
        "Practitioner".to_owned(),
        format!("Observation?patient={patient}"),
        format!("Observation?patient={patient}&_elements=issued"),
        format!("DocumentReference?patient={patient}"),
        format!("Binary/{simple}-1?_format=json"),
        format!("Provenance?target={id}"),
        format!("Binary/{simple}-2-original"),
        format!("QuestionnaireResponse/{id}/$extract"),
        format!("Provenance?target={id}&_elements=activity"),
        format!("DocumentReference?patient={patient}&_elements=date"),
    ] {
        all.push(get(app, "client", &format!("/fhir/{path}")).await.expect(200));
    }
    let wanted = json!({
        "resourceType": "Subscription", "status": "requested", "reason": "Svar til journalen", "criteria": "QuestionnaireResponse",
        "end": "2027-01-01T00:00:00Z",
        "channel": {
            "type": "rest-hook", "endpoint": "https://ehr.example/told", "payload": "application/fhir+json", "header": ["X-Route: 7"],
            "_payload": {"extension": [{"url": kartlegging::fhir::read::subscription::CONTENT, "valueCode": "id-only"}]},
        },
    });
    let call = app.post("/fhir/Subscription").bearer(app.world.token("client"));
    all.push(call.body("application/fhir+json", wanted.to_string()).send().await.expect(201));
    all.push(get(app, "client", "/fhir/Subscription").await.expect(200));
    let told = Notification {
        id: uuid::Uuid::from_u128(7),
        subscription: uuid::Uuid::from_u128(8),
        at: app.services.now(),
        event: Some((1, uuid::Uuid::from_u128(9))),
        method: "POST",
    };
    all.push(notification("https://svar.example/fhir", &told));
    all.push(notification("https://svar.example/fhir", &Notification { event: None, ..told }));
    all.push(get(app, "auditor", "/fhir/AuditEvent").await.expect(200));
    for (who, path) in [("client", "Medication"), ("client", "Task?colour=red"), ("auditor", "Task"), ("client", "Patient/x")] {
        all.push(get(app, who, &format!("/fhir/{path}")).await.json);
    }
    all.push(search(app, "client", "QuestionnaireResponse", "patient:identifier=wrong").await.json);
    all
}

on_both! {
    async fn everything_that_is_served_is_valid(app: TestApp) {
        let all = served(&app).await;
        assert_eq!(judged(&all), "");
        let kinds: std::collections::BTreeSet<&str> = all.iter().filter_map(|one| one["resourceType"].as_str()).collect();
        for kind in ["Bundle", "CapabilityStatement", "OperationOutcome", "Questionnaire", "QuestionnaireResponse", "ValueSet", "Binary", "Patient", "Task"] {
            assert!(kinds.contains(kind), "{kind}");
        }
    }
}

#[test]
fn what_is_wrong_is_seen() {
    let said = judged(&[
        json!({"resourceType": "Patient", "id": "a", "birthDate": "2026-02-30"}),
        json!({"resourceType": "Task", "colour": "red"}),
    ]);
    assert!(said.matches("line 1, Patient/a").count() > 0 && said.matches("line 2, Task").count() > 1, "{said}");
    let said = judged(&[
        json!({"resourceType": "Appointment", "id": "b", "status": "booked", "start": "2026-11-22T10:00:00Z", "participant": []}),
    ]);
    assert!(said.contains("app-2"), "invariants are looked at: {said}");
    let said = judged(&[json!({"resourceType": "QuestionnaireResponse", "id": "c", "status": "finished"})]);
    assert!(said.contains("\"finished\""), "codes are looked at: {said}");
}

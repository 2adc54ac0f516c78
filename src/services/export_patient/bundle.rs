//! The record as a FHIR R4 Bundle.

use super::{Answered, Asked, Drafted, Record, response_of};
use crate::domain::ids::UnitId;
use crate::domain::language::Language;
use crate::fhir::read::ResponseStatus;
use crate::fhir::write::{
    AppointmentInput, AuditInput, Giver, Party, PatientInput, RelatedInput, ResponseMeta, TaskInput, appointment, audit_event, collection,
    original, original_id, patient, put_giver, related_person, response, task,
};
use crate::services::Fault;
use crate::storage::access_log::Entry;
use serde_json::{Value, json};

/// Name of the service where somebody has to say something.
const SERVICE: &str = "Kartlegging";

pub(super) fn of(record: &Record) -> Result<Value, Fault> {
    let mut resources = vec![person(record)];
    resources.extend(record.representatives.iter().map(|(one, system, number)| {
        related_person(&RelatedInput {
            id: one.id.0,
            patient: &subject(record),
            identifier: (system.uri(), number),
            name: &one.name,
            relation: one.relation,
        })
    }));
    for visit in &record.visits {
        let unit = unit(record, visit.unit);
        resources.push(appointment(&AppointmentInput {
            id: visit.id.0,
            external_id: visit.external_id.as_deref(),
            status: &visit.status,
            starts_at: visit.starts_at,
            patient: record.patient.id.0,
            unit: &unit,
        }));
    }
    for Asked { invitation, times, form } in &record.invitations {
        // Who asks for a Task is an organization, a person or a device: a unit is a part of the first.
        let unit = Party { kind: Some("Organization"), ..unit(record, invitation.unit) };
        resources.push(task(&TaskInput {
            id: invitation.id.0,
            state: invitation.state,
            patient: record.patient.id.0,
            unit: &unit,
            appointment: invitation.appointment.map(|id| id.0),
            questionnaire: &form.questionnaire.canonical(),
            response: response_of(record, invitation).map(|id| id.0),
            created_at: invitation.created_at,
            used: (times.opened_at, times.answered_at.or(times.closed_at)),
            answer_until: invitation.answer_until,
            endpoints: &[],
        }));
    }
    for one in &record.responses {
        answered(record, one, &mut resources)?;
    }
    for one in &record.drafts {
        resources.push(drafted(record, one)?);
    }
    resources.extend(record.log.iter().map(|entry| logged(record, entry)));
    Ok(collection(record.id, &record.base_url, record.at, resources))
}

fn person(record: &Record) -> Value {
    let organization =
        Party { kind: Some("Organization"), id: Some(record.organization.id.0), name: Some(record.organization.name.clone()) };
    patient(&PatientInput {
        id: record.patient.id.0,
        identifiers: &record.identifiers,
        name: &record.person.name,
        birth_date: record.person.birth_date,
        email: record.contact.as_ref().and_then(|contact| contact.email.as_deref()),
        phone: record.contact.as_ref().and_then(|contact| contact.phone.as_deref()),
        language: &record.patient.language,
        organization: &organization,
    })
}

fn unit(record: &Record, id: UnitId) -> Party {
    let name = record.names.unit(id);
    let name = if name.is_empty() { record.organization.name.clone() } else { format!("{name}, {}", record.organization.name) };
    Party { kind: Some("HealthcareService"), id: Some(id.0), name: Some(name) }
}

fn subject(record: &Record) -> String {
    format!("Patient/{}", record.patient.id)
}

/// Every version as an entry of its own, then who has read which.
fn answered(record: &Record, one: &Answered, resources: &mut Vec<Value>) -> Result<(), Fault> {
    let subject = subject(record);
    for (version, answers, respondent) in &one.versions {
        let language = Language::parse(&version.language).map_err(|_| Fault::Content("language"))?;
        let mut resource = response(
            &one.form.questionnaire,
            answers,
            &ResponseMeta {
                id: Some(one.response.id.0),
                version: u32::try_from(version.version).ok(),
                status: if version.version == 1 { ResponseStatus::Completed } else { ResponseStatus::Amended },
                authored: Some(version.submitted_at),
                language: &language,
                subject: Some(subject.clone()),
                full_tree: false,
            },
        );
        let entered_by = version.entered_by.map(|id| Party { kind: Some("Practitioner"), id: Some(id.0), name: record.names.person(id.0) });
        put_giver(
            &mut resource,
            &Giver {
                respondent,
                patient: &subject,
                entered_by: entered_by.as_ref(),
                consent: Some(&version.consent),
                answered_on: version.answered_on.map(|day| day.to_string()),
            },
        );
        resources.push(resource);
    }
    for (version, body) in &one.originals {
        let id = one.response.id.0;
        resources.push(original(&original_id(id, *version), id, *version, body));
    }
    for review in &one.reviews {
        let by = Party { kind: Some("Practitioner"), id: Some(review.clinician.0), name: record.names.person(review.clinician.0) };
        resources.push(audit_event(&AuditInput {
            id: review.id.0,
            at: review.reviewed_at,
            action: "response.review",
            agent: &by,
            role: None,
            ground: None,
            done: true,
            patients: vec![record.patient.id.0],
            object: Some(format!("QuestionnaireResponse/{}/_history/{}", review.response, review.version)),
            source: SERVICE,
        }));
    }
    Ok(())
}

/// A draft shares its id with the response it becomes, or has become: its version says which it is.
fn drafted(record: &Record, one: &Drafted) -> Result<Value, Fault> {
    let language = Language::parse(&one.draft.language).map_err(|_| Fault::Content("language"))?;
    let subject = subject(record);
    let mut resource = response(
        &one.form.questionnaire,
        &one.answers,
        &ResponseMeta {
            id: Some(one.draft.response.0),
            version: None,
            status: ResponseStatus::InProgress,
            authored: Some(one.draft.updated_at),
            language: &language,
            subject: Some(subject.clone()),
            full_tree: false,
        },
    );
    if let Some(object) = resource.as_object_mut() {
        object.insert("meta".into(), json!({"versionId": format!("draft-{}", one.draft.version)}));
    }
    if let Some(respondent) = &one.respondent {
        put_giver(&mut resource, &Giver { respondent, patient: &subject, entered_by: None, consent: None, answered_on: None });
    }
    Ok(resource)
}

/// An entry of the access log; not the words beside a ground, which are the caller's own.
fn logged(record: &Record, entry: &Entry) -> Value {
    let kind = match entry.actor_kind.as_str() {
        "clinician" => Some("Practitioner"),
        "client" | "system" => Some("Device"),
        _ => None,
    };
    let name = entry.actor_id.and_then(|id| record.names.person(id));
    let agent = Party { kind, id: entry.actor_id, name: name.or_else(|| (kind == Some("Device")).then(|| SERVICE.to_owned())) };
    let object = entry.object_kind.as_deref().zip(entry.object_id).and_then(|(kind, id)| {
        let kind = match kind {
            "response" => "QuestionnaireResponse",
            "invitation" => "Task",
            "appointment" => "Appointment",
            "patient" => "Patient",
            // Only those who still are one have a resource here.
            "representative" if record.representatives.iter().any(|(one, _, _)| one.id.0 == id) => "RelatedPerson",
            _ => return None,
        };
        Some(format!("{kind}/{id}"))
    });
    audit_event(&AuditInput {
        id: entry.id.0,
        at: entry.at,
        action: &entry.action,
        agent: &agent,
        role: entry.role.as_deref(),
        ground: Some(&entry.ground),
        done: entry.result == "ok",
        patients: vec![record.patient.id.0],
        object,
        source: SERVICE,
    })
}

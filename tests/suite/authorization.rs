//! Every operation by every kind of actor: one table, compared with the routes and with `x-actors` in
//! `openapi.yaml`. Another organization's object is 404, or an unknown unit (422) in a body.
//!
//! A new operation is a row in [`TABLE`] and its request in [`request`]; a new page is a row in [`PAGES`].

use crate::on_both;
use crate::pages;
use crate::support::TestApp;
use crate::support::app::{Answer, Call};
use crate::support::browser::{Browser, FORM};
use crate::support::contract::CONTRACT;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers, draft, token};
use kartlegging::domain::event::EventKind;
use kartlegging::http::routes::endpoints;
use kartlegging::services::admin::{self, Bearer};
use kartlegging::services::webhooks;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of [`TABLE`]. `bare` is a client without a scope; `second_clinician` belongs to another
/// unit of the organization; `other_…` to another organization; `session` and `other_session` are two
/// patients; `nobody` sends no token, `garbage` one that is none. The last three are tokens of `client` with
/// scopes `patient/…`: for the patient whom the request is about, for another, and without saying for whom.
const ACTORS: [&str; 16] = [
    "client",
    "bare",
    "clinician",
    "second_clinician",
    "unit_admin",
    "organization_admin",
    "auditor",
    "other_client",
    "other_clinician",
    "session",
    "other_session",
    "nobody",
    "garbage",
    "for_patient",
    "for_other",
    "for_nobody",
];

/// `2xx` as a number; `S` 403 scope-missing, `R` 403 role-missing, `G` 403 ground-required, `F` 404
/// not-found, `U` 422 unit-unknown, `E` 422 resource-invalid, `T` 401 token-invalid, `M` 401 token-missing,
/// `P` 403 patient-only, `N` 403 patient-unnamed.
#[rustfmt::skip]
static TABLE: [(&str, [&str; 16]); 115] = [
    //                          client bare   nurse  other  admin  org    audit  o.clie o.clin sess   o.sess none   garbage  own  other nobody
    ("issueInvitation",         ["201", "S",   "201", "R",   "201", "R",   "R",   "U",   "U",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("issueInvitationBatch",    ["200", "S",   "R",   "R",   "R",   "R",   "R",   "U",   "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getInvitation",           ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("reissueInvitation",       ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("revokeInvitation",        ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("printInvitation",         ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("renderLetter",            ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("printLetter",             ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("renderMessage",           ["200", "S",   "R",   "R",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("searchAppointments",      ["200", "S",   "200", "R",   "200", "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("changeAppointment",       ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("openSession",             ["201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201", "201"]),
    ("getSession",              ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("endSession",              ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "204", "204", "M",   "T", "T", "T", "T"]),
    ("getSessionQuestionnaire", ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("getDraft",                ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("saveDraft",               ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("startOver",               ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("submit",                  ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "201", "201", "M",   "T", "T", "T", "T"]),
    ("getReceipt",              ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "F",   "M",   "T", "T", "T", "T"]),
    ("decline",                 ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "200", "200", "M",   "T", "T", "T", "T"]),
    ("getWorklist",             ["R",   "R",   "200", "R",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("enterPaperResponse",      ["R",   "R",   "201", "R",   "R",   "R",   "R",   "R",   "U",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getResponse",             ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getResponseSummary",      ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("listResponseVersions",    ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("reviewResponse",          ["R",   "R",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("searchPatients",          ["200", "S",   "200", "200", "R",   "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getPatientTimeline",      ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getPatientAccessLog",     ["R",   "R",   "R",   "R",   "200", "200", "200", "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("listRepresentatives",     ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("registerRepresentative",  ["200", "S",   "200", "R",   "200", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("removeRepresentative",    ["204", "S",   "204", "R",   "204", "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("listAccessLog",           ["R",   "R",   "R",   "R",   "200", "200", "200", "R",   "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getAccessLogReport",      ["R",   "R",   "R",   "R",   "200", "200", "200", "R",   "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getUptake",               ["200", "S",   "R",   "R",   "200", "200", "R",   "200", "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("listDeliveries",          ["200", "S",   "R",   "R",   "R",   "200", "R",   "200", "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("getDelivery",             ["200", "S",   "R",   "R",   "R",   "200", "R",   "F",   "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("retryDelivery",           ["200", "S",   "R",   "R",   "R",   "200", "R",   "F",   "R",   "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("listQuestionnaires",      ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("getQuestionnaire",        ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("getQuestionnairePaper",   ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("getCapabilityStatement",  ["200"; 16]),
    ("getSmartConfiguration",   ["200"; 16]),
    ("searchFhirForms",         ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirFormsByBody",   ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("readFhirForm",            ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("vreadFhirForm",           ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirSystems",       ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirSystemsByBody", ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("readFhirSystem",          ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirSets",          ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirSetsByBody",    ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("readFhirSet",             ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("expandFhirSet",           ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("expandFhirSetByUrl",      ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirResponses",     ["200", "S",   "200", "200", "R",   "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirResponsesByBody", ["200", "S",   "200", "200", "R",   "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("createFhirResponse",      ["201", "S",   "200", "R",   "R",   "R",   "R",   "E",   "E",   "T",   "T",   "M",   "T", "200", "E", "N"]),
    ("readFhirResponse",        ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("updateFhirResponse",      ["200", "S",   "200", "R",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("historyFhirResponse",     ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("vreadFhirResponse",       ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("validateFhirResponse", ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T", "T", "M", "T", "200", "200", "200"]),
    ("extractFhirAnswers", ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T", "T", "M", "T", "200", "200", "200"]),
    ("extractFhirResponse", ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T", "T", "M", "T", "200", "F", "N"]),
    ("extractFhirResponseByPost", ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T", "T", "M", "T", "200", "F", "N"]),
    ("populateFhirForm", ["200", "S", "200", "R", "200", "R", "R", "E", "E", "T", "T", "M", "T", "200", "E", "N"]),
    ("populateFhirFormById", ["200", "S", "200", "R", "200", "R", "R", "E", "E", "T", "T", "M", "T", "200", "E", "N"]),
    ("linkFhirForm", ["200", "S", "200", "R", "200", "R", "R", "E", "E", "T", "T", "M", "T", "P", "P", "N"]),
    ("linkFhirFormById", ["200", "S", "200", "R", "200", "R", "R", "E", "E", "T", "T", "M", "T", "P", "P", "N"]),
    ("processFhirResponse", ["200", "S", "200", "R", "R", "R", "R", "E", "E", "T", "T", "M", "T", "200", "E", "N"]),
    ("processFhirResponseById", ["200", "S", "200", "R", "R", "R", "R", "E", "E", "T", "T", "M", "T", "200", "E", "N"]),
    ("searchFhirPatients",      ["200", "S",   "200", "200", "R",   "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirPatientsByBody", ["200", "S",   "200", "200", "R",   "R",   "R",   "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirPatient",         ["200", "S",   "200", "G",   "R",   "R",   "R",   "F",   "F",   "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirTasks",          ["200", "S", "200", "200", "200", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirTasksByBody",    ["200", "S", "200", "200", "200", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirTask",             ["200", "S", "200", "R", "200", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirAppointments",   ["200", "S", "200", "200", "200", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirAppointmentsByBody", ["200", "S", "200", "200", "200", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirAppointment",      ["200", "S", "200", "R", "200", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirOrganizations",  ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirOrganizationsByBody", ["200", "200", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("readFhirOrganization",     ["200", "200", "200", "200", "200", "200", "200", "F", "F", "T",   "T",   "M",   "T", "200", "200", "200"]),
    ("searchFhirPractitioners",  ["200", "S", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("searchFhirPractitionersByBody", ["200", "S", "200", "200", "200", "200", "200", "200", "200", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("readFhirPractitioner",     ["200", "S", "200", "200", "200", "200", "200", "F", "F", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("searchFhirObservations",   ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirObservationsByBody", ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirObservation",      ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirDocuments",      ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirDocumentsByBody", ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirDocument",         ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("readFhirBinary",           ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirProvenance",     ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("searchFhirProvenanceByBody", ["200", "S", "200", "200", "R", "R", "R", "200", "200", "T",   "T",   "M",   "T", "200", "200", "N"]),
    ("readFhirProvenance",       ["200", "S", "200", "G", "R", "R", "R", "F", "F", "T",   "T",   "M",   "T", "200", "F", "N"]),
    ("searchFhirSubscriptions", ["200", "S", "R", "R", "R", "R", "R", "200", "R", "T", "T", "M", "T", "P", "P", "N"]),
    ("searchFhirSubscriptionsByBody", ["200", "S", "R", "R", "R", "R", "R", "200", "R", "T", "T", "M", "T", "P", "P", "N"]),
    ("createFhirSubscription", ["201", "S", "R", "R", "R", "R", "R", "201", "R", "T", "T", "M", "T", "P", "P", "N"]),
    ("readFhirSubscription", ["200", "S", "R", "R", "R", "R", "R", "F", "R", "T", "T", "M", "T", "P", "P", "N"]),
    ("removeFhirSubscription", ["204", "S", "R", "R", "R", "R", "R", "F", "R", "T", "T", "M", "T", "P", "P", "N"]),
    ("searchFhirAuditEvents",    ["R", "R", "R", "R", "200", "200", "200", "R", "R", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("searchFhirAuditEventsByBody", ["R", "R", "R", "R", "200", "200", "200", "R", "R", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("readFhirAuditEvent",       ["R", "R", "R", "R", "200", "200", "200", "R", "R", "T",   "T",   "M",   "T", "P", "P", "N"]),
    ("discoverCards",           ["200"; 16]),
    // Record systems sign for themselves: cards.rs.
    ("showCards",               ["T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "T",   "M",   "T", "T", "T", "T"]),
    ("getLandingPage",          ["200"; 16]),
    ("getStyle",                ["200"; 16]),
    ("getIcon",                 ["200"; 16]),
    ("getRobots",               ["200"; 16]),
    ("getHealth",               ["200"; 16]),
    ("getReadiness",            ["200"; 16]),
    ("getMetrics",              ["200"; 16]),
];

/// Columns of [`PAGES`]: no cookie; a session's token as a bearer; a client's API token in the cookie;
/// a session that answers; one that shows a receipt; one of another organization's patient.
const READERS: [&str; 6] = ["nobody", "bearer", "api_token", "answering", "receipt", "other"];

/// What a page does: its status, or where it leads.
#[rustfmt::skip]
const PAGES: [(&str, [&str; 6]); 61] = [
    //                    nobody bearer api    answering                 receipt                   other
    ("openLink",          [">/start"; 6]),
    ("openPrintedLink",   [">/start"; 6]),
    ("getWelcome",        ["410"; 6]),
    ("getWrongLetter",    ["200"; 6]),
    ("getMailsPage",      ["410"; 6]),
    ("chooseMails",       ["410"; 6]),
    ("getCodePage",       ["200"; 6]),
    ("openByCode",        ["410"; 6]),
    ("getBirthDatePage",  ["410"; 6]),
    ("openByLink",        ["410"; 6]),
    ("getPaused",         ["200"; 6]),
    ("getFinished",       ["200"; 6]),
    ("resume",            ["401", "401", "401", ">/skjema/svar",          ">/skjema/kvittering",    ">/skjema/svar"]),
    ("getAbout",          ["401", "401", "401", "200",                    ">/skjema/kvittering",    "200"]),
    ("getRespondentPage", ["401", "401", "401", "200",                    ">/skjema/kvittering",    "200"]),
    ("sayRespondent",     ["401", "401", "401", ">/skjema/svar",          ">/skjema/kvittering",    ">/skjema/svar"]),
    ("getQuestionPage",   ["401", "401", "401", "200",                    ">/skjema/kvittering",    "200"]),
    ("saveQuestionPage",  ["401", "401", "401", ">/skjema/side/2",        ">/skjema/kvittering",    ">/skjema/side/2"]),
    ("getCheckPage",      ["401", "401", "401", "200",                    ">/skjema/kvittering",    "200"]),
    ("handIn",            ["401", "401", "401", ">/skjema/kvittering",    ">/skjema/kvittering",    ">/skjema/kvittering"]),
    ("getReceiptPage",    ["401", "401", "401", ">/skjema",               "200",                    ">/skjema"]),
    ("getCopy",           ["401", "401", "401", ">/skjema",               "200",                    ">/skjema"]),
    ("getDeclinePage",    ["401", "401", "401", "200",                    ">/skjema/kvittering",    "200"]),
    ("sayNo",             ["401", "401", "401", ">/skjema/nei",           ">/skjema/kvittering",    ">/skjema/nei"]),
    ("getElsewherePage",  ["401", "401", "401", ">/skjema",               ">/skjema",               ">/skjema"]),
    ("startOverHere",     ["401", "401", "401", ">/skjema",               ">/skjema",               ">/skjema"]),
    ("extendSession",     ["401", "401", "401", "200",                    "200",                    "200"]),
    ("endVisit",          ["401", "401", "401", ">/pause?sprak=nb",       ">/ferdig?sprak=nb",      ">/pause?sprak=nb"]),
    ("getScript",         ["200"; 6]),
    ("startSignIn",       ["404"; 6]),
    ("launchSignIn",      ["400"; 6]),
    ("finishSignIn",      ["409"; 6]),
    // Without a token of the provider.
    ("endAtProvider",     ["400"; 6]),
    ("getSignIn",         ["200"; 6]),
    ("getLoginLink",      ["410"; 6]),
    ("openLoginLink",     ["409"; 6]),
    ("getSignOut",        [">/klinikk/inn"; 6]),
    ("signOut",           [">/klinikk/inn"; 6]),
    ("getSignedOut",      ["200"; 6]),
    // Who may what of these stands in `clinic/roles.rs`.
    ("getClinicList",       [">/klinikk/inn"; 6]),
    ("getClinicListMark",   [">/klinikk/inn"; 6]),
    ("actOnRow",            [">/klinikk/inn"; 6]),
    ("getClinicSummary",    [">/klinikk/inn"; 6]),
    ("getClinicSummaryText",[">/klinikk/inn"; 6]),
    ("getClinicSummaryPdf", [">/klinikk/inn"; 6]),
    ("getClinicConversation",[">/klinikk/inn"; 6]),
    ("markAsRead",          [">/klinikk/inn"; 6]),
    ("getPaperPage",       [">/klinikk/inn"; 6]),
    ("enterFromPaper",     [">/klinikk/inn"; 6]),
    ("getFindPatient",      [">/klinikk/inn"; 6]),
    ("findPatient",         [">/klinikk/inn"; 6]),
    ("getClinicPatient",    [">/klinikk/inn"; 6]),
    ("getGround",           [">/klinikk/inn"; 6]),
    ("stateGround",         [">/klinikk/inn"; 6]),
    ("getLaunchNotice",     [">/klinikk/inn"; 6]),
    ("getClinicLog",        [">/klinikk/inn"; 6]),
    ("getNumbers",          [">/klinikk/inn"; 6]),
    ("getNumbersFile",      [">/klinikk/inn"; 6]),
    ("getFindingsFile",     [">/klinikk/inn"; 6]),
    ("getClinicStyle",     ["200"; 6]),
    ("getClinicScript",    ["200"; 6]),
];

/// Method and path of a documented operation.
fn operations() -> BTreeMap<String, (String, String, Value)> {
    let mut all = BTreeMap::new();
    for (path, methods) in CONTRACT["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods").iter().filter(|(method, _)| *method != "parameters") {
            let id = operation["operationId"].as_str().expect("operationId").to_owned();
            all.insert(id, (method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

#[test]
fn every_operation_and_route_has_its_row() {
    let pages = PAGES.iter().map(|(id, _)| *id);
    let rows: BTreeSet<String> = TABLE.iter().map(|(id, _)| *id).chain(pages).map(str::to_owned).collect();
    assert_eq!(rows.len(), TABLE.len() + PAGES.len(), "a row stands in both tables");
    let documented = operations();
    assert_eq!(rows, documented.keys().cloned().collect());
    let routes: BTreeSet<(String, String)> = endpoints().iter().map(|one| (one.method.to_string(), one.path.to_owned())).collect();
    assert_eq!(routes, documented.into_values().map(|(method, path, _)| (method, path)).collect());
}

#[test]
fn the_table_is_what_the_contract_says() {
    for (id, row) in TABLE.iter().copied() {
        let (_, _, operation) = &operations()[id];
        let said: Vec<&str> = operation["x-actors"].as_array().expect("x-actors").iter().filter_map(Value::as_str).collect();
        let anyone = said.contains(&"anyone");
        let client = said.iter().any(|actor| actor.starts_with("client"));
        let may = |actor: &str| match actor {
            "client" => client,
            "bare" => said.contains(&"client"),
            other => said.contains(&other),
        };
        for (actor, outcome) in ACTORS.iter().zip(row).filter(|(actor, _)| !actor.contains('_') || actor.ends_with("admin")) {
            let expected = if matches!(*actor, "nobody" | "garbage") { anyone } else { anyone || may(actor) };
            assert_eq!(outcome.starts_with('2'), expected, "{id}: {actor} is {outcome}, x-actors are {said:?}");
        }
        let one = operation["x-one-patient"] == true;
        assert_eq!(row[13].starts_with('2'), anyone || one, "{id}: tokens for one patient");
        if client {
            assert!(matches!(row[1], "S" | "200"), "{id}: a client without the scope is told so");
        }
        let kinds: Vec<&str> = operation["security"]
            .as_array()
            .expect("security")
            .iter()
            .flat_map(|one| one.as_object().expect("object").keys())
            .map(String::as_str)
            .collect();
        let expected: &[&str] = if anyone {
            &[]
        } else if said == ["session"] {
            &["session"]
        } else if said == ["cds-client"] {
            &["cds"]
        } else {
            &["token"]
        };
        assert_eq!(kinds, expected, "{id}: security");
    }
}

#[test]
fn the_pages_are_what_the_contract_says() {
    for (id, row) in PAGES {
        let (_, _, operation) = &operations()[id];
        let (actors, kind) = match row[0] {
            "401" => (json!(["session"]), json!([{"cookie": []}])),
            ">/klinikk/inn" => (json!(["clinician", "unit_admin", "organization_admin", "auditor"]), json!([{"seat": []}])),
            _ => (json!(["anyone"]), json!([])),
        };
        assert_eq!(operation["x-actors"], actors, "{id}");
        assert_eq!(operation["security"], kind, "{id}: security");
    }
}

/// A browser in one of the columns of [`PAGES`], with a body that fits every form.
async fn reader(app: &TestApp, who: &str, id: &str) -> (Browser, String) {
    let mut browser = Browser::new(app);
    let mut order = app.order(&format!("{id}-{who}"));
    let client = if who == "other" { "other_client" } else { "client" };
    if who == "other" {
        order["appointment"]["unit"] = json!(app.world.other_unit);
    }
    let issue = app.post("/api/v1/invitations").bearer(app.world.token(client)).key(&format!("{id}-{who}-key")).json(&order);
    let invited = Invited::of(issue.send().await.expect(201));
    match who {
        "nobody" => return (browser, String::new()),
        "bearer" => {
            let (session, _) = app.open(&invited, None).await;
            return (browser.with("authorization", &format!("Bearer {session}")), String::new());
        }
        "api_token" => {
            browser.plant("__Host-sesjon", &format!(".{}", app.world.token("client")));
            return (browser, String::new());
        }
        _ => {}
    }
    let first = browser.begin(&invited).await;
    let check = pages::answer(&mut browser, first, &pages::LEAST).await;
    let seen = browser.open("/skjema/side/1").await.form();
    let (mark, version) = (seen.values("sett")[0].to_owned(), check.form().values("versjon")[0].to_owned());
    let mut token = seen.values("nokkel")[0].to_owned();
    if who == "receipt" {
        browser.submit(&check.form()).await.form().values("nokkel")[0].clone_into(&mut token);
    }
    let body = format!("nokkel={token}&versjon={version}&sett={mark}&hvem=patient&vist=f1_0-0&f1_0-0=3&gjor=fortsett");
    (browser, body)
}

on_both! {
    async fn every_page_by_every_reader(app: TestApp) {
        let mut wrong = Vec::new();
        for (id, row) in PAGES {
            let (method, path, _) = &operations()[id];
            let path = path.replace("{link}", "V91PWT9PCDYK23RZW4C2D0QNPW").replace("{token}", "V91PWT9PCDYK23RZW4C2D0QNPW").replace("{number}", "1");
            for (who, expected) in READERS.into_iter().zip(row) {
                let (mut browser, body) = reader(&app, who, id).await;
                let body = (method == "POST").then(|| (FORM, body.into_bytes()));
                let page = browser.ask(method, &path, body).await;
                let outcome = if page.status == 303 { format!(">{}", page.leads()) } else { page.status.to_string() };
                if outcome != expected {
                    wrong.push(format!("{id} by {who}: expected {expected}, was {outcome}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

on_both! {
    async fn a_browser_sees_its_own_organization_only(app: TestApp) {
        let (mut own, _) = reader(&app, "answering", "own").await;
        let (mut other, body) = reader(&app, "other", "own").await;
        let (mine, theirs) = (own.get("/skjema/om").await.main(), other.get("/skjema/om").await.main());
        assert!(mine.contains("Poliklinikken, Oppdiktet helseforetak") && theirs.contains("Dagenheten, Annet helseforetak"), "{mine} {theirs}");
        // A form that was made in the other's session saves nothing in one's own.
        let before = own.draft().await;
        for path in ["/skjema/side/1", "/skjema/hvem", "/skjema/svar", "/skjema/nei", "/skjema/annet-sted", "/skjema/avslutt", "/skjema/forleng"] {
            own.ask("POST", path, Some((FORM, body.clone().into_bytes()))).await.at(409, path);
        }
        assert_eq!(own.draft().await, before);
    }
}

/// What the requests of one row are about; fresh for every row.
struct Stage {
    invited: Invited,
    response: String,
    session: String,
    other_session: String,
    bare: String,
    /// A token for the patient of `invited`, and one for that of `other`.
    for_patient: String,
    for_other: String,
    other: Invited,
    delivery: String,
    entry: String,
    representatives: Vec<String>,
}

/// An order for a patient who can be sent a message.
fn with_phone(app: &TestApp, visit: &str) -> Value {
    let mut order = app.order(visit);
    order["patient"]["contact"] = json!({"phone": "+47 00 00 00 01"});
    order
}

async fn stage(app: &TestApp, id: &str) -> Stage {
    if id.ends_with("Delivery") && webhooks::list(&app.services, app.world.organization).await.expect("webhooks").is_empty() {
        let events = BTreeSet::from([EventKind::InvitationIssued]);
        let own = app.world.organization.expect("organization");
        webhooks::add(&app.services, own, "https://ehr.example/hook", events).await.expect("webhook");
    }
    let invited = app.issue(&format!("{id}-open"), &with_phone(app, &format!("{id}-open"))).await;
    let invited = Invited::of(invited.expect(201));
    let delivery = sql::query(&app.database_url, "SELECT id FROM outbox").await;
    let delivery = delivery.first().map(|row| row.try_get_by_index::<uuid::Uuid>(0).expect("id").to_string()).unwrap_or_default();
    let (_, receipt) = app.answer(&app.invite(&format!("{id}-done")).await, &answers(5, &[], &[], "no", Some("no"))).await;
    let mine = app.invite(&format!("{id}-mine")).await;
    let mut order = app.order(&format!("{id}-other"));
    order["patient"] = json!({"name": "Odd Annen", "birth_date": BORN});
    let other = app.post("/api/v1/invitations").bearer(app.world.token("client")).key(&format!("{id}-other")).json(&order);
    let other = Invited::of(other.send().await.expect(201));
    let (session, _) = app.open(&mine, None).await;
    let (other_session, _) = app.open(&other, None).await;
    let given = answers(2, &[], &[], "no", Some("no"));
    let holders: &[&str] = match id {
        "submit" => &[&session, &other_session],
        "getReceipt" => &[&session],
        _ => &[],
    };
    for holder in holders {
        app.put("/api/v1/session/draft").bearer(holder).if_match(0).json(&draft(&given)).send().await.expect(200);
    }
    if id == "getReceipt" {
        app.post("/api/v1/session/submit").bearer(&session).if_match(1).send().await.expect(201);
    }
    let own = app.world.organization.expect("organization");
    let bare = admin::add_client(&app.services, own, format!("bare {id}"), None, BTreeSet::new()).await.expect("client");
    let bare = token(&app.services, Bearer::Client(bare)).await;
    let for_patient = app.client_token(&json!({"scope": EVERYTHING, "patient": invited.patient}));
    let for_other = app.client_token(&json!({"scope": EVERYTHING, "patient": format!("Patient/{}", other.patient)}));
    let entry = match id {
        "readFhirAuditEvent" => {
            let issued = app.get("/fhir/AuditEvent?subtype=invitation.issue").bearer(app.world.token("auditor")).send().await.expect(200);
            issued["entry"][0]["resource"]["id"].as_str().expect("an entry").to_owned()
        }
        "readFhirSubscription" | "removeFhirSubscription" => {
            let made = app.post("/fhir/Subscription").bearer(app.world.token("client")).json(&subscription()).send().await;
            made.json["id"].as_str().expect("id").to_owned()
        }
        _ => String::new(),
    };
    let mut representatives = Vec::new();
    if id == "removeRepresentative" {
        for number in ["13906030130", "14906030099", "15906030028"] {
            let registered = app.post(&format!("/api/v1/patients/{}/representatives", invited.patient)).bearer(app.world.token("client"));
            let registered = registered.json(&representative(number)).send().await.expect(200);
            representatives.push(registered["id"].as_str().expect("id").to_owned());
        }
    }
    Stage {
        representatives,
        invited,
        response: receipt["response"].as_str().unwrap_or_default().to_owned(),
        session,
        other_session,
        bare,
        for_patient,
        for_other,
        other,
        delivery,
        entry,
    }
}

/// What a client may ask to be told of.
fn subscription() -> Value {
    json!({
        "resourceType": "Subscription", "status": "requested", "reason": "Svar til journalen", "criteria": "QuestionnaireResponse",
        "channel": {"type": "rest-hook", "endpoint": "https://ehr.example/told"},
    })
}

/// Somebody to register.
fn representative(number: &str) -> Value {
    json!({"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": number}, "name": "Odd Oppdiktet", "relation": "guardian"})
}

/// The form of everything that is handed in.
const FORM_ADDRESS: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer|1.0.0";

/// Answers as a resource that is handed in.
fn handed_in(mut answers: Value, more: &Value) -> Value {
    answers["status"] = json!("completed");
    for (name, value) in more.as_object().expect("an object") {
        answers[name] = value.clone();
    }
    answers
}

/// The request of an operation, complete but for the token; `nth` keeps keys and visits apart.
fn request<'a>(app: &'a TestApp, stage: &Stage, id: &str, nth: usize) -> Call<'a> {
    let (method, path, _) = &operations()[id];
    let subject = match path.split('/').nth(3) {
        Some("responses") => &stage.response,
        Some("patients") => &stage.invited.patient,
        Some("deliveries") => &stage.delivery,
        Some("appointments") => stage.invited.body["appointment"].as_str().unwrap_or_default(),
        _ => &stage.invited.id,
    };
    let subject: &str = match path.split('/').nth(2) {
        Some("QuestionnaireResponse") => &stage.response,
        Some("Patient") => &stage.invited.patient,
        Some("Questionnaire") => "distress-thermometer-1.0.0",
        Some("CodeSystem" | "ValueSet") => "problem",
        Some("Appointment") => stage.invited.body["appointment"].as_str().unwrap_or_default(),
        Some("Organization") => &app.world.unit,
        Some("Practitioner") => &app.world.clinician.expect("clinician").to_string(),
        Some("Observation") => &format!("{}-score", stage.response.replace('-', "")),
        Some("DocumentReference" | "Binary" | "Provenance") => &format!("{}-1", stage.response.replace('-', "")),
        Some("AuditEvent" | "Subscription") => &stage.entry,
        _ => subject,
    };
    let path = match id {
        "vreadFhirForm" => {
            let form = app.services.library.find("distress-thermometer", None).expect("form");
            path.replace("{version}", &form.resource_version)
        }
        "vreadFhirResponse" => path.replace("{version}", "1"),
        "removeRepresentative" => {
            // One for each who may: the client, the nurse, the admin.
            let own = stage.representatives.get(nth / 2).map_or("0193a5d0-2000-7000-8000-00000000ffff", String::as_str);
            path.replace("{representative}", own)
        }
        _ => path.clone(),
    };
    let path = path.replace("{id}", subject).replace("{name}", "distress-thermometer").replace("{version}", "1.0.0");
    let key = format!("{id}-{nth}-key");
    let order = app.order(&format!("{id}-{nth}"));
    let given = answers(4, &[], &[], "no", Some("no"));
    match id {
        "issueInvitation" => app.call(method, &path).key(&key).json(&order),
        "issueInvitationBatch" => app.call(method, &path).key(&key).json(&json!({"items": [order]})),
        "reissueInvitation" => app.call(method, &path).key(&key),
        "searchAppointments" => app.call(method, &path).json(&json!({"external_id": format!("{id}-open")})),
        "changeAppointment" => app.call(method, &path).json(&json!({"starts_at": "2026-11-30T09:00:00+01:00"})),
        "openSession" => app.call(method, &path).json(&json!({"link": stage.invited.link, "birth_date": BORN})),
        "saveDraft" => app.call(method, &path).if_match(0).json(&draft(&given)),
        "submit" => app.call(method, &path).if_match(1),
        "getWorklist" => app.call(method, &format!("{path}?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit)),
        "getUptake" => app.call(method, &format!("{path}?from=2026-11-24&to=2026-11-30")),
        "getAccessLogReport" => app.call(method, &format!("{path}?from=2026-11-01&to=2026-11-30")),
        "enterPaperResponse" => app.call(method, &path).key(&key).json(&json!({
            "patient": stage.invited.patient, "unit": app.world.unit, "respondent": {"kind": "patient"}, "answers": given, "language": "nb",
            "answered_on": "2026-11-23",
        })),
        "reviewResponse" => app.call(method, &path).json(&json!({"version": 1})),
        "expandFhirSetByUrl" => app.call(method, &format!("{path}?url=https://kartlegging.example/fhir/ValueSet/problem")),
        _ if id.starts_with("searchFhirObservations") => app.call(method, &format!("{path}?derived-from={}", stage.response)),
        _ if id.starts_with("searchFhirDocuments") => app.call(method, &format!("{path}?related={}", stage.response)),
        _ if id.starts_with("searchFhirProvenance") => app.call(method, &format!("{path}?target={}", stage.response)),
        "searchFhirPatients" | "searchFhirPatientsByBody" => app.call(method, &format!("{path}?_id={}", stage.invited.patient)),
        "createFhirResponse" => app.call(method, &path).json(&handed_in(
            given,
            &json!({
                "basedOn": [{"reference": format!("Task/{}", stage.invited.id)}],
            }),
        )),
        _ if id.starts_with("processFhir") => {
            let task = json!([{"reference": format!("Task/{}", stage.invited.id)}]);
            app.call(method, &path).json(&handed_in(given, &json!({"basedOn": task, "questionnaire": FORM_ADDRESS})))
        }
        "validateFhirResponse" | "extractFhirAnswers" => {
            app.call(method, &path).json(&handed_in(given, &json!({"questionnaire": FORM_ADDRESS})))
        }
        _ if id.starts_with("populateFhir") || id.starts_with("linkFhir") => app.call(method, &path).json(&json!({
            "resourceType": "Parameters",
            "parameter": [{"name": "context", "part": [
                {"name": "name", "valueString": "task"},
                {"name": "content", "valueReference": {"reference": format!("Task/{}", stage.invited.id)}},
            ]}],
        })),
        "updateFhirResponse" => {
            let same = answers(5, &[], &[], "no", Some("no"));
            app.call(method, &path).if_match(1).json(&handed_in(same, &json!({"id": stage.response})))
        }
        "createFhirSubscription" => app.call(method, &path).json(&subscription()),
        "registerRepresentative" => app.call(method, &path).json(&representative("13906030130")),
        "searchPatients" => app.call(method, &path).json(&json!({"identifier": app.order("x")["patient"]["identifier"]})),
        _ => app.call(method, &path),
    }
}

/// Everything that a token can say about one patient.
const EVERYTHING: &str = "patient/*.cruds patient/*.* letters:render invitations:write";

/// What a token for one patient has got about another one; what a search was asked for is said back to it.
fn foreign_data(stage: &Stage, actor: &str, answer: &Answer) -> Option<String> {
    let of_first = [stage.invited.patient.as_str(), &stage.invited.id, &stage.response, "Åse"];
    let of_other = [stage.other.patient.as_str(), &stage.other.id, "Odd Annen"];
    let foreign = match actor {
        "for_patient" => of_other.to_vec(),
        "for_other" => of_first.to_vec(),
        "for_nobody" => [&of_first[..], &of_other[..]].concat(),
        _ => return None,
    };
    let given = if answer.json["resourceType"] == "Bundle" { answer.json["entry"].to_string() } else { answer.text.clone() };
    foreign.into_iter().find(|data| !data.is_empty() && given.contains(data)).map(str::to_owned)
}

on_both! {
    async fn every_operation_by_every_actor(app: TestApp) {
        let mut wrong = Vec::new();
        for (id, row) in TABLE.iter().copied() {
            let stage = stage(&app, id).await;
            for (nth, (actor, expected)) in ACTORS.into_iter().zip(row).enumerate() {
                let call = request(&app, &stage, id, nth);
                let call = match actor {
                    "nobody" => call,
                    "garbage" => call.bearer("eyJhbGciOiJub25lIn0.e30."),
                    "bare" => call.bearer(&stage.bare),
                    "session" => call.bearer(&stage.session),
                    "other_session" => call.bearer(&stage.other_session),
                    "for_patient" => call.bearer(&stage.for_patient),
                    "for_other" => call.bearer(&stage.for_other),
                    "for_nobody" => call.bearer(&app.client_token(&json!({"scope": EVERYTHING}))),
                    known => call.bearer(app.world.token(known)),
                };
                let answer = call.send().await;
                let field = answer.json.pointer("/errors/0/code").or(answer.json.pointer("/items/0/problem/errors/0/code"));
                let outcome = match (answer.status, answer.code(), field.and_then(Value::as_str)) {
                    (403, "scope-missing", _) => "S",
                    (403, "role-missing", _) => "R",
                    (403, "ground-required", _) => "G",
                    (403, "patient-only", _) => "P",
                    (403, "patient-unnamed", _) => "N",
                    (404, "not-found", _) => "F",
                    (401, "token-invalid", _) => "T",
                    (401, "token-missing", _) => "M",
                    (422, "resource-invalid", _) => "E",
                    (422 | 200, _, Some("unit-unknown")) => "U",
                    (200, ..) => "200",
                    (201, ..) => "201",
                    (204, ..) => "204",
                    _ => &answer.text,
                };
                if outcome != expected {
                    wrong.push(format!("{id} by {actor}: expected {expected}, was {outcome}"));
                }
                // What anybody opens is not opened by the token.
                let by_token = row[ACTORS.iter().position(|one| *one == "nobody").expect("a column")] == "M";
                if let Some(data) = foreign_data(&stage, actor, &answer).filter(|_| by_token) {
                    wrong.push(format!("{id} by {actor}: gave {data}"));
                }
                let foreign = actor.starts_with("other_c");
                let of_patients = ["Responses", "Patients", "Tasks", "Appointments", "Observations", "Documents", "Provenance"];
                if foreign && outcome == "200" && of_patients.iter().any(|kind| id.starts_with(&format!("searchFhir{kind}"))) {
                    assert_eq!(answer.json["total"], 0, "{id}: what another organization has is found");
                } else if foreign && outcome == "200" && id.starts_with("search") && !id.starts_with("searchFhir") {
                    assert_eq!(answer.json["items"], json!([]), "{id}: what another organization has is found");
                }
                if id == "issueInvitationBatch" && outcome == "200" {
                    assert_eq!((&answer.json["issued"], &answer.json["failed"]), (&json!(1), &json!(0)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

on_both! {
    async fn a_session_sees_its_own_invitation_only(app: TestApp) {
        let stage = stage(&app, "getReceipt").await;
        let mine = app.get("/api/v1/session").bearer(&stage.session).send().await.expect(200);
        let other = app.get("/api/v1/session").bearer(&stage.other_session).send().await.expect(200);
        assert_eq!((&mine["patient"]["name"], &other["patient"]["name"]), (&json!("Åse Oppdiktet"), &json!("Odd Annen")));
        assert_eq!(other["invitation"]["state"], "opened");
        app.get("/api/v1/session/draft").bearer(&stage.other_session).send().await.expect(200);
    }
}

on_both! {
    async fn a_malformed_or_unknown_id_is_not_found(app: TestApp) {
        for (id, (method, path, _)) in operations().into_iter().filter(|(_, (_, path, _))| path.contains("{id}") && path.starts_with("/api/")) {
            let who = match id.as_str() {
                _ if id.ends_with("AccessLog") || id.ends_with("AuditEvent") => "auditor",
                _ if id.ends_with("Delivery") => "organization_admin",
                _ => "clinician",
            };
            for unknown in ["0193a5d0-2000-7000-8000-00000000ffff", "nonsense", "0193a5d020007000800000000000ffff%20"] {
                let path = path.replace("{id}", unknown).replace("{representative}", unknown);
                let call = app.call(&method, &path).bearer(app.world.token(who)).key("some-key-1");
                let call = match id.as_str() {
                    "reviewResponse" => call.json(&json!({"version": 1})),
                    "changeAppointment" => call.json(&json!({"status": "booked"})),
                    "registerRepresentative" => call.json(&representative("13906030130")),
                    "updateFhirResponse" => call.if_match(1).json(&handed_in(answers(4, &[], &[], "no", None), &json!({"id": unknown}))),
                    _ => call,
                };
                call.send().await.expect_problem(404, "not-found");
            }
        }
    }
}

//! Tables as sea-orm sees them; private to storage. One macro, one line a column.

macro_rules! entity {
    ($(#[$doc:meta])* $module:ident, $table:tt, { $($body:tt)* }) => {
        $(#[$doc])*
        pub mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($body)* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(organization, "organization", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub organization_number: String,
    pub phone: String,
    pub threshold: i32,
    pub threshold_source: String,
    pub care_window_days: i32,
    pub created_at: DateTimeUtc,
    pub log_patients_a_day: Option<i32>,
    pub sender_names: bool,
});
entity!(organization_key, "organization_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub root_key_version: i32,
    pub wrapped: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub active_at: Option<DateTimeUtc>,
});
entity!(unit, "unit", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub name: String,
    pub phone: String,
    pub external_id: Option<String>,
    pub questionnaire_name: String,
    pub questionnaire_version: Option<String>,
    pub threshold: Option<i32>,
    pub created_at: DateTimeUtc,
    pub discreet: bool,
    pub patient_provider: Option<String>,
});
entity!(client, "client", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub name: String,
    pub external_id: Option<String>,
    pub scopes: String,
    pub created_at: DateTimeUtc,
    pub disabled_at: Option<DateTimeUtc>,
});
entity!(clinician, "clinician", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub name: String,
    pub hpr_number: Option<String>,
    pub subject: Option<String>,
    pub created_at: DateTimeUtc,
    pub disabled_at: Option<DateTimeUtc>,
    pub national_id_index: Option<Vec<u8>>,
    pub national_id_key_version: Option<i32>,
});
entity!(clinician_role, "clinician_role", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub clinician_id: Uuid,
    pub role: String,
    pub unit_id: Option<Uuid>,
});
entity!(questionnaire_release, "questionnaire_release", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: String,
    pub sha256: Vec<u8>,
    pub built_in: bool,
    pub retired_on: Option<Date>,
    pub released_at: DateTimeUtc,
});
entity!(patient, "patient", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub key_version: i32,
    pub name_sealed: Vec<u8>,
    pub birth_date_sealed: Vec<u8>,
    pub contact_sealed: Option<Vec<u8>>,
    pub language: String,
    pub merged_into: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub notices_stopped_at: Option<DateTimeUtc>,
});
entity!(patient_key, "patient_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub organization_key_version: i32,
    pub wrapped: Vec<u8>,
    pub created_at: DateTimeUtc,
});
entity!(patient_identifier, "patient_identifier", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub patient_id: Uuid,
    pub system: String,
    pub assigner: String,
    pub value_sealed: Vec<u8>,
    pub key_version: i32,
    pub created_at: DateTimeUtc,
});
entity!(patient_identifier_index, "patient_identifier_index", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub blind_index: Vec<u8>,
    pub key_version: i32,
    pub identifier_id: Uuid,
    pub patient_id: Uuid,
});
entity!(representative, "representative", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub patient_id: Uuid,
    pub content_sealed: Vec<u8>,
    pub key_version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
});
entity!(appointment, "appointment", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub unit_id: Uuid,
    pub patient_id: Uuid,
    pub external_id: Option<String>,
    pub starts_at: DateTimeUtc,
    pub ends_at: Option<DateTimeUtc>,
    pub registered_by: Option<Uuid>,
    pub status: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
});
entity!(invitation, "invitation", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub unit_id: Uuid,
    pub patient_id: Uuid,
    pub appointment_id: Option<Uuid>,
    pub assessment_id: Option<Uuid>,
    pub issued_by: Option<Uuid>,
    pub questionnaire_name: String,
    pub questionnaire_version: String,
    pub state: String,
    pub closed_reason: Option<String>,
    pub flagged: bool,
    pub due_on: Option<Date>,
    pub answer_until: DateTimeUtc,
    pub amend_until: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub opened_at: Option<DateTimeUtc>,
    pub started_at: Option<DateTimeUtc>,
    pub answered_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    pub noticed_at: Option<DateTimeUtc>,
    pub reminded_at: Option<DateTimeUtc>,
});
entity!(credential, "credential", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub channel: String,
    pub generation: i32,
    pub link_key_version: i32,
    pub link_hash: Vec<u8>,
    pub code_hash: Vec<u8>,
    pub lookup_key_version: i32,
    pub created_at: DateTimeUtc,
    pub sent_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
});
entity!(credential_invitation, "credential_invitation", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub credential_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invitation_id: Uuid,
});
entity!(session, "session", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub invitation_id: Uuid,
    pub credential_id: Uuid,
    pub device_id: Uuid,
    pub kind: String,
    pub remember: bool,
    pub created_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub idle_until: DateTimeUtc,
    pub absolute_until: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub provider: Option<String>,
    pub representative_id: Option<Uuid>,
});
entity!(draft, "draft", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: Uuid,
    pub organization_id: Uuid,
    pub invitation_id: Uuid,
    pub patient_id: Uuid,
    pub device_id: Uuid,
    pub version: i32,
    pub language: String,
    pub answers_sealed: Vec<u8>,
    pub respondent_sealed: Option<Vec<u8>>,
    pub key_version: i32,
    pub place: Option<i32>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
});
entity!(response, "response", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub unit_id: Uuid,
    pub patient_id: Uuid,
    pub invitation_id: Option<Uuid>,
    pub appointment_id: Option<Uuid>,
    pub questionnaire_name: String,
    pub questionnaire_version: String,
    pub version: i32,
    pub digest_sealed: Vec<u8>,
    pub key_version: i32,
    pub created_at: DateTimeUtc,
    pub submitted_at: DateTimeUtc,
});
entity!(response_version, "response_version", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub organization_id: Uuid,
    pub answers_sealed: Vec<u8>,
    pub respondent_sealed: Vec<u8>,
    pub key_version: i32,
    pub language: String,
    pub supplement_revision: i32,
    pub source: String,
    pub entered_by: Option<Uuid>,
    pub answered_on: Option<Date>,
    pub consent: String,
    pub started_at: Option<DateTimeUtc>,
    pub submitted_at: DateTimeUtc,
});
entity!(response_original, "response_original", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub organization_id: Uuid,
    pub body_sealed: Vec<u8>,
    pub changes_sealed: Vec<u8>,
    pub key_version: i32,
});
entity!(review, "review", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub response_id: Uuid,
    pub response_version: i32,
    pub clinician_id: Uuid,
    pub reviewed_at: DateTimeUtc,
});
entity!(attempt, "attempt", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_hash: Vec<u8>,
    pub subject_key_version: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_start: DateTimeUtc,
    pub failures: i32,
    pub wait_until: DateTimeUtc,
    pub updated_at: DateTimeUtc,
});
entity!(idempotency, "idempotency", {
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub body_hash: Vec<u8>,
    pub body_key_version: i32,
    pub attempt_id: Uuid,
    pub state: String,
    pub outcome: Option<String>,
    pub created_at: DateTimeUtc,
    pub locked_until: DateTimeUtc,
});
entity!(job_lease, "job_lease", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job: String,
    pub holder: Uuid,
    pub until: DateTimeUtc,
    pub last_run_at: Option<DateTimeUtc>,
});
entity!(key_check, "key_check", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub check_value: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub active_at: Option<DateTimeUtc>,
});
entity!(instance, "instance", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub keys: String,
    pub seen_at: DateTimeUtc,
});
entity!(access_log, "access_log", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub at: DateTimeUtc,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub role: Option<String>,
    pub assurance: Option<String>,
    pub unit_id: Option<Uuid>,
    pub action: String,
    pub object_kind: Option<String>,
    pub object_id: Option<Uuid>,
    pub ground: String,
    pub ground_text_sealed: Option<Vec<u8>>,
    pub key_version: i32,
    pub result: String,
    pub request_id: String,
    pub set_id: Option<Uuid>,
});
entity!(access_log_set, "access_log_set", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub set_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
});
entity!(access_log_patient, "access_log_patient", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patient_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: Uuid,
});
entity!(access_log_seal, "access_log_seal", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub entry_id: Uuid,
    pub hash: Vec<u8>,
    pub sealed_at: DateTimeUtc,
});
entity!(access_log_head, "access_log_head", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub size: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: DateTimeUtc,
    pub hash: Vec<u8>,
    pub key_version: i32,
    pub note: String,
});
entity!(access_log_prune, "access_log_prune", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub size: i64,
    pub hash: Vec<u8>,
    pub cut_off: DateTimeUtc,
    pub at: DateTimeUtc,
    pub key_version: i32,
    pub note: String,
});
entity!(access_log_delivery, "access_log_delivery", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub outlet: String,
    pub head_at: DateTimeUtc,
});
entity!(support_text, "support_text", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub unit_id: Option<Uuid>,
    pub language: String,
    pub text: String,
    pub updated_at: DateTimeUtc,
});
entity!(letter_text, "letter_text", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub unit_id: Option<Uuid>,
    pub language: String,
    pub text: String,
    pub updated_at: DateTimeUtc,
});
entity!(retention, "retention", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    pub days: Option<i32>,
    pub updated_at: DateTimeUtc,
});
entity!(webhook, "webhook", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub url: String,
    pub events: String,
    pub slot: Option<i32>,
    pub secret_sealed: Vec<u8>,
    pub previous_sealed: Option<Vec<u8>>,
    pub previous_until: Option<DateTimeUtc>,
    pub key_version: i32,
    pub created_at: DateTimeUtc,
    pub rotated_at: Option<DateTimeUtc>,
    pub disabled_at: Option<DateTimeUtc>,
    pub disabled_reason: Option<String>,
    pub client_id: Option<Uuid>,
    pub reason: Option<String>,
    pub criteria: Option<String>,
    pub payload: Option<String>,
    pub headers_sealed: Option<Vec<u8>>,
    pub ends_at: Option<DateTimeUtc>,
    pub told: i32,
});
entity!(outbox, "outbox", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub channel: String,
    pub event: String,
    pub target_id: Option<Uuid>,
    pub subject_id: Uuid,
    pub version: Option<i32>,
    pub once: String,
    pub state: String,
    pub attempts: i32,
    pub next_at: DateTimeUtc,
    pub give_up_at: DateTimeUtc,
    pub leased_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub failure: Option<String>,
    pub number: Option<i32>,
});
entity!(uptake, "uptake", {
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub week: Date,
    pub visits: i32,
    pub not_sent: i32,
    pub sent: i32,
    pub opened: i32,
    pub started: i32,
    pub answered: i32,
    pub amended: i32,
    pub declined: i32,
    pub answer_minutes: Option<i32>,
    pub answer_timed: i32,
    pub fill_minutes: Option<i32>,
    pub fill_timed: i32,
    pub counted_at: DateTimeUtc,
});
entity!(finding, "finding", {
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: Date,
    pub responses: i32,
    pub scored: i32,
    pub over: i32,
    pub reviewed: i32,
    pub review_minutes: Option<i32>,
    pub problems: String,
    pub counted_at: DateTimeUtc,
});
entity!(unit_notice, "unit_notice", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: Uuid,
    pub organization_id: Uuid,
    pub notice_days: Option<i32>,
    pub reminder_days: Option<i32>,
    pub quiet_from: Option<i32>,
    pub quiet_until: Option<i32>,
    pub sender_name: Option<String>,
    pub reply_to: Option<String>,
    pub digest_to: Option<String>,
    pub language: String,
    pub digest_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
});
entity!(clinician_session, "clinician_session", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub clinician_id: Uuid,
    pub provider: Option<String>,
    pub assurance: Option<String>,
    pub created_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    pub idle_until: DateTimeUtc,
    pub absolute_until: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub sid: Option<String>,
    pub unit_number: Option<String>,
});
entity!(clinician_link, "clinician_link", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub clinician_id: Uuid,
    pub token_sha256: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub good_until: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
});
entity!(dpop_proof, "dpop_proof", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub proof_sha256: Vec<u8>,
    pub seen_at: DateTimeUtc,
});

//! The worklist's rows: two statements whatever the number of rows.

use super::{Reader, StorageError, patients::WrappedKey};
use crate::domain::ids::{AppointmentId, InvitationId, PatientId, ResponseId, UnitId};
use crate::domain::invitation::InvitationState;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// The window that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Unit.
    pub unit: UnitId,
    /// First instant.
    pub from: DateTime<Utc>,
    /// First instant after it.
    pub to: DateTime<Utc>,
    /// First date, for invitations without a visit.
    pub from_date: NaiveDate,
    /// Last date.
    pub to_date: NaiveDate,
    /// Most rows.
    pub limit: u64,
}

/// An invitation of a row: id, state, flagged, due date.
pub type Invitation = (InvitationId, InvitationState, bool, Option<NaiveDate>);

/// A visit or a due invitation, with what hangs on it; personal data as ciphertext.
#[derive(Debug, Clone)]
pub struct Row {
    /// The visit: id, EHR id, start, status.
    pub appointment: Option<(AppointmentId, Option<String>, DateTime<Utc>, String)>,
    /// Who.
    pub patient: PatientId,
    /// Name.
    pub name_sealed: Vec<u8>,
    /// Birth date.
    pub birth_date_sealed: Vec<u8>,
    /// Data key; `None` when erased.
    pub key: Option<WrappedKey>,
    /// Invitation: id, state, flagged, due date.
    pub invitation: Option<Invitation>,
    /// Whether a credential went out.
    pub sent: bool,
    /// The response.
    pub response: Option<ResponseRow>,
}

/// What tells one state of a row from another: nothing that is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The visit: id, start, status.
    pub appointment: Option<(AppointmentId, DateTime<Utc>, String)>,
    /// Invitation: id, state, flagged, due date.
    pub invitation: Option<Invitation>,
    /// Whether a credential went out.
    pub sent: bool,
    /// Response: id, newest version, newest version that somebody has reviewed.
    pub response: Option<(ResponseId, i32, Option<i32>)>,
}

impl Row {
    /// Its state.
    pub fn state(&self) -> State {
        State {
            appointment: self.appointment.as_ref().map(|(id, _, at, status)| (*id, *at, status.clone())),
            invitation: self.invitation,
            sent: self.sent,
            response: self.response.as_ref().map(|response| (response.id, response.version, response.reviewed_version)),
        }
    }
}

/// The response of a row.
#[derive(Debug, Clone)]
pub struct ResponseRow {
    /// Id.
    pub id: ResponseId,
    /// Newest version.
    pub version: i32,
    /// Digest.
    pub digest_sealed: Vec<u8>,
    /// When.
    pub submitted_at: DateTime<Utc>,
    /// Form and version.
    pub questionnaire: (String, String),
    /// Newest version that somebody has reviewed.
    pub reviewed_version: Option<i32>,
}

#[derive(Debug, FromQueryResult)]
struct Raw {
    appointment_id: Option<Uuid>,
    external_id: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    status: Option<String>,
    patient_id: Uuid,
    name_sealed: Vec<u8>,
    birth_date_sealed: Vec<u8>,
    pk_version: Option<i32>,
    pk_organization_version: Option<i32>,
    pk_wrapped: Option<Vec<u8>>,
    invitation_id: Option<Uuid>,
    state: Option<String>,
    closed_reason: Option<String>,
    flagged: Option<bool>,
    due_on: Option<NaiveDate>,
    sent_at: Option<DateTime<Utc>>,
    response_id: Option<Uuid>,
    version: Option<i32>,
    digest_sealed: Option<Vec<u8>>,
    submitted_at: Option<DateTime<Utc>>,
    questionnaire_name: Option<String>,
    questionnaire_version: Option<String>,
    reviewed_version: Option<i32>,
}

#[derive(Debug, FromQueryResult)]
struct RawState {
    appointment_id: Option<Uuid>,
    starts_at: Option<DateTime<Utc>>,
    status: Option<String>,
    invitation_id: Option<Uuid>,
    state: Option<String>,
    closed_reason: Option<String>,
    flagged: Option<bool>,
    due_on: Option<NaiveDate>,
    sent_at: Option<DateTime<Utc>>,
    response_id: Option<Uuid>,
    version: Option<i32>,
    reviewed_version: Option<i32>,
}

/// What a state is made of.
const STATE: &str = "i.id AS invitation_id, i.state, i.closed_reason, i.flagged, i.due_on, \
    (SELECT MIN(c.sent_at) FROM credential_invitation ci JOIN credential c ON c.id = ci.credential_id WHERE ci.invitation_id = i.id) AS sent_at, \
    r.id AS response_id, r.version, \
    (SELECT MAX(v.response_version) FROM review v WHERE v.response_id = r.id) AS reviewed_version";

/// What a row has beside its state.
const REST: &str = ", p.id AS patient_id, p.name_sealed, p.birth_date_sealed, \
    k.version AS pk_version, k.organization_key_version AS pk_organization_version, k.wrapped AS pk_wrapped, \
    r.digest_sealed, r.submitted_at, r.questionnaire_name, r.questionnaire_version";
const PATIENT: &str = "JOIN patient p ON p.id = {} LEFT JOIN patient_key k ON k.patient_id = p.id AND k.version = p.key_version";

/// Rows of the window, unsorted: the order depends on what is encrypted.
pub async fn rows(reader: &impl Reader, window: &Window) -> Result<Vec<Row>> {
    select(reader, window, true)
        .await?
        .iter()
        .map(|row| Raw::from_query_result(row, "").map_err(StorageError::from).and_then(row_from))
        .collect()
}

/// The states of the same rows, in the same order, for less.
pub async fn states(reader: &impl Reader, window: &Window) -> Result<Vec<State>> {
    let found = select(reader, window, false).await?;
    found.iter().map(|row| RawState::from_query_result(row, "").map_err(StorageError::from).and_then(state_from)).collect()
}

async fn select(reader: &impl Reader, window: &Window, whole: bool) -> Result<Vec<QueryResult>> {
    let rest = if whole { REST } else { "" };
    let patient = |id: &str| if whole { PATIENT.replace("{}", id) } else { String::new() };
    // Every live or answered invitation to a visit is a row; only where there is none does the newest
    // closed one stand for the visit.
    let live = |row: &str| format!("({row}.closed_reason IS NULL OR {row}.closed_reason = 'declined')");
    let visits = format!(
        "SELECT a.id AS appointment_id, a.external_id, a.starts_at, a.status, {STATE}{rest} \
         FROM appointment a {} \
         LEFT JOIN invitation i ON i.appointment_id = a.id AND ({} OR ( \
             NOT EXISTS (SELECT 1 FROM invitation l WHERE l.appointment_id = a.id AND {}) AND \
             i.id = (SELECT n.id FROM invitation n WHERE n.appointment_id = a.id ORDER BY n.created_at DESC, n.id DESC LIMIT 1))) \
         LEFT JOIN response r ON r.invitation_id = i.id \
         WHERE a.unit_id = $1 AND a.starts_at >= $2 AND a.starts_at < $3 ORDER BY a.starts_at, a.id LIMIT $4",
        patient("a.patient_id"),
        live("i"),
        live("l"),
    );
    let due = format!(
        "SELECT NULL AS appointment_id, NULL AS external_id, NULL AS starts_at, NULL AS status, {STATE}{rest} \
         FROM invitation i {} \
         LEFT JOIN response r ON r.invitation_id = i.id \
         WHERE i.unit_id = $1 AND i.appointment_id IS NULL AND i.due_on >= $2 AND i.due_on <= $3 ORDER BY i.due_on, i.id LIMIT $4",
        patient("i.patient_id")
    );
    // PostgreSQL gives a bare NULL the type text.
    let due = match reader.transaction().get_database_backend() {
        sea_orm::DatabaseBackend::Sqlite => due,
        _ => due
            .replace("NULL AS appointment_id", "CAST(NULL AS uuid) AS appointment_id")
            .replace("NULL AS starts_at", "CAST(NULL AS timestamptz) AS starts_at"),
    };
    let limit = Value::from(i64::try_from(window.limit).unwrap_or(i64::MAX));
    let mut rows = ask(reader, &visits, vec![window.unit.0.into(), window.from.into(), window.to.into(), limit.clone()]).await?;
    rows.extend(ask(reader, &due, vec![window.unit.0.into(), window.from_date.into(), window.to_date.into(), limit]).await?);
    Ok(rows)
}

async fn ask(reader: &impl Reader, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
    let tx = reader.transaction();
    Ok(tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?)
}

fn invitation_from(
    id: Option<Uuid>,
    state: Option<&str>,
    closed_reason: Option<&str>,
    flagged: Option<bool>,
    due_on: Option<NaiveDate>,
) -> Result<Option<Invitation>> {
    let (Some(id), Some(state)) = (id, state) else { return Ok(None) };
    let state = InvitationState::parse(state, closed_reason).ok_or(StorageError::Corrupt("worklist row"))?;
    Ok(Some((InvitationId(id), state, flagged.unwrap_or(false), due_on)))
}

fn state_from(raw: RawState) -> Result<State> {
    Ok(State {
        appointment: match (raw.appointment_id, raw.starts_at, raw.status) {
            (Some(id), Some(starts_at), Some(status)) => Some((AppointmentId(id), starts_at, status)),
            _ => None,
        },
        invitation: invitation_from(raw.invitation_id, raw.state.as_deref(), raw.closed_reason.as_deref(), raw.flagged, raw.due_on)?,
        sent: raw.sent_at.is_some(),
        response: raw.response_id.zip(raw.version).map(|(id, version)| (ResponseId(id), version, raw.reviewed_version)),
    })
}

fn row_from(raw: Raw) -> Result<Row> {
    let version = |v: i32| u16::try_from(v).map_err(|_| StorageError::Corrupt("key version"));
    let key = match (raw.pk_version, raw.pk_organization_version, raw.pk_wrapped) {
        (Some(own), Some(organization), Some(wrapped)) => {
            Some(WrappedKey { version: version(own)?, organization_key_version: version(organization)?, wrapped })
        }
        _ => None,
    };
    let invitation = invitation_from(raw.invitation_id, raw.state.as_deref(), raw.closed_reason.as_deref(), raw.flagged, raw.due_on)?;
    let response =
        match (raw.response_id, raw.version, raw.digest_sealed, raw.submitted_at, raw.questionnaire_name, raw.questionnaire_version) {
            (Some(id), Some(version), Some(digest_sealed), Some(submitted_at), Some(name), Some(form_version)) => Some(ResponseRow {
                id: ResponseId(id),
                version,
                digest_sealed,
                submitted_at,
                questionnaire: (name, form_version),
                reviewed_version: raw.reviewed_version,
            }),
            _ => None,
        };
    let appointment = match (raw.appointment_id, raw.starts_at, raw.status) {
        (Some(id), Some(starts_at), Some(status)) => Some((AppointmentId(id), raw.external_id, starts_at, status)),
        _ => None,
    };
    Ok(Row {
        appointment,
        patient: PatientId(raw.patient_id),
        name_sealed: raw.name_sealed,
        birth_date_sealed: raw.birth_date_sealed,
        key,
        sent: raw.sent_at.is_some(),
        invitation,
        response,
    })
}

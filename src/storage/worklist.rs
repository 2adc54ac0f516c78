//! The worklist's rows: two statements whatever the number of rows.

use super::row::{self as cells, Row as Cells};
use super::{Reader, StorageError, patients::WrappedKey};
use crate::domain::ids::{AppointmentId, InvitationId, PatientId, ResponseId, UnitId};
use crate::domain::invitation::InvitationState;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::Value;

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

/// What a state is made of, in places 0 to 11 (the visit's stand before these).
const STATE: &str = "i.id, i.state, i.closed_reason, i.flagged, i.due_on, \
    EXISTS (SELECT 1 FROM credential_invitation ci JOIN credential c ON c.id = ci.credential_id \
        WHERE ci.invitation_id = i.id AND c.sent_at IS NOT NULL), \
    r.id, r.version, (SELECT MAX(v.response_version) FROM review v WHERE v.response_id = r.id)";

/// What a row has beside its state, in places 12 to 22.
const REST: &str = "p.id, p.name_sealed, p.birth_date_sealed, k.version, k.organization_key_version, k.wrapped, \
    r.digest_sealed, r.submitted_at, r.questionnaire_name, r.questionnaire_version";
const PATIENT: &str = "JOIN patient p ON p.id = {} LEFT JOIN patient_key k ON k.patient_id = p.id AND k.version = p.key_version";

/// Rows of the window, unsorted: the order depends on what is encrypted.
pub async fn rows(reader: &impl Reader, window: &Window) -> Result<Vec<Row>> {
    select(reader, window, true, row_of).await
}

/// The states of the same rows, in the same order, for less.
pub async fn states(reader: &impl Reader, window: &Window) -> Result<Vec<State>> {
    select(reader, window, false, state_of).await
}

async fn select<T>(reader: &impl Reader, window: &Window, whole: bool, read: impl Fn(&Cells<'_>) -> Result<T> + Copy) -> Result<Vec<T>> {
    let rest = |external_id: &str| if whole { format!(", {external_id}, {REST}") } else { String::new() };
    let patient = |id: &str| if whole { PATIENT.replace("{}", id) } else { String::new() };
    // Every live or answered invitation to a visit is a row; only where there is none does the newest
    // closed one stand for the visit.
    let live = |row: &str| format!("({row}.closed_reason IS NULL OR {row}.closed_reason = 'declined')");
    let visits = format!(
        "SELECT a.id, a.starts_at, a.status, {STATE}{} \
         FROM appointment a {} \
         LEFT JOIN invitation i ON i.appointment_id = a.id AND ({} OR ( \
             NOT EXISTS (SELECT 1 FROM invitation l WHERE l.appointment_id = a.id AND {}) AND \
             i.id = (SELECT n.id FROM invitation n WHERE n.appointment_id = a.id ORDER BY n.created_at DESC, n.id DESC LIMIT 1))) \
         LEFT JOIN response r ON r.invitation_id = i.id \
         WHERE a.unit_id = $1 AND a.starts_at >= $2 AND a.starts_at < $3 ORDER BY a.starts_at, a.id LIMIT $4",
        rest("a.external_id"),
        patient("a.patient_id"),
        live("i"),
        live("l"),
    );
    // PostgreSQL gives a bare NULL the type text.
    let due = format!(
        "SELECT CAST(NULL AS uuid), CAST(NULL AS timestamptz), CAST(NULL AS text), {STATE}{} \
         FROM invitation i {} \
         LEFT JOIN response r ON r.invitation_id = i.id \
         WHERE i.unit_id = $1 AND i.appointment_id IS NULL AND i.due_on >= $2 AND i.due_on <= $3 ORDER BY i.due_on, i.id LIMIT $4",
        rest("CAST(NULL AS text)"),
        patient("i.patient_id")
    );
    let limit = Value::from(i64::try_from(window.limit).unwrap_or(i64::MAX));
    let (unit, from, to) = (window.unit.0, window.from, window.to);
    let mut found = cells::rows(reader, &visits, vec![unit.into(), from.into(), to.into(), limit.clone()], read).await?;
    let values = vec![unit.into(), window.from_date.into(), window.to_date.into(), limit];
    found.extend(cells::rows(reader, &due, values, read).await?);
    Ok(found)
}

/// The visit of a row: id, start, status.
fn visit_of(row: &Cells<'_>) -> Result<Option<(AppointmentId, DateTime<Utc>, String)>> {
    Ok(match (row.id(0)?, row.time(1)?, row.text(2)?) {
        (Some(id), Some(starts_at), Some(status)) => Some((AppointmentId(id), starts_at, status)),
        _ => None,
    })
}

fn invitation_of(row: &Cells<'_>) -> Result<Option<Invitation>> {
    let (Some(id), Some(state)) = (row.id(3)?, row.text(4)?) else { return Ok(None) };
    let state = InvitationState::parse(&state, row.text(5)?.as_deref()).ok_or(StorageError::Corrupt("worklist row"))?;
    Ok(Some((InvitationId(id), state, row.flag(6)?.unwrap_or(false), row.date(7)?)))
}

fn sent(row: &Cells<'_>) -> Result<bool> {
    Ok(row.flag(8)?.unwrap_or(false))
}

/// The response of a row: id, newest version, newest version that somebody has reviewed.
fn version_of(row: &Cells<'_>) -> Result<Option<(ResponseId, i32, Option<i32>)>> {
    let version = row.id(9)?.zip(row.number(10)?);
    Ok(match version {
        Some((id, version)) => Some((ResponseId(id), version, row.number(11)?)),
        None => None,
    })
}

fn state_of(row: &Cells<'_>) -> Result<State> {
    Ok(State { appointment: visit_of(row)?, invitation: invitation_of(row)?, sent: sent(row)?, response: version_of(row)? })
}

fn row_of(row: &Cells<'_>) -> Result<Row> {
    let lacking = || StorageError::Corrupt("worklist row");
    let external_id = row.text(12)?;
    Ok(Row {
        appointment: visit_of(row)?.map(|(id, starts_at, status)| (id, external_id, starts_at, status)),
        patient: PatientId(row.id(13)?.ok_or_else(lacking)?),
        name_sealed: row.bytes(14)?.ok_or_else(lacking)?,
        birth_date_sealed: row.bytes(15)?.ok_or_else(lacking)?,
        key: key_of(row)?,
        invitation: invitation_of(row)?,
        sent: sent(row)?,
        response: response_of(row)?,
    })
}

fn key_of(row: &Cells<'_>) -> Result<Option<WrappedKey>> {
    let version = |v: i32| u16::try_from(v).map_err(|_| StorageError::Corrupt("key version"));
    Ok(match (row.number(16)?, row.number(17)?, row.bytes(18)?) {
        (Some(own), Some(organization), Some(wrapped)) => {
            Some(WrappedKey { version: version(own)?, organization_key_version: version(organization)?, wrapped })
        }
        _ => None,
    })
}

fn response_of(row: &Cells<'_>) -> Result<Option<ResponseRow>> {
    let Some((id, version, reviewed_version)) = version_of(row)? else { return Ok(None) };
    let parts = (row.bytes(19)?, row.time(20)?, row.text(21)?, row.text(22)?);
    let (Some(digest_sealed), Some(submitted_at), Some(name), Some(form_version)) = parts else { return Ok(None) };
    Ok(Some(ResponseRow { id, version, digest_sealed, submitted_at, questionnaire: (name, form_version), reviewed_version }))
}

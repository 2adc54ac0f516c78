//! Services' errors become problems, in this one place. What the caller must not see is logged here,
//! once, with the request's id around it.

use super::problem::{Code, FieldCode, FieldError, Problem};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::policy::Denied;
use crate::domain::respondent::{FieldFault, RespondentFault};
use crate::fhir::read::parameters;
use crate::services::{
    Fault, access_log, authenticate, change_appointment, deliveries, draft, enter_paper, fhir, holder, idempotency, invitation,
    issue_invitations, letter, open_session, paper_sheet, patient_view, patients, print_paper, render_message, representatives, responses,
    review, uptake, worklist,
};

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if fault.is_passing() {
            tracing::warn!(%fault, "not available now");
            Self::new(Code::Unavailable)
        } else {
            tracing::error!(%fault, "a request failed");
            Self::new(Code::Internal)
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(match denied {
            Denied::Scope(_) => Code::ScopeMissing,
            Denied::Role => Code::RoleMissing,
            Denied::GroundRequired => Code::GroundRequired,
            Denied::OnePatient => Code::PatientOnly,
            Denied::PatientUnnamed => Code::PatientUnnamed,
        })
    }
}

impl From<NotPossible> for Problem {
    fn from(NotPossible(state): NotPossible) -> Self {
        Self::new(match state {
            InvitationState::Answered => Code::InvitationAnswered,
            _ => Code::InvitationClosed,
        })
    }
}

fn closed(reason: ClosedReason) -> Problem {
    Problem::new(match reason {
        ClosedReason::Expired => Code::InvitationExpired,
        ClosedReason::Revoked | ClosedReason::Declined => Code::InvitationRevoked,
        ClosedReason::Locked => Code::InvitationLocked,
    })
}

impl From<idempotency::Error> for Problem {
    fn from(error: idempotency::Error) -> Self {
        match error {
            idempotency::Error::InFlight => Self::new(Code::IdempotencyInFlight),
            idempotency::Error::BodyDiffers => Self::new(Code::IdempotencyBodyDiffers),
            idempotency::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<authenticate::Error> for Problem {
    fn from(error: authenticate::Error) -> Self {
        match error {
            authenticate::Error::Token(reason) => {
                tracing::info!(reason, "token refused");
                Self::new(Code::TokenInvalid)
            }
            authenticate::Error::Proof(reason) => {
                tracing::info!(reason, "proof of possession refused");
                Self::new(Code::ProofInvalid)
            }
            authenticate::Error::Nonce(nonce) => Self::nonce(nonce),
            authenticate::Error::Unavailable => Self::new(Code::Unavailable),
            authenticate::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<invitation::Error> for Problem {
    fn from(error: invitation::Error) -> Self {
        match error {
            invitation::Error::NotFound => Self::new(Code::NotFound),
            invitation::Error::Erased => Self::new(Code::Erased),
            invitation::Error::Denied(denied) => denied.into(),
            invitation::Error::Exists => Self::new(Code::InvitationExists),
            invitation::Error::State(state) => state.into(),
            invitation::Error::Repeat(repeat) => repeat.into(),
            invitation::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<change_appointment::Error> for Problem {
    fn from(error: change_appointment::Error) -> Self {
        use change_appointment::Error;
        match error {
            Error::NotFound => Self::new(Code::NotFound),
            Error::Time => Self::field("/starts_at", FieldCode::OutOfRange),
            Error::Unit => Self::field("/unit", FieldCode::UnitUnknown),
            Error::Denied(denied) => denied.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<print_paper::Error> for Problem {
    fn from(error: print_paper::Error) -> Self {
        match error {
            print_paper::Error::NotFound => Self::new(Code::NotFound),
            print_paper::Error::Denied(denied) => denied.into(),
            print_paper::Error::State(state) => state.into(),
            print_paper::Error::Language => Self::field("/language", FieldCode::LanguageUnknown),
            print_paper::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<letter::Error> for Problem {
    fn from(error: letter::Error) -> Self {
        match error {
            letter::Error::NotFound => Self::new(Code::NotFound),
            letter::Error::Denied(denied) => denied.into(),
            letter::Error::State(state) => state.into(),
            letter::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<issue_invitations::Error> for Problem {
    fn from(error: issue_invitations::Error) -> Self {
        use issue_invitations::{Error, FieldFault};
        match error {
            Error::Field { pointer, fault } => Self::field(
                pointer,
                match fault {
                    FieldFault::UnitUnknown => FieldCode::UnitUnknown,
                    FieldFault::QuestionnaireUnknown => FieldCode::QuestionnaireUnknown,
                    FieldFault::OutOfRange => FieldCode::OutOfRange,
                    FieldFault::Mismatch => FieldCode::Mismatch,
                    FieldFault::TooMany => FieldCode::TooLong,
                },
            ),
            Error::Exists(_) => Self::new(Code::InvitationExists),
            Error::NoForm => Self::new(Code::QuestionnaireUnknown),
            Error::Unreadable => Self::new(Code::BodyInvalid),
            Error::Denied(denied) => denied.into(),
            Error::Repeat(repeat) => repeat.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<open_session::Error> for Problem {
    fn from(error: open_session::Error) -> Self {
        use open_session::Error;
        match error {
            Error::Wrong => Self::new(Code::CredentialWrong),
            Error::Wait(seconds) => Self::wait(seconds),
            Error::Exhausted => Self::new(Code::AttemptsExhausted),
            Error::Replaced => Self::new(Code::LinkReplaced),
            Error::Closed(reason) => closed(reason),
            Error::SignIn { .. } | Error::OtherPerson => Self::new(Code::SignInRequired),
            Error::Answered => Self::new(Code::InvitationAnswered),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<holder::Error> for Problem {
    fn from(error: holder::Error) -> Self {
        match error {
            holder::Error::Token => Self::new(Code::TokenInvalid),
            holder::Error::Ended => Self::new(Code::SessionEnded),
            holder::Error::Fault(fault) => fault.into(),
        }
    }
}

fn respondent(faults: &[RespondentFault]) -> Problem {
    if faults.is_empty() {
        return Problem::field("/respondent", FieldCode::Required);
    }
    let rows = faults.iter().map(|fault| FieldError {
        pointer: format!("/respondent/{}", fault.field),
        code: match fault.fault {
            FieldFault::Required => FieldCode::Required,
            FieldFault::NotAllowed => FieldCode::NotAllowed,
            FieldFault::TooLong => FieldCode::TooLong,
            FieldFault::Malformed => FieldCode::Malformed,
        },
    });
    Problem::fields(rows.collect())
}

impl From<draft::Error> for Problem {
    fn from(error: draft::Error) -> Self {
        use draft::Error;
        match error {
            Error::Receipt => Self::new(Code::SessionIsReceipt),
            Error::Elsewhere => Self::new(Code::DraftElsewhere),
            Error::Changed(_) => Self::new(Code::DraftChanged),
            Error::Closed(reason) => closed(reason),
            Error::AmendClosed => Self::new(Code::AmendClosed),
            Error::Answered => Self::new(Code::InvitationAnswered),
            Error::Answers(issues) => Self::issues(issues),
            Error::Respondent(faults) => respondent(&faults),
            Error::RespondentKind => Self::field("/respondent/kind", FieldCode::NotAllowed),
            Error::Language => Self::field("/language", FieldCode::LanguageUnknown),
            Error::Session(error) => error.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<enter_paper::Error> for Problem {
    fn from(error: enter_paper::Error) -> Self {
        use enter_paper::Error;
        match error {
            Error::NotFound => Self::new(Code::NotFound),
            Error::Erased => Self::new(Code::Erased),
            Error::Unit => Self::field("/unit", FieldCode::UnitUnknown),
            Error::Form(true) => Self::field("/questionnaire/name", FieldCode::QuestionnaireUnknown),
            Error::Form(false) => Self::new(Code::QuestionnaireUnknown),
            Error::Future => Self::field("/answered_on", FieldCode::DateInFuture),
            Error::Language => Self::field("/language", FieldCode::LanguageUnknown),
            Error::State(state) => state.into(),
            Error::Answers(issues) => Self::issues(issues),
            Error::Respondent(faults) => respondent(&faults),
            Error::Denied(denied) => denied.into(),
            Error::Repeat(repeat) => repeat.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<paper_sheet::Error> for Problem {
    fn from(error: paper_sheet::Error) -> Self {
        match error {
            paper_sheet::Error::NotFound => Self::new(Code::NotFound),
            paper_sheet::Error::Erased => Self::new(Code::Erased),
            paper_sheet::Error::Denied(denied) => denied.into(),
            paper_sheet::Error::State(state) => state.into(),
            paper_sheet::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<responses::Error> for Problem {
    fn from(error: responses::Error) -> Self {
        match error {
            responses::Error::NotFound => Self::new(Code::NotFound),
            responses::Error::Erased => Self::new(Code::Erased),
            responses::Error::Denied(denied) => denied.into(),
            responses::Error::Language => Self::query("language", "query-fault-language"),
            responses::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<parameters::Fault> for Problem {
    fn from(parameters::Fault(element): parameters::Fault) -> Self {
        Self::element(element)
    }
}

impl From<fhir::Error> for Problem {
    fn from(error: fhir::Error) -> Self {
        match error {
            fhir::Error::NotFound => Self::new(Code::NotFound),
            fhir::Error::Erased => Self::new(Code::Erased),
            fhir::Error::TooMany(parameter) => Self::query(parameter, "query-fault-too-many-rows"),
            fhir::Error::Window => Self::query("date", "query-fault-window"),
            fhir::Error::Malformed(parameter) => Self::query(parameter, "query-fault-malformed"),
            fhir::Error::Cursor => Self::query("_cursor", "query-fault-cursor"),
            fhir::Error::Element(element) => Self::element(element),
            fhir::Error::Changed(_) => Self::new(Code::ResourceChanged),
            fhir::Error::State(state) => state.into(),
            fhir::Error::Exists => Self::new(Code::InvitationExists),
            fhir::Error::Full => Self::new(Code::SubscriptionsFull),
            fhir::Error::AmendClosed => Self::new(Code::AmendClosed),
            fhir::Error::Answers(issues) => Self::issues(issues),
            fhir::Error::Denied(denied) => denied.into(),
            fhir::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<review::Error> for Problem {
    fn from(error: review::Error) -> Self {
        match error {
            review::Error::NotFound => Self::new(Code::NotFound),
            review::Error::Erased => Self::new(Code::Erased),
            review::Error::Version => Self::field("/version", FieldCode::OutOfRange),
            review::Error::Changed => Self::new(Code::ResponseChanged),
            review::Error::Denied(denied) => denied.into(),
            review::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<patients::Error> for Problem {
    fn from(error: patients::Error) -> Self {
        match error {
            patients::Error::NotFound => Self::new(Code::NotFound),
            patients::Error::Erased => Self::new(Code::Erased),
            patients::Error::Denied(denied) => denied.into(),
            patients::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<representatives::Error> for Problem {
    fn from(error: representatives::Error) -> Self {
        use representatives::{Error, Unfit};
        match error {
            Error::NotFound => Self::new(Code::NotFound),
            Error::Erased => Self::new(Code::Erased),
            Error::Unfit(Unfit::Age) => Self::field("/relation", FieldCode::Mismatch),
            Error::Unfit(Unfit::Patient) => Self::field("/identifier/value", FieldCode::Mismatch),
            Error::Unfit(Unfit::TooMany) => Self::field("", FieldCode::TooLong),
            Error::Denied(denied) => denied.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<access_log::Error> for Problem {
    fn from(error: access_log::Error) -> Self {
        match error {
            access_log::Error::NotFound => Self::new(Code::NotFound),
            access_log::Error::Window => Self::query("to", "query-fault-window"),
            access_log::Error::Denied(denied) => denied.into(),
            access_log::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<deliveries::Error> for Problem {
    fn from(error: deliveries::Error) -> Self {
        match error {
            deliveries::Error::NotFound => Self::new(Code::NotFound),
            deliveries::Error::Ended => Self::new(Code::DeliveryEnded),
            deliveries::Error::Denied(denied) => denied.into(),
            deliveries::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<render_message::Error> for Problem {
    fn from(error: render_message::Error) -> Self {
        match error {
            render_message::Error::NotFound => Self::new(Code::NotFound),
            render_message::Error::Erased => Self::new(Code::Erased),
            render_message::Error::NoPhone => Self::new(Code::NoPhone),
            render_message::Error::State(state) => state.into(),
            render_message::Error::Denied(denied) => denied.into(),
            render_message::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<uptake::Error> for Problem {
    fn from(error: uptake::Error) -> Self {
        match error {
            uptake::Error::NotFound => Self::new(Code::NotFound),
            uptake::Error::Window => Self::query("to", "query-fault-weeks"),
            uptake::Error::Denied(denied) => denied.into(),
            uptake::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<patient_view::Error> for Problem {
    fn from(error: patient_view::Error) -> Self {
        match error {
            patient_view::Error::Denied(denied) => denied.into(),
            patient_view::Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<worklist::Error> for Problem {
    fn from(error: worklist::Error) -> Self {
        match error {
            worklist::Error::NotFound => Self::new(Code::NotFound),
            worklist::Error::Denied(denied) => denied.into(),
            worklist::Error::Window => Self::query("to", "query-fault-window"),
            worklist::Error::TooMany => Self::query("to", "query-fault-too-many-rows"),
            worklist::Error::Cursor => Self::query("cursor", "query-fault-cursor"),
            worklist::Error::Fault(fault) => fault.into(),
        }
    }
}

//! Answers of services in words that the model can say too.

use kartlegging::domain::invitation::InvitationState;
use kartlegging::domain::policy::Denied;
use kartlegging::services::{draft, enter_paper, holder, idempotency, invitation, issue_invitations, open_session};
use kartlegging::services::{patients, print_paper, responses, review, worklist};

pub fn state(state: InvitationState) -> String {
    format!("{} {}", state.word(), state.reason_word().unwrap_or_default())
}

pub fn denied(denied: Denied) -> String {
    match denied {
        Denied::Scope(_) => "scope",
        Denied::Role => "role",
        Denied::GroundRequired => "ground",
        Denied::OnePatient | Denied::PatientUnnamed => "patient",
    }
    .to_owned()
}

fn repeated(error: &idempotency::Error) -> String {
    match error {
        idempotency::Error::InFlight => "in flight",
        idempotency::Error::BodyDiffers => "body differs",
        idempotency::Error::Fault(_) => "fault",
    }
    .to_owned()
}

pub fn issue(error: &issue_invitations::Error) -> String {
    use issue_invitations::Error;
    match error {
        Error::Field { pointer, fault } => format!("field {pointer} {fault:?}"),
        Error::Exists(_) => "exists".to_owned(),
        Error::Unreadable => "unreadable".to_owned(),
        Error::NoForm => "no form".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Repeat(error) => repeated(error),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn invitation(error: &invitation::Error) -> String {
    use invitation::Error;
    match error {
        Error::Erased => "erased".to_owned(),
        Error::NotFound => "not found".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Exists => "exists".to_owned(),
        Error::State(why) => format!("not possible {}", state(why.0)),
        Error::Repeat(error) => repeated(error),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn paper(error: &print_paper::Error) -> String {
    use print_paper::Error;
    match error {
        Error::NotFound => "not found".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::State(why) => format!("not possible {}", state(why.0)),
        Error::Language => "language".to_owned(),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn open(error: &open_session::Error) -> String {
    use open_session::Error;
    match error {
        Error::Wrong => "wrong".to_owned(),
        Error::Wait(seconds) => format!("wait {seconds}"),
        Error::Exhausted => "exhausted".to_owned(),
        Error::Replaced => "replaced".to_owned(),
        Error::Closed(why) => format!("closed {}", InvitationState::Closed(*why).reason_word().unwrap_or_default()),
        Error::SignIn { .. } => "sign-in".to_owned(),
        Error::OtherPerson => "other person".to_owned(),
        Error::Answered => "answered".to_owned(),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn holder(error: &holder::Error) -> String {
    match error {
        holder::Error::Token => "no token",
        holder::Error::Ended => "ended",
        holder::Error::Fault(_) => "fault",
    }
    .to_owned()
}

pub fn draft(error: &draft::Error) -> String {
    use draft::Error;
    match error {
        Error::Receipt => "receipt only".to_owned(),
        Error::Elsewhere => "elsewhere".to_owned(),
        Error::Changed(version) => format!("changed {version}"),
        Error::Closed(why) => format!("closed {}", InvitationState::Closed(*why).reason_word().unwrap_or_default()),
        Error::AmendClosed => "amend closed".to_owned(),
        Error::Answered => "answered".to_owned(),
        Error::Answers(_) => "answers".to_owned(),
        Error::Respondent(_) | Error::RespondentKind => "respondent".to_owned(),
        Error::Language => "language".to_owned(),
        Error::Session(error) => holder(error),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn enter(error: &enter_paper::Error) -> String {
    use enter_paper::Error;
    match error {
        Error::Erased => "erased".to_owned(),
        Error::NotFound => "not found".to_owned(),
        Error::Unit => "unit".to_owned(),
        Error::Form(_) => "form".to_owned(),
        Error::Future => "future".to_owned(),
        Error::Language => "language".to_owned(),
        Error::State(why) => format!("not possible {}", state(why.0)),
        Error::Answers(_) => "answers".to_owned(),
        Error::Respondent(_) => "respondent".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Repeat(error) => repeated(error),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn response(error: &responses::Error) -> String {
    use responses::Error;
    match error {
        Error::Erased => "erased".to_owned(),
        Error::NotFound => "not found".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Language => "language".to_owned(),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn review(error: &review::Error) -> String {
    use review::Error;
    match error {
        Error::Erased => "erased".to_owned(),
        Error::NotFound => "not found".to_owned(),
        Error::Version => "no such version".to_owned(),
        Error::Changed => "changed".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn worklist(error: &worklist::Error) -> String {
    use worklist::Error;
    match error {
        Error::NotFound => "not found".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Window => "window".to_owned(),
        Error::TooMany => "too many".to_owned(),
        Error::Cursor => "cursor".to_owned(),
        Error::Fault(_) => "fault".to_owned(),
    }
}

pub fn patient(error: &patients::Error) -> String {
    use patients::Error;
    match error {
        Error::Erased => "erased".to_owned(),
        Error::NotFound => "not found".to_owned(),
        Error::Denied(why) => denied(*why),
        Error::Fault(_) => "fault".to_owned(),
    }
}

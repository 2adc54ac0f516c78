//! After the birth date: where to go on, what is asked, who answers.

use super::form::plan::Plan;
use super::form::view::{Block, Said, texts};
use super::frame::{Frame, Words, go, page};
use super::language::known;
use super::posted::Posted;
use super::rows::say;
use super::stop::Stop;
use super::visit::Visit;
use crate::domain::answers::{Context, Level};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::respondent::{FieldFault, Relation, Respondent, RespondentFault, RespondentKind};
use crate::http::problem::Problem;
use crate::services::draft::{self, DraftView};
use crate::services::edit_draft::{self, Command};
use crate::services::giver;
use crate::services::holder::{self, DraftPlace, Holder, Place, SessionKind, SessionView};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// The page of the form that a person should see now: where they were, or the check page.
pub(super) fn place(view: &DraftView) -> String {
    let context = Context { not_asked: view.respondent.as_ref().map_or(&[], Respondent::not_asked) };
    let form = &view.form.questionnaire;
    let asked = Plan::of(form).asked(&Level::top(form, &view.given, &context));
    let wanted = view.place.and_then(|place| usize::try_from(place).ok()).unwrap_or(1);
    asked.into_iter().find(|number| *number >= wanted).map_or_else(|| "/skjema/svar".to_owned(), |number| format!("/skjema/side/{number}"))
}

/// `GET /skjema`: where to go on.
pub(in crate::http) async fn resume(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    if holder.kind == SessionKind::Receipt {
        return Ok(go("/skjema/kvittering").finish());
    }
    let view = holder::read_session(visit.services(), &holder, &visit.request_id).await?;
    let to = match (view.state, view.draft) {
        (InvitationState::Closed(ClosedReason::Declined), _) => "/skjema/nei".to_owned(),
        (_, DraftPlace::Elsewhere) => "/skjema/annet-sted".to_owned(),
        (_, DraftPlace::None) => "/skjema/om".to_owned(),
        (state, DraftPlace::Here) => {
            let draft = draft::read_draft(visit.services(), &holder, &visit.request_id, visit.language.clone()).await?;
            match (&draft.respondent, state) {
                (None, _) => "/skjema/om".to_owned(),
                (Some(_), InvitationState::Answered) => "/skjema/svar".to_owned(),
                (Some(_), _) => place(&draft),
            }
        }
    };
    let mut response = go(&to);
    // Who chose no language on the way gets the one that the hospital knows of.
    if let Some(preferred) = view.patient_language.as_ref().filter(|_| !visit.chosen).and_then(|language| known(language.as_str()))
        && let Some(cookie) = visit.session_in(&preferred)
    {
        response.cookie(cookie);
    }
    Ok(response.finish())
}

#[derive(Template)]
#[template(path = "about.html")]
struct About {
    frame: Frame,
    name: String,
    /// Whether somebody signed in who represents the patient.
    behalf: bool,
    title: Said,
    visit: Option<String>,
    until: String,
    organization: Place,
    unit: Place,
    lead: Vec<Block>,
    minutes: usize,
}

/// `GET /skjema/om`: the form's title and the visit, now that we know who it is.
pub(in crate::http) async fn about(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    let view = answering(&visit, &holder).await?;
    let form = &view.form.questionnaire;
    let plan = Plan::of(form);
    let title = say(form, &form.metadata.title, &visit.language);
    let about = About {
        name: view.patient_name.clone(),
        behalf: holder.representative.is_some(),
        visit: view.starts_at.map(|at| format::moment(at, &visit.language)),
        until: format::moment(view.answer_until, &visit.language),
        organization: view.organization.clone(),
        unit: view.unit.clone(),
        lead: texts(form, &plan.lead, &visit.language),
        // Half a minute a page, as people read who are tired.
        minutes: plan.pages.len().div_ceil(2),
        frame: Frame::inside(&visit, &holder, title.text.clone())?,
        title,
    };
    Ok(page(StatusCode::OK, &about)?)
}

/// The session of someone who can answer.
pub(super) async fn answering(visit: &Visit, holder: &Holder) -> Result<SessionView, Stop> {
    if holder.kind == SessionKind::Receipt {
        return Err(Stop::to("/skjema/kvittering"));
    }
    let view = holder::read_session(visit.services(), holder, &visit.request_id).await?;
    match (view.state, view.draft) {
        (InvitationState::Closed(reason), _) if reason != ClosedReason::Declined => {
            let problem = Problem::from(draft::Error::Closed(reason));
            Err(Stop::from(problem).calling(Some(view.unit)))
        }
        (_, DraftPlace::Elsewhere) => Err(Stop::to("/skjema/annet-sted")),
        _ => Ok(view),
    }
}

#[derive(Template)]
#[template(path = "respondent.html")]
pub(in crate::http) struct Who {
    frame: Frame,
    from: Option<String>,
    kind: String,
    relation: String,
    name: String,
    phone: String,
    /// Field and words.
    errors: Vec<(&'static str, String)>,
    relations: [&'static str; 4],
    /// Name and ground of the representative who signed in: neither is asked.
    acting: Option<(String, &'static str)>,
    /// Whether it may be somebody who answers in the patient's place.
    others: bool,
}

impl Who {
    fn error(&self, field: &str) -> Option<&String> {
        self.errors.iter().find(|(own, _)| *own == field).map(|(_, words)| words)
    }

    pub(in crate::http) fn relation_key(word: &str) -> &'static str {
        match word {
            "parent" => "who-parent",
            "power-of-attorney" => "who-power-of-attorney",
            "assigned-power-of-attorney" => "who-assigned-power-of-attorney",
            _ => "who-guardian",
        }
    }

    fn href(field: &str) -> &str {
        match field {
            "kind" => "hvem-patient",
            "relation" => "relasjon",
            "name" => "navn",
            _ => "telefon",
        }
    }
}

/// Words of a form for the grounds on which one acts.
pub(in crate::http) const RELATIONS: [(&str, Relation); 4] = [
    ("parent", Relation::Parent),
    ("power-of-attorney", Relation::PowerOfAttorney),
    ("assigned-power-of-attorney", Relation::AssignedPowerOfAttorney),
    ("guardian", Relation::Guardian),
];

fn who(visit: &Visit, holder: &Holder, draft: &DraftView, signed_in: Option<Respondent>) -> Result<Who, Stop> {
    let known = draft.respondent.as_ref();
    let acting = signed_in.map(|own| {
        let ground = RELATIONS.iter().find(|(_, relation)| Some(*relation) == own.relation).map_or("", |(word, _)| word);
        (own.name.unwrap_or_default(), Who::relation_key(ground))
    });
    let kind = known.map(|respondent| match respondent.kind {
        RespondentKind::Patient | RespondentKind::Staff => "patient",
        RespondentKind::Helper => "helper",
        RespondentKind::Representative => "representative",
    });
    let relation = known.and_then(|respondent| respondent.relation);
    let from = visit.parameter("fra").filter(|from| *from == "svar").map(str::to_owned);
    let total = steps(draft);
    let frame = Frame::inside(visit, holder, text::words(&visit.language, "who-title", &[]))?.step(1, total);
    let frame = frame.back(if from.is_some() { "/skjema/svar" } else { "/skjema/om" });
    Ok(Who {
        frame,
        from,
        kind: kind.unwrap_or_default().to_owned(),
        relation: RELATIONS.iter().find(|(_, own)| Some(*own) == relation).map_or("", |(word, _)| word).to_owned(),
        name: known.and_then(|respondent| respondent.name.clone()).unwrap_or_default(),
        phone: known.and_then(|respondent| respondent.phone.clone()).unwrap_or_default(),
        errors: Vec::new(),
        relations: RELATIONS.map(|(word, _)| word),
        acting,
        others: holder.provider.is_none(),
    })
}

/// How many steps there are: who answers, every page that is asked, the check page.
pub(super) fn steps(draft: &DraftView) -> usize {
    let context = Context { not_asked: draft.respondent.as_ref().map_or(&[], Respondent::not_asked) };
    let form = &draft.form.questionnaire;
    Plan::of(form).asked(&Level::top(form, &draft.given, &context)).len() + 2
}

/// `GET /skjema/hvem`
pub(in crate::http) async fn respondent(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    let draft = draft::read_draft(visit.services(), &holder, &visit.request_id, visit.language.clone()).await?;
    let signed_in = giver::signed_in(visit.services(), &holder).await?;
    Ok(page(StatusCode::OK, &who(&visit, &holder, &draft, signed_in)?)?)
}

/// Who answers, as it was sent; what they leave out is told by `Respondent::validate`.
pub(in crate::http) fn typed(posted: &Posted) -> Option<Respondent> {
    let words = |name: &str| Some(posted.line(name).to_owned()).filter(|text| !text.is_empty());
    let helper = |kind| Respondent { kind, relation: None, name: words("navn"), phone: words("telefon") };
    match posted.line("hvem") {
        "patient" => Some(Respondent::patient()),
        // A helper only types: who they are is the patient's business.
        "helper" => Some(Respondent::of(RespondentKind::Helper)),
        "representative" => {
            let relation = RELATIONS.iter().find(|(word, _)| *word == posted.line("relasjon")).map(|(_, relation)| *relation);
            Some(Respondent { relation, ..helper(RespondentKind::Representative) })
        }
        _ => None,
    }
}

/// `POST /skjema/hvem`
pub(in crate::http) async fn say_who(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    said(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn said(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    let respondent = typed(posted);
    let respondent = match giver::signed_in(visit.services(), &holder).await? {
        // Only the phone is asked.
        Some(known) => respondent.map(|said| Respondent { phone: said.phone, ..known }),
        None => respondent,
    };
    let faults = respondent.as_ref().map_or_else(Vec::new, Respondent::validate);
    let Some(respondent) = respondent.filter(|_| faults.is_empty()) else {
        return again(visit, &holder, posted, &faults).await;
    };
    let command = Command { respondent: Some(respondent), language: Some(visit.language.clone()), ..Command::default() };
    let saved = edit_draft::edit(visit.services(), &holder, &visit.request_id, command).await?;
    if posted.line("gjor") == "senere" {
        return super::leave::end_session(visit, &holder).await;
    }
    let to = if posted.line("fra") == "svar" { "/skjema/svar".to_owned() } else { place(&saved) };
    Ok(go(&to).finish())
}

async fn again(visit: &Visit, holder: &Holder, posted: &Posted, faults: &[RespondentFault]) -> Result<HttpResponse, Stop> {
    let draft = draft::read_draft(visit.services(), holder, &visit.request_id, visit.language.clone()).await?;
    let mut who = who(visit, holder, &draft, giver::signed_in(visit.services(), holder).await?)?;
    let say = |key: &str| text::words(&visit.language, key, &[]);
    posted.line("hvem").clone_into(&mut who.kind);
    posted.line("relasjon").clone_into(&mut who.relation);
    posted.line("navn").clone_into(&mut who.name);
    posted.line("telefon").clone_into(&mut who.phone);
    who.errors = faults.iter().map(|fault| (fault.field, say(fault_key(*fault)))).collect();
    if faults.is_empty() {
        who.errors.push(("kind", say("who-missing")));
    }
    who.frame = who.frame.wrong(true);
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &who)?)
}

/// The words for what is wrong with it.
pub(in crate::http) fn fault_key(fault: RespondentFault) -> &'static str {
    match (fault.field, fault.fault) {
        ("relation", _) => "who-relation-missing",
        ("name", FieldFault::Required) => "who-name-missing",
        ("name", FieldFault::TooLong) => "who-name-long",
        ("name", _) => "who-name-odd",
        ("phone", FieldFault::Required) => "who-phone-missing",
        _ => "who-phone-odd",
    }
}

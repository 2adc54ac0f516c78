//! Entering a paper form: the whole form on one page, with the date on the paper and who gave the
//! answers. Nothing is kept until all of it is right; what is typed stays in the browser's form.

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::answers::{Answers, Context, Issue, prune};
use crate::domain::ids::{InvitationId, uuid_v7};
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::domain::respondent::{Respondent, RespondentKind};
use crate::fhir::read::ResponseStatus;
use crate::fhir::write::{ResponseMeta, bare_response};
use crate::http::extract::Door;
use crate::http::query::date;
use crate::http::web::about::{RELATIONS, Who, fault_key, typed};
use crate::http::web::form::plan::Plan;
use crate::http::web::form::read::{Fault, REMOVE, SHOWN, apply};
use crate::http::web::form::view::{self, View, Wrong};
use crate::http::web::frame::{go, page};
use crate::http::web::posted::Posted;
use crate::services::enter_paper::{self, Command, Error, Whose};
use crate::services::idempotency::Repeatable;
use crate::services::paper_sheet::{self, Sheet};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use uuid::Uuid;

/// Deepest nesting of questions under answers that one page reads.
const DEPTH: usize = 8;

#[derive(Template)]
#[template(path = "clinic_paper.html")]
struct Entering {
    room: Room,
    id: String,
    person: String,
    born: String,
    title: String,
    /// So that a form that is sent twice is entered once.
    once: String,
    view: View,
    day: String,
    kind: String,
    relation: String,
    name: String,
    phone: String,
    /// Id of the field and words, beside those of the form.
    errors: Vec<(&'static str, String)>,
    relations: [&'static str; 4],
    note: Option<String>,
}

impl Entering {
    fn error(&self, field: &str) -> Option<&String> {
        self.errors.iter().find(|(own, _)| *own == field).map(|(_, words)| words)
    }

    fn kinds() -> [(&'static str, &'static str); 4] {
        [
            ("patient", "clinic-enter-patient"),
            ("helper", "clinic-enter-helper"),
            ("staff", "clinic-enter-staff"),
            ("representative", "clinic-enter-representative"),
        ]
    }

    /// Fields of one line about a representative: name, words, value.
    fn lines(&self) -> [(&'static str, &'static str, &str); 2] {
        [("navn", "clinic-enter-name", &self.name), ("telefon", "clinic-enter-phone", &self.phone)]
    }

    fn relation_key(word: &str) -> &'static str {
        Who::relation_key(word)
    }
}

/// What was sent, read as far as it can be.
struct Sent {
    answers: Answers,
    faults: Vec<Fault>,
    errors: Vec<(&'static str, String)>,
    respondent: Option<Respondent>,
}

/// Reads until questions under answers have found their answers too.
fn settled(form: &Questionnaire, posted: &Posted) -> (Answers, Vec<Fault>) {
    let whole = Plan::whole(form);
    let mut read = apply(form, &whole, posted, &Answers::default());
    for _ in 0..DEPTH {
        let again = apply(form, &whole, posted, &read.0);
        if again.0 == read.0 {
            break;
        }
        read = again;
    }
    read
}

fn read(form: &Questionnaire, posted: &Posted, language: &Language) -> Sent {
    let say = |key: &str| text::words(language, key, &[]);
    let (answers, faults) = settled(form, posted);
    let mut errors = Vec::new();
    if date(posted.line("dato")).is_none() {
        errors.push(("dato", say("clinic-enter-date-missing")));
    }
    let respondent = if posted.line("hvem") == "staff" { Some(Respondent::of(RespondentKind::Staff)) } else { typed(posted) };
    let place = |field: &str| match field {
        "relation" => "relasjon",
        "name" => "navn",
        _ => "telefon",
    };
    match &respondent {
        None => errors.push(("hvem-patient", say("who-missing"))),
        Some(respondent) => errors.extend(respondent.validate().into_iter().map(|fault| (place(fault.field), say(fault_key(fault))))),
    }
    Sent { answers, faults, errors, respondent }
}

/// The page around what was sent, or an empty one.
struct Desk<'a> {
    request: &'a HttpRequest,
    seat: &'a Seat,
    id: InvitationId,
    sheet: &'a Sheet,
    once: String,
}

impl Desk<'_> {
    fn show(&self, posted: Option<&Posted>, sent: &Sent, issues: &[Issue], note: Option<&str>) -> Result<HttpResponse, Halt> {
        let language = &self.seat.language;
        let form = &self.sheet.form.questionnaire;
        let context = Context { not_asked: sent.respondent.as_ref().map_or(&[], Respondent::not_asked) };
        let answers = prune(form, &sent.answers, &context);
        let wrong = Wrong { faults: &sent.faults, issues };
        let more = posted.and_then(|posted| posted.first("flere"));
        let view = view::page(form, &Plan::whole(form), &answers, &context, language, posted, wrong, more).under_a_heading();
        let field = |name: &str| posted.map(|posted| posted.line(name).to_owned()).unwrap_or_default();
        let mut room = Room::of(self.seat, self.request, text::words(language, "clinic-enter-title", &[]));
        room.wrong = sent.errors.iter().map(|(id, words)| ((*id).to_owned(), words.clone())).chain(view.errors.iter().cloned()).collect();
        let status = if room.wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let entering = Entering {
            room,
            id: self.id.to_string(),
            person: self.sheet.person.name.clone(),
            born: format::short_date(self.sheet.person.birth_date, language),
            title: form.title(language).to_owned(),
            once: self.once.clone(),
            view,
            day: field("dato"),
            kind: field("hvem"),
            relation: field("relasjon"),
            name: field("navn"),
            phone: field("telefon"),
            errors: sent.errors.clone(),
            relations: RELATIONS.map(|(word, _)| word),
            note: note.map(|key| text::words(language, key, &[])),
        };
        Ok(page(status, &entering)?)
    }
}

/// `GET /klinikk/papir/{id}`
pub(in crate::http) async fn show(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let id = InvitationId::parse(&path).ok_or_else(Halt::not_found)?;
    let sheet = paper_sheet::open(&door.services, &seat.caller, id).await?;
    let once = uuid_v7(door.services.now(), door.services.entropy.as_ref()).to_string();
    let blank = Sent { answers: Answers::default(), faults: Vec::new(), errors: Vec::new(), respondent: None };
    Desk { request: &request, seat: &seat, id, sheet: &sheet, once }.show(None, &blank, &[], None)
}

/// `POST /klinikk/papir/{id}`: enters it, or shows it again with what is wrong or asked for by the answers.
pub(in crate::http) async fn send(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Halt> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel")).map_err(|_| Halt::Form)?;
    let id = InvitationId::parse(&path).ok_or_else(Halt::not_found)?;
    let once = Uuid::parse_str(posted.line("en-gang")).map_err(|_| Halt::not_found())?.to_string();
    let sheet = paper_sheet::open(&door.services, &seat.caller, id).await?;
    let form = &sheet.form.questionnaire;
    let mut paper = read(form, &posted, &seat.language);
    let desk = Desk { request: &request, seat: &seat, id, sheet: &sheet, once: once.clone() };
    let stays = posted.first("flere").is_some() || posted.first(REMOVE).is_some();
    if stays {
        paper.errors.clear();
        return desk.show(Some(&posted), &paper, &[], None);
    }
    let (Some(respondent), Some(answered_on), true) =
        (paper.respondent.clone(), date(posted.line("dato")), paper.errors.is_empty() && paper.faults.is_empty())
    else {
        return desk.show(Some(&posted), &paper, &[], None);
    };
    let context = Context { not_asked: respondent.not_asked() };
    let answers = prune(form, &paper.answers, &context);
    let all = view::page(form, &Plan::whole(form), &answers, &context, &seat.language, Some(&posted), Wrong::default(), None);
    if all.shown.iter().any(|name| !posted.holds(SHOWN, name)) {
        return desk.show(Some(&posted), &paper, &[], Some("form-new-questions"));
    }
    let meta = ResponseMeta {
        id: None,
        version: None,
        status: ResponseStatus::InProgress,
        authored: None,
        language: form.language(),
        subject: None,
        full_tree: false,
    };
    let body = bare_response(form, &answers, &meta);
    let repeatable = Repeatable { key: once, operation: "enter-paper".to_owned(), body: format!("{id}{answered_on}{body}").into_bytes() };
    let language = Some(sheet.form.nearest(&seat.language));
    let command = Command { whose: Whose::Invitation(id), respondent, answers: body, language, answered_on };
    match enter_paper::enter(&door.services, &seat.caller, command, repeatable).await {
        Ok(response) => Ok(go(&format!("/klinikk/svar/{}", response.id)).finish()),
        Err(Error::Answers(issues)) => desk.show(Some(&posted), &paper, &issues, Some("clinic-enter-wrong")),
        Err(Error::Future) => {
            paper.errors.push(("dato", text::words(&seat.language, "clinic-enter-date-future", &[])));
            desk.show(Some(&posted), &paper, &[], None)
        }
        Err(error) => Err(error.into()),
    }
}

//! Changes a part of a draft, as a page of the form does: what the change is made to is read in the
//! transaction that writes it, so two tabs can't overwrite each other unseen.

use super::Services;
use super::draft::{self, Content, DraftView, Error, check_respondent, language_of, lock_held, may_change, put, sealed, to_view};
use super::giver::giver;
use super::holder::Holder;
use crate::domain::answers::{Answers, Context, Issue, IssueCode, Severity, initial, prune};
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::domain::respondent::Respondent;
use crate::fhir::read::{ResponseDocument, ResponseStatus, normalise};
use crate::storage::{Tx, drafts};
use std::sync::Arc;

/// What was to be changed is not as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved;

/// Makes new answers of those that are stored. It may run more than once.
pub type Change = Arc<dyn Fn(&Questionnaire, &Answers, &Context<'_>) -> Result<Answers, Moved> + Send + Sync>;

/// The page that comes next, told by what is missing or odd after the change.
pub type Next = Arc<dyn Fn(&[Issue]) -> i32 + Send + Sync>;

/// What to change; `None` leaves what is stored.
#[derive(Clone, Default)]
pub struct Command {
    /// The answers.
    pub change: Option<Change>,
    /// Who gives them.
    pub respondent: Option<Respondent>,
    /// Language they are given in.
    pub language: Option<Language>,
    /// The page that comes next.
    pub place: Option<Next>,
}

/// Changes the draft. [`Error::Changed`] when the change says that its ground has moved;
/// [`Error::Answers`] names every rule of the form that would be broken, and nothing is stored.
pub async fn edit(services: &Services, holder: &Holder, request_id: &str, command: Command) -> Result<DraftView, Error> {
    check_respondent(command.respondent.as_ref())?;
    let context = (services.clone(), holder.clone(), request_id.to_owned(), command);
    services
        .db
        .write(context, |(services, holder, request_id, command), tx| Box::pin(edit_in(tx, services, holder, request_id, command)))
        .await
}

async fn edit_in(tx: &Tx, services: &Services, holder: &Holder, request_id: &str, command: &Command) -> Result<DraftView, Error> {
    let now = services.now();
    let held = lock_held(tx, services, holder).await?;
    may_change(holder, &held.invitation, now)?;
    let known = drafts::of_invitation(tx, holder.actor.organization, held.invitation.id).await?;
    if known.as_ref().is_some_and(|draft| draft.device != holder.device) {
        return Err(Error::Elsewhere);
    }
    let before = known.as_ref().map(|draft| draft::open(&held.cipher, &held.form, draft)).transpose()?;
    let (before, stored_by) = before.map_or((Answers::default(), None), |saved| (saved.answers, saved.respondent));
    // What the form answers by itself is there from the first save on, and can be changed after.
    let before = if before.items.is_empty() && stored_by.is_none() { initial(&held.form.questionnaire) } else { before };
    let respondent = giver(tx, holder, &held, command.respondent.clone(), stored_by).await?;
    let form = &held.form.questionnaire;
    let context = Context { not_asked: respondent.as_ref().map_or(&[], Respondent::not_asked) };
    let answers = match &command.change {
        None => before,
        Some(change) => {
            let version = known.as_ref().map_or(0, |draft| draft.version);
            change(form, &before, &context).map_err(|Moved| Error::Changed(version))?
        }
    };
    // Kept as it is: an answer that another one hides for a moment is there again when that is put
    // right. Shown, checked and handed in is only what is asked.
    let answers = one_shape(form, answers, &context);
    if !answers.fits() {
        return Err(Error::Answers(vec![Issue::of_whole(Severity::Error, IssueCode::TooLarge, "QuestionnaireResponse.item")]));
    }
    let shown = Content { answers: prune(form, &answers, &context), respondent: respondent.clone() };
    // A language that the form lacks is the page's own: the answers stay in the form's.
    let language = command.language.as_ref().map(|language| held.form.nearest(language));
    let language = language_of(&held.form, language.as_ref(), known.as_ref())?;
    let saved = Content { answers, respondent };
    let mut row = sealed(services, &held, holder, &saved, known.as_ref(), &language, now);
    let mut view = to_view(&held.form, &shown, row.version, language, Some(&row));
    if view.issues.iter().any(|issue| issue.severity > Severity::Warning) {
        return Err(Error::Answers(view.issues));
    }
    if let Some(next) = &command.place {
        row.place = Some(next(&view.issues));
        view.place = row.place;
    }
    put(tx, services, holder, request_id, &held, &row, known.as_ref().map(|draft| draft.version)).await?;
    Ok(view)
}

/// The shape that answers have however they came.
fn one_shape(form: &Questionnaire, answers: Answers, context: &Context<'_>) -> Answers {
    let document = ResponseDocument {
        id: None,
        questionnaire: None,
        status: ResponseStatus::InProgress,
        language: None,
        answers,
        changes: Vec::new(),
    };
    normalise::normalise(form, document, context).answers
}

//! Handing in, and what is shown after it.

use super::holding::{Held, may_change, own_draft, read, step};
use super::{Choice, words};
use crate::simulation::given::MARKER;
use crate::simulation::model::Model;
use crate::simulation::step::{Fact, Meant, Row, Step, Told};
use kartlegging::services::Services;
use kartlegging::services::holder::Holder;
use kartlegging::services::submit_response::{self, Receipt};

fn told_receipt(receipt: &Receipt, fresh: bool) -> Told {
    let text =
        receipt.copy.split(MARKER).nth(1).map_or(String::new(), |rest| rest.chars().take_while(|c| c.is_numeric() || *c == ' ').collect());
    let until = receipt.amend_until;
    Told::text(format!("receipt {} fresh={fresh} {} {until} {:?}", receipt.version, text.trim(), receipt.respondent.kind))
        .with(Fact::Response(receipt.response))
}

fn meant_receipt(model: &Model, invitation: usize, fresh: bool) -> Meant {
    let row = &model.invitations[invitation];
    let response = row.response.expect("a response");
    let versions = &model.responses[response].versions;
    let newest = versions.last().expect("a version");
    let text = newest.given.flat.iter().find_map(|(_, text)| text.strip_prefix(MARKER)).unwrap_or_default().trim();
    Meant::text(format!("receipt {} fresh={fresh} {text} {} {:?}", versions.len(), row.amend_until, newest.by.kind))
        .with(Row::Response(response))
}

/// Hands in; again and again, and at versions that are not the newest.
pub fn submit(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let known = choice.model.invitations[choice.model.sessions[session].invitation].draft.as_ref();
    let version = known.map_or(0, |draft| draft.version);
    let expected = match choice.dice.below(15) {
        0 => None,
        1 => Some(version - 1),
        _ => Some(version),
    };
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::submit(&services, &holder, &request, expected).await {
            Ok(done) => told_receipt(&done.receipt, done.fresh),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step(format!("submit {expected:?}"), choice.token(session)?, act, move |port, held| async move {
        if !held.receipt {
            let request = port.request.clone();
            let done = port.unit(|model| submit_in(model, held, expected, &request)).await?;
            if done.as_ref().err().is_none_or(|why| why != "receipt only") {
                return Ok(done?);
            }
        }
        let seen = port.look(|model| meant_receipt(model, held.invitation, false));
        read(&port, held, "receipt.read", seen).await
    }))
}

fn submit_in(model: &mut Model, held: Held, expected: Option<i32>, request: &str) -> Result<Meant, String> {
    may_change(model, held)?;
    let Some(draft) = own_draft(model, held)? else { return Err("changed 0".to_owned()) };
    if expected != Some(draft.version) {
        return Err(format!("changed {}", draft.version));
    }
    let Some(by) = &draft.by else { return Err("respondent".to_owned()) };
    if !draft.given.complete(by) {
        return Err("answers".to_owned());
    }
    let again = model.invitations[held.invitation].response.is_some();
    let (_, fresh) = model.hand_in(held.invitation, &draft.given, by, false, &draft.language);
    let action = match (fresh, again) {
        (true, false) => "response.submit",
        (true, true) => "response.amend",
        (false, _) => "receipt.read",
    };
    model.log_holder(held.invitation, request, action);
    model.sessions[held.session].receipt = true;
    Ok(meant_receipt(model, held.invitation, fresh))
}

/// Looks at the receipt.
pub fn receipt(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::receipt(&services, &holder, &request).await {
            Ok(Some(receipt)) => told_receipt(&receipt, false),
            Ok(None) => Told::text("none"),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step("read the receipt".to_owned(), choice.token(session)?, act, move |port, held| async move {
        if !held.receipt {
            return Ok(Meant::text("none"));
        }
        let seen = port.look(|model| meant_receipt(model, held.invitation, false));
        read(&port, held, "receipt.read", seen).await
    }))
}

/// Prints the copy.
pub fn copy(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::copy_pdf(&services, &holder, &request).await {
            Ok(Some(bytes)) => Told::text(if bytes.starts_with(b"%PDF") { "printed" } else { "no PDF" }),
            Ok(None) => Told::text("none"),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step("print the copy".to_owned(), choice.token(session)?, act, move |port, held| async move {
        if !held.receipt {
            return Ok(Meant::text("none"));
        }
        read(&port, held, "receipt.print", Meant::text("printed")).await
    }))
}

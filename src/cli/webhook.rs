//! `kartlegging webhook`: where other systems are told of what happens.

use super::admin::organization_id;
use super::argument;
use super::failure::Failure;
use crate::app::App;
use crate::domain::event::EventKind;
use crate::domain::ids::WebhookId;
use crate::services::webhooks::{self, Error, Secrets};
use chrono::{Duration, SecondsFormat};
use clap::Subcommand;
use std::collections::BTreeSet;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a webhook; prints its id, and the secret that its messages are signed with. The secret is shown
    /// once.
    Add {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Address to post to: https, without user, query or fragment.
        #[arg(long)]
        url: String,
        /// What to tell of, e.g. `invitation.issued` or `response.submitted`. Repeat for several; without it
        /// everything.
        #[arg(long = "event")]
        events: Vec<String>,
    },
    /// List webhooks.
    List {
        /// Only of this organization.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Give a webhook another secret; prints it, once. Messages are signed with both for a while.
    Rotate {
        /// Webhook id.
        #[arg(long)]
        webhook: String,
        /// Hours in which the secret before signs as well.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=720))]
        both_hours: i64,
    },
    /// Stop telling it. What waits for it is dropped.
    Disable {
        /// Webhook id.
        #[arg(long)]
        webhook: String,
    },
    /// Tell it again.
    Enable {
        /// Webhook id.
        #[arg(long)]
        webhook: String,
    },
    /// Send it a message of the type `webhook.test` now, and print what it answers.
    Test {
        /// Webhook id.
        #[arg(long)]
        webhook: String,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::run("not-found", detail, "Check the ids with `organization list` and `webhook list`."),
            Error::Url(_) => argument(format!("--url: {detail}")),
            Error::Full => Self::run("exists", detail, "Disable one that is not used any more: `webhook disable`."),
            Error::Disabled => Self::run("not-found", detail, "Enable it first: `webhook enable`."),
            Error::Fault(fault) => fault.into(),
        }
    }
}

fn id(text: &str) -> Result<WebhookId, Failure> {
    WebhookId::parse(text).ok_or_else(|| argument("--webhook is not an id; `kartlegging webhook list` shows them".to_owned()))
}

fn kinds(words: &[String]) -> Result<BTreeSet<EventKind>, Failure> {
    if words.is_empty() {
        return Ok(EventKind::ALL.into_iter().collect());
    }
    let known = || EventKind::ALL.map(EventKind::word).join(", ");
    let kind = |word: &String| EventKind::parse(word).ok_or_else(|| argument(format!("--event is not one of {}", known())));
    words.iter().map(kind).collect()
}

fn show(secrets: &Secrets) {
    println!("{}", secrets.id);
    println!("{}", *secrets.secret);
}

pub(super) async fn run(command: Command, app: &App) -> Result<(), Failure> {
    let services = &app.services;
    match command {
        Command::Add { organization, url, events } => {
            show(&webhooks::add(services, organization_id(&organization)?, &url, kinds(&events)?).await?);
        }
        Command::List { organization } => list(app, organization.as_deref()).await?,
        Command::Rotate { webhook, both_hours } => show(&webhooks::rotate(services, id(&webhook)?, Duration::hours(both_hours)).await?),
        Command::Disable { webhook } => webhooks::disable(services, id(&webhook)?).await?,
        Command::Enable { webhook } => webhooks::enable(services, id(&webhook)?).await?,
        Command::Test { webhook } => match webhooks::test(services, id(&webhook)?).await? {
            Ok(status @ 200..=299) => println!("answered {status}"),
            Ok(status) => return Err(unanswered(&format!("the receiver answered {status}"))),
            Err(code) => return Err(unanswered(&format!("no answer: {code}"))),
        },
    }
    Ok(())
}

fn unanswered(detail: &str) -> Failure {
    let remedy = "docs/operations.md says what each code means. Nothing else was sent.";
    Failure::run("webhook-failed", detail.to_owned(), remedy)
}

async fn list(app: &App, organization: Option<&str>) -> Result<(), Failure> {
    let organization = organization.map(organization_id).transpose()?;
    for one in webhooks::list(&app.services, organization).await? {
        let state = match (one.disabled_at, &one.disabled_reason) {
            (Some(at), Some(why)) => format!("disabled {} ({why})", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            _ => "enabled".to_owned(),
        };
        let events: Vec<&str> = one.events.iter().map(|kind| kind.word()).collect();
        println!("{}  organization {}  {state}  {}  {}", one.id, one.organization, one.url, events.join(","));
    }
    Ok(())
}

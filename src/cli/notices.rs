//! `kartlegging unit plan`, `kartlegging unit mail`, `kartlegging organization mail`: when notices are
//! sent, and in whose name.

use super::argument;
use super::failure::Failure;
use super::support::language;
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::domain::notices::{Notice, Plan, Quiet};
use crate::services::Services;
use crate::services::notices::{self, Addresses, Error};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct PlanOptions {
    /// Days before the visit on which a notice is sent, 0 to 90, or none.
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    notice_days: Option<String>,
    /// Days before the visit on which who has not answered is reminded, 0 to 30, or none.
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    reminder_days: Option<String>,
    /// Hours in which nothing is sent, by the clock in Norway, such as 20:00-08:00, or none.
    #[arg(long, value_name = "FROM-UNTIL")]
    quiet: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MailOptions {
    /// Name that mails are sent under, where the organization allows names; '' for the organization's.
    #[arg(long)]
    sender_name: Option<String>,
    /// Address that patients' answers go to; '' for none.
    #[arg(long, value_name = "ADDRESS")]
    reply_to: Option<String>,
    /// Address at which the unit is told, once a day, that new answers are waiting; '' for none.
    #[arg(long, value_name = "ADDRESS")]
    digest_to: Option<String>,
    /// Language of what the unit is told: nb, nn or en.
    #[arg(long)]
    language: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::run("not-found", detail, "Check the ids with `organization list` and `unit list`."),
            Error::Address(_) | Error::Sender => argument(detail),
            Error::Fault(fault) => fault.into(),
        }
    }
}

/// `none`, or what `parse` makes of it; `None` leaves what is there.
fn choice<T>(text: Option<&str>, parse: impl Fn(&str) -> Result<T, Failure>, now: Option<T>) -> Result<Option<T>, Failure> {
    match text {
        None => Ok(now),
        Some("none") => Ok(None),
        Some(text) => parse(text).map(Some),
    }
}

fn days(option: &'static str) -> impl Fn(&str) -> Result<u8, Failure> {
    move |text| {
        let number = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
        number.ok_or_else(|| argument(format!("{option} {text} is not a number of days, or none")))
    }
}

/// Shows a unit's plan, or changes it first.
pub(super) async fn plan(services: &Services, organization: OrganizationId, unit: UnitId, options: &PlanOptions) -> Result<(), Failure> {
    let own = notices::of_unit(services, organization, unit).await?.plan;
    let quiet = |text: &str| Quiet::parse(text).map_err(|error| argument(format!("--quiet {text}: {error}")));
    let notice = choice(options.notice_days.as_deref(), days("--notice-days"), own.days(Notice::First))?;
    let reminder = choice(options.reminder_days.as_deref(), days("--reminder-days"), own.days(Notice::Reminder))?;
    let plan = Plan::new(notice, reminder, choice(options.quiet.as_deref(), quiet, own.quiet())?);
    let plan = plan.map_err(|error| argument(error.to_string()))?;
    if plan != own {
        notices::set_plan(services, organization, unit, plan).await?;
    }
    let shown = |days: Option<u8>| days.map_or("none".to_owned(), |days| format!("{days} days before the visit"));
    println!("notice         {}", shown(plan.days(Notice::First)));
    println!("reminder       {}", shown(plan.days(Notice::Reminder)));
    println!("quiet hours    {}", plan.quiet().map_or("none".to_owned(), |quiet| quiet.to_string()));
    Ok(())
}

/// Shows a unit's names and addresses, or changes them first.
pub(super) async fn mail(services: &Services, organization: OrganizationId, unit: UnitId, options: &MailOptions) -> Result<(), Failure> {
    let own = notices::of_unit(services, organization, unit).await?;
    let text = |given: &Option<String>, now: Option<String>| match given.as_deref().map(str::trim) {
        None => now,
        Some("") => None,
        Some(text) => Some(text.to_owned()),
    };
    let to = Addresses {
        sender_name: text(&options.sender_name, own.addresses.sender_name.clone()),
        reply_to: text(&options.reply_to, own.addresses.reply_to.clone()),
        digest_to: text(&options.digest_to, own.addresses.digest_to.clone()),
    };
    let spoken = match options.language.as_deref() {
        Some(tag) => language(tag)?,
        None => Language::parse(&own.language).unwrap_or_else(|_| Language::nb()),
    };
    if to != own.addresses || spoken.as_str() != own.language {
        notices::set_addresses(services, organization, unit, to.clone(), &spoken).await?;
    }
    let shown = |text: &Option<String>| text.clone().unwrap_or("none".to_owned());
    let names = if notices::sender_names(services, organization).await? { "" } else { " (names are not allowed: organization mail)" };
    println!("sender's name  {}{names}", shown(&to.sender_name));
    println!("answers go to  {}", shown(&to.reply_to));
    println!("digests go to  {} in {spoken}", shown(&to.digest_to));
    Ok(())
}

/// Shows whether an organization's mails may name who sends them, or changes it first.
pub(super) async fn names(services: &Services, organization: OrganizationId, allowed: Option<bool>) -> Result<(), Failure> {
    if let Some(allowed) = allowed {
        notices::set_sender_names(services, organization, allowed).await?;
    }
    let now = if notices::sender_names(services, organization).await? { "yes" } else { "no" };
    println!("sender names   {now}");
    Ok(())
}

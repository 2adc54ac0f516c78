//! `kartlegging organization letter-text`: what letters say around link and code.

use super::admin::{organization_id, unit_id};
use super::argument;
use super::failure::Failure;
use super::support::{language, read_text};
use crate::domain::letter_text::LetterText;
use crate::print::pdf::Format;
use crate::services::Services;
use crate::services::letter::text::{self, Error, Source};
use crate::services::support_text::Owner;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Plain text with places that are filled for each letter: {organization}, {unit}, {phone}, {visit},
/// {until}, {address}, {link}, {code}, {identify} (the birth date, or signing in). Every text needs {link}
/// and {code}. A line with a place that has nothing to stand there is left out.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct Whose {
    /// Organization id.
    #[arg(long)]
    organization: String,
    /// Unit id: the text of this unit instead of the organization's.
    #[arg(long)]
    unit: Option<String>,
    /// Language of the text: nb, nn or en.
    #[arg(long)]
    language: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the text that letters use, with its places, and on standard error whose it is.
    Show(Whose),
    /// Set the text of a file: plain text in UTF-8, paragraphs with a blank line between them, at most 2000
    /// characters.
    Set {
        #[command(flatten)]
        whose: Whose,
        /// The file.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Show a letter with an invented link and code.
    Preview {
        #[command(flatten)]
        whose: Whose,
        /// Try the text of this file, which is not set by it.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// As the piece of HTML that systems get.
        #[arg(long)]
        html: bool,
        /// Write a letter slip to this file too.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
        /// Paper of the slip.
        #[arg(long, default_value = "a4", value_parser = ["a4", "a5"])]
        format: String,
    },
    /// Remove a text of one's own, so that the organization's or the product's holds again.
    Reset(Whose),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::run("not-found", detail, "Check the ids with `organization list` and `unit list`."),
            Error::NotSet(_) => Self::run("not-found", detail, "See with `letter-text show` whose text is used."),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl Whose {
    fn owner(&self) -> Result<Owner, Failure> {
        let unit = self.unit.as_deref().map(unit_id).transpose()?;
        Ok(Owner { organization: organization_id(&self.organization)?, unit })
    }
}

pub(super) async fn run(services: &Services, options: &Options) -> Result<(), Failure> {
    match &options.what {
        What::Show(whose) => {
            let (source, text) = text::show(services, whose.owner()?, &language(&whose.language)?).await?;
            eprintln!(
                "{}",
                match source {
                    Source::Unit => "the unit's own text",
                    Source::Organization => "the organization's text",
                    Source::Product => "the product's text",
                }
            );
            println!("{}", text.as_str());
        }
        What::Set { whose, file } => text::set(services, whose.owner()?, &language(&whose.language)?, &read(file)?).await?,
        What::Preview { whose, file, html, pdf, format } => {
            let tried = file.as_deref().map(read).transpose()?;
            let format = Format::parse(format).unwrap_or_default();
            let made = text::preview(services, whose.owner()?, &language(&whose.language)?, tried, format).await?;
            println!("{}", if *html { &made.letter.html } else { &made.letter.text });
            if let Some(path) = pdf {
                super::letters::write(path, &made.slip)?;
            }
        }
        What::Reset(whose) => text::reset(services, whose.owner()?, &language(&whose.language)?).await?,
    }
    Ok(())
}

fn read(path: &Path) -> Result<LetterText, Failure> {
    LetterText::parse(&read_text(path)?).map_err(|wrong| argument(format!("--file {}: {wrong}", path.display())))
}

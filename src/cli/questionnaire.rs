//! `kartlegging questionnaire`

use super::argument;
use super::failure::Failure;
use crate::app::library;
use crate::config::Settings;
use crate::domain::language::Language;
use crate::fhir::read::questionnaire::Severity;
use crate::print::paper;
use crate::services::library::{FormFile, check};
use clap::Subcommand;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read forms (FHIR R4 Questionnaire, or a Bundle with one a language) and report everything that
    /// is refused or only odd. Supplements beside a form (1.0.0.nn.json) are read with it.
    Check {
        /// Form files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the forms that are served, with languages.
    List,
    /// Print a form as PDF, to be filled in with a pen: no patient's name and no code stand on it.
    #[command(disable_version_flag = true)]
    Print {
        /// Name of the form, as `list` shows it.
        name: String,
        /// Its version; the newest one without this.
        #[arg(long)]
        version: Option<String>,
        /// Language of the paper; the one that the form is written in without this.
        #[arg(long, value_parser = language)]
        language: Option<Language>,
        /// File to write; to standard output without this.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

fn language(text: &str) -> Result<Language, String> {
    Language::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(command: &Command, settings: impl Fn() -> Result<Settings, Failure>) -> Result<(), Failure> {
    match command {
        Command::List => list(&settings()?),
        Command::Print { name, version, language, out } => print(&settings()?, name, version.as_deref(), language.as_ref(), out.as_deref()),
        Command::Check { files } => {
            let mut refused = 0;
            for path in files {
                refused += usize::from(!check_file(path)?);
            }
            if refused == 0 {
                Ok(())
            } else {
                Err(Failure::run(
                    "questionnaire-refused",
                    format!("{refused} of {} forms are refused", files.len()),
                    "Correct what is listed above.",
                ))
            }
        }
    }
}

fn list(settings: &Settings) -> Result<(), Failure> {
    let library = library(settings)?;
    for form in library.all() {
        let languages: Vec<String> = form.questionnaire.languages().iter().map(ToString::to_string).collect();
        let own = if form.built_in { "built in" } else { "own" };
        println!(
            "{} {}  {}  [{}]  {own}",
            form.questionnaire.name(),
            form.questionnaire.version(),
            form.questionnaire.title(form.questionnaire.language()),
            languages.join(", ")
        );
    }
    Ok(())
}

fn print(settings: &Settings, name: &str, version: Option<&str>, asked: Option<&Language>, out: Option<&Path>) -> Result<(), Failure> {
    if out.is_none() && std::io::stdout().is_terminal() {
        return Err(argument(
            "a PDF is no text, and a terminal can't show it: name a file with --out, or lead the output to one".to_owned(),
        ));
    }
    let unknown = |what: String| Failure::run("not-found", what, "Run `kartlegging questionnaire list` to see what there is.");
    let form = library(settings)?
        .find(name, version)
        .ok_or_else(|| unknown(format!("there is no form {name} {}", version.unwrap_or_default())))?;
    let form = &form.questionnaire;
    let language = match asked {
        None => form.language().clone(),
        Some(asked) => {
            form.languages().iter().find(|own| *own == asked).cloned().ok_or_else(|| unknown(format!("{name} is not in {asked}")))?
        }
    };
    let bytes = paper::form(form, &language, None)?;
    let written = match out {
        Some(path) => std::fs::write(path, &bytes),
        None => std::io::stdout().write_all(&bytes).and_then(|()| std::io::stdout().flush()),
    };
    let place = out.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    written.map_err(|error| argument(format!("{place} can't be written: {}", error.kind())))
}

fn check_file(path: &Path) -> Result<bool, Failure> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| Failure::run("not-found", format!("{} can't be read: {}", path.display(), error.kind()), "Check the path."))
    };
    let file = FormFile { path: path.display().to_string(), bytes: read(path)?, supplements: supplements(path)?, built_in: false };
    let checked = check(&file);
    println!("{}", path.display());
    for finding in &checked.findings {
        let word = if finding.severity == Severity::Refused { "refused" } else { "warning" };
        println!("  {word} {} at {}: {}", finding.code, finding.path, finding.text);
    }
    for form in &checked.forms {
        let languages: Vec<String> = form.languages().iter().map(ToString::to_string).collect();
        println!("  ok: {} {} in {}, {} items", form.name(), form.version(), languages.join(", "), form.walk().count());
    }
    Ok(!checked.forms.is_empty())
}

/// `1.0.0.nn.json` beside `1.0.0.json`.
fn supplements(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let stem = path.file_stem().map(|stem| format!("{}.", stem.to_string_lossy())).unwrap_or_default();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&stem)
            && entry.path().extension().is_some_and(|extension| extension == "json")
            && entry.path() != path
            && path.file_name().is_some_and(|own| own != entry.file_name())
        {
            let bytes = std::fs::read(entry.path())
                .map_err(|error| Failure::run("not-found", format!("{name} can't be read: {}", error.kind()), "Check the file."))?;
            found.push((name, bytes));
        }
    }
    found.sort();
    Ok(found)
}

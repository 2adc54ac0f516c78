//! `kartlegging questionnaire`

use super::failure::Failure;
use crate::app::library;
use crate::config::Settings;
use crate::fhir::read::questionnaire::Severity;
use crate::services::library::{FormFile, check};
use clap::Subcommand;
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
}

pub(super) fn run(command: &Command, settings: impl Fn() -> Result<Settings, Failure>) -> Result<(), Failure> {
    match command {
        Command::List => list(&settings()?),
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

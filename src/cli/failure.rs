//! How a command ends when it can't do its work: a stable code, what is wrong, what to do.

use crate::services::Fault;
use crate::storage::StorageError;

/// Every code that a command can end with, in the order of `docs/errors.md`.
pub const CODES: [&str; 21] = [
    "config-invalid",
    "key-missing",
    "key-version-lost",
    "key-file-invalid",
    "key-needed",
    "instances-unaware",
    "questionnaire-changed",
    "questionnaire-refused",
    "database-newer",
    "database-behind",
    "database-unreachable",
    "database-in-use",
    "backup-invalid",
    "not-sqlite",
    "port-in-use",
    "csv-invalid",
    "access-log-broken",
    "webhook-failed",
    "not-found",
    "exists",
    "argument-invalid",
];

/// A command's end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error[{code}]: {detail}\n  {remedy}")]
pub struct Failure {
    /// Stable code, one of [`CODES`].
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub remedy: String,
    /// Exit status.
    pub status: u8,
}

impl Failure {
    /// A wrong setting or argument: exit status 2.
    pub fn config(code: &'static str, detail: String, remedy: &str) -> Self {
        debug_assert!(CODES.contains(&code));
        Self { code, detail, remedy: remedy.to_owned(), status: 2 }
    }

    /// Anything else: exit status 1.
    pub fn run(code: &'static str, detail: String, remedy: &str) -> Self {
        Self { status: 1, ..Self::config(code, detail, remedy) }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Storage(error) => error.into(),
            Fault::Open(error) => {
                Self::run("key-version-lost", error.to_string(), "Restore the key file that this database was used with.")
            }
            Fault::Print(error) => error.into(),
            Fault::Page(error) => Self::run("questionnaire-refused", error.to_string(), "Report this."),
            Fault::Content(what) => Self::run(
                "database-unreachable",
                format!("stored {what} is not readable"),
                "Restore the database from its backup and report this.",
            ),
        }
    }
}

impl From<crate::print::pdf::Error> for Failure {
    fn from(error: crate::print::pdf::Error) -> Self {
        Self::run("questionnaire-refused", error.to_string(), "Report this with the form.")
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::run(
            "database-unreachable",
            error.to_string(),
            "Check that the database runs, that database_url is right and that there is room on the disk.",
        )
    }
}

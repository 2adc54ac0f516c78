//! `kartlegging keys`

use super::app;
use super::failure::Failure;
use crate::config::{Settings, keys};
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::ring::Purpose;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key file at `keys_file`; never over one that is there.
    Create,
    /// Show the versions of every key and whether this database was used with them.
    Status,
}

pub(super) async fn run(command: &Command, settings: impl Fn() -> Result<Settings, Failure>) -> Result<(), Failure> {
    let settings = settings()?;
    match command {
        Command::Create => {
            if let Some(folder) = settings.keys_file.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            keys::create(&settings.keys_file, &SystemEntropy::default())?;
            println!("{} is made; keep a copy elsewhere than the database's backup", settings.keys_file.display());
        }
        Command::Status => {
            // Building the application compares every version with what the database knows.
            let app = app(settings).await?;
            for purpose in Purpose::ALL {
                let versions: Vec<String> = app.services.ring.versions(purpose).iter().map(ToString::to_string).collect();
                println!("{:<8} versions {}  (newest first; the first makes new values)", purpose.word(), versions.join(", "));
            }
            println!("all of them are the ones this database was used with");
        }
    }
    Ok(())
}

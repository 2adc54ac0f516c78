//! `kartlegging migrate`

use super::failure::Failure;
use crate::config::Settings;
use crate::storage::Db;
use crate::storage::schema::{self, SchemaState};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply every migration that is missing.
    Up,
    /// Show which migrations are missing; exit status 1 when some are.
    Status,
}

pub(super) async fn run(command: &Command, settings: &Settings) -> Result<(), Failure> {
    if settings.is_sqlite() {
        make_folder(settings)?;
    }
    let db = Db::open(&settings.database_url, settings.database_connections).await?;
    match (command, schema::state(&db).await?) {
        (_, SchemaState::Newer(names)) => {
            return Err(Failure::run(
                "database-newer",
                format!("migrations unknown to this program: {}", names.join(", ")),
                "Run the newer program.",
            ));
        }
        (_, SchemaState::Current) => println!("the database is up to date"),
        (Command::Up, SchemaState::Behind(names)) => {
            for name in &names {
                println!("applying {name}");
            }
            schema::up(&db).await?;
            println!("the database is up to date");
        }
        (Command::Status, SchemaState::Behind(names)) => {
            for name in &names {
                println!("missing {name}");
            }
            return Err(Failure::run(
                "database-behind",
                format!("{} migrations are missing", names.len()),
                "Run `kartlegging migrate up`.",
            ));
        }
    }
    db.close().await;
    Ok(())
}

/// Makes the folder of an SQLite database.
pub(super) fn make_folder(settings: &Settings) -> Result<(), Failure> {
    let path = settings.database_url.trim_start_matches("sqlite://").split('?').next().unwrap_or_default();
    let folder = std::path::Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), std::fs::create_dir_all).map_err(|error| {
        Failure::run(
            "database-unreachable",
            format!("the folder of the database can't be made: {}", error.kind()),
            "Check database_url and the rights of the folder.",
        )
    })
}

//! `kartlegging backup` and `kartlegging restore`

use super::failure::Failure;
use crate::app::{App, Machine};
use crate::config::Settings;
use crate::config::keys::sync_folder;
use crate::crypto::hash::sha256_of;
use crate::services::Fault;
use crate::storage::{StorageError, backup, key_use};
use clap::Args;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    /// Where to; the data keys go to the same name with `.keys` behind it. Both get a checksum beside them, `.sha256`.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// A backup.
    file: PathBuf,
    /// Its file of data keys; without it nothing that is sealed of a patient can be read.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Put the database that is there aside; it is not deleted.
    #[arg(long)]
    replace: bool,
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(end);
    PathBuf::from(name)
}

fn io(what: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return Failure::run(
            "exists",
            format!("{} is there already", what.display()),
            "Choose another name, or move it away. A file that ends with .part or .restoring was left by a command that was ended: delete it.",
        );
    }
    Failure::run(
        "backup-invalid",
        format!("{} can't be read or written: {}", what.display(), error.kind()),
        "Check the path, the rights of the folder and that there is room on the disk.",
    )
}

fn invalid(what: &Path, detail: &str) -> Failure {
    Failure::run("backup-invalid", format!("{} {detail}", what.display()), "Use another backup; nothing was changed.")
}

/// A new file that only its owner can read.
fn create(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| io(path, &error))
}

fn sync(path: &Path) -> Result<(), Failure> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| io(path, &error))
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::rename(from, to).map_err(|error| io(to, &error))
}

/// Deletes files of a try that failed; what is not there needs nothing.
fn clear(paths: &[PathBuf]) {
    for path in paths {
        let _ = std::fs::remove_file(path);
    }
}

/// Where the checksum of a file is.
fn sum_of(path: &Path) -> PathBuf {
    with_end(path, ".sha256")
}

fn sum(path: &Path) -> Result<String, Failure> {
    File::open(path).and_then(sha256_of).map_err(|error| io(path, &error))
}

/// Writes the checksum of what will have a name, as `sha256sum --check` reads it.
fn write_sum(part: &Path, named: &Path) -> Result<(), Failure> {
    let beside = sum_of(named);
    let name = named.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("{}  {name}\n", sum(part)?);
    let mut file = create(&beside)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| io(&beside, &error))
}

/// Holds what was copied from a file to the checksum beside that file. A database can be damaged where its
/// own structure does not show it. False where there is no checksum.
fn held_to_sum(original: &Path, copy: &Path) -> Result<bool, Failure> {
    let beside = sum_of(original);
    let Ok(line) = std::fs::read_to_string(&beside) else {
        return if beside.exists() { Err(invalid(&beside, "is no checksum")) } else { Ok(false) };
    };
    if line.split_whitespace().next() == Some(sum(copy)?.as_str()) {
        return Ok(true);
    }
    Err(invalid(original, &format!("is damaged: its checksum is not the one in {}", beside.display())))
}

pub(super) fn back_up(options: &BackupOptions, settings: &Settings) -> Result<(), Failure> {
    let Some(from) = settings.sqlite_path() else { return Err(elsewhere(&backup_lines(&options.file))) };
    if !from.is_file() {
        return Err(Failure::run("not-found", format!("there is no database at {}", from.display()), "Check database_url."));
    }
    let (file, keys) = (options.file.clone(), with_end(&options.file, ".keys"));
    for path in [&file, &keys, &sum_of(&file), &sum_of(&keys)] {
        if path.exists() {
            return Err(io(path, &std::io::ErrorKind::AlreadyExists.into()));
        }
    }
    let (part, keys_part) = (with_end(&file, ".part"), with_end(&keys, ".part"));
    create(&part)?;
    create(&keys_part).inspect_err(|_| clear(std::slice::from_ref(&part)))?;
    let parts = [part.clone(), keys_part.clone(), sum_of(&file), sum_of(&keys)];
    let done = make(&from, &part, &keys_part)
        .and_then(|count| write_sum(&part, &file).and_then(|()| write_sum(&keys_part, &keys)).map(|()| count));
    let count = done.inspect_err(|_| clear(&parts))?;
    // The keys first: a backup that is there has its keys and both checksums.
    rename(&keys_part, &keys)?;
    rename(&part, &file)?;
    sync_folder(&file).map_err(|error| io(&file, &error))?;
    println!("{} is made; {} holds the data keys of {count} patients: keep it apart", file.display(), keys.display());
    Ok(())
}

fn make(from: &Path, part: &Path, keys_part: &Path) -> Result<u64, Failure> {
    let count = backup::copy(from, part, keys_part)?;
    for path in [part, keys_part] {
        if !backup::is_whole(path) {
            return Err(invalid(path, "is damaged: is the database?"));
        }
        sync(path)?;
    }
    Ok(count)
}

pub(super) async fn restore(options: &RestoreOptions, settings: &Settings) -> Result<(), Failure> {
    let Some(target) = settings.sqlite_path() else { return Err(elsewhere(&restore_lines(&options.file))) };
    let there = target.exists();
    if there && !options.replace {
        return Err(Failure::run(
            "exists",
            format!("there is a database at {}", target.display()),
            "With --replace it is put aside, not deleted. Stop the service first.",
        ));
    }
    super::migrate::make_folder(settings)?;
    let part = with_end(&target, ".restoring");
    let mut copy = create(&part)?;
    let parts = ["", "-wal", "-shm", "-journal"].map(|end| with_end(&part, end));
    let copied = File::open(&options.file).and_then(|mut from| std::io::copy(&mut from, &mut copy));
    copied.map_err(|error| io(&options.file, &error)).inspect_err(|_| clear(&parts))?;
    drop(copy);
    let (patients, without, now) = fit(options, settings, &part).await.inspect_err(|_| clear(&parts))?;
    sync(&part)?;
    if there {
        free(&target).inspect_err(|_| clear(&parts))?;
        let aside = with_end(&target, &format!(".before-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
        if aside.exists() {
            return Err(io(&aside, &std::io::ErrorKind::AlreadyExists.into()));
        }
        rename(&target, &aside)?;
        println!("the database that was there is {}", aside.display());
    }
    rename(&part, &target)?;
    sync_folder(&target).map_err(|error| io(&target, &error))?;
    println!("{} is restored: whole, of this program's schema, and the keys are the ones it was used with", target.display());
    if without > 0 {
        println!(
            "{without} of {patients} patients have no data key: their names, birth dates, contacts, national ids, answers and drafts can't be read"
        );
    }
    Ok(())
}

/// Nobody may have the old database open, and all of it must be in one file before it is put aside.
fn free(target: &Path) -> Result<(), Failure> {
    let log = with_end(target, "-wal").exists();
    match backup::fold(target) {
        Ok(false) => Err(Failure::run(
            "database-in-use",
            format!("{} is open in another process", target.display()),
            "Stop the service, then restore.",
        )),
        // It can't be read, which may be why a backup is restored; its log would be taken for the new one's.
        Err(_) if log => Err(Failure::run(
            "database-in-use",
            format!("{} is damaged and has a write-ahead log beside it", target.display()),
            "Stop the service, move the database and the files beside it away, then restore.",
        )),
        Ok(true) | Err(_) => Ok(()),
    }
}

/// Brings the copy to what the service needs, and checks it like a start does. Gives how many patients
/// there are, how many have no data key, and the time.
async fn fit(options: &RestoreOptions, settings: &Settings, part: &Path) -> Result<(u64, u64, chrono::DateTime<chrono::Utc>), Failure> {
    if !backup::is_whole(part) {
        return Err(invalid(&options.file, "is no database or is damaged"));
    }
    for (original, copy) in
        std::iter::once((options.file.as_path(), part)).chain(options.keys.iter().map(|keys| (keys.as_path(), keys.as_path())))
    {
        if copy.is_file() && !held_to_sum(original, copy)? {
            println!("{} has no checksum beside it (.sha256): damage inside a value would not be seen", original.display());
        }
    }
    if let Some(keys) = &options.keys {
        if !keys.is_file() || !backup::is_whole(keys) {
            return Err(invalid(keys, "is no file of data keys or is damaged"));
        }
        backup::merge_keys(part, keys).map_err(|_| invalid(keys, "is no file of data keys of this backup"))?;
    }
    let own = Settings { database_url: format!("sqlite://{}", part.display()), ..settings.clone() };
    let app = App::build(own, settings.migrate.unwrap_or(true), Machine::default()).await?;
    let read =
        app.services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(key_use::patients_without_key(snapshot).await?) }));
    let (patients, without) = read.await?;
    let now = app.services.now();
    app.services.db.close().await;
    if !backup::fold(part)? {
        return Err(StorageError::Unavailable("the restored file is still open".to_owned()).into());
    }
    Ok((patients, without, now))
}

/// On PostgreSQL its own programs do it.
fn elsewhere(lines: &str) -> Failure {
    println!("{lines}");
    Failure::run(
        "not-sqlite",
        "the database is PostgreSQL: nothing was done".to_owned(),
        "Run the lines above, with DATABASE_URL naming the database; docs/operations.md explains them.",
    )
}

fn shell(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// One snapshot for both files, so that every data key has its patient and every patient its key.
fn backup_lines(file: &Path) -> String {
    format!(
        r#"set -eu
umask 077
FILE={}; export FILE DATABASE_URL
test ! -e "$FILE" && test ! -e "$FILE.keys"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$DATABASE_URL" <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --snapshot="$SNAPSHOT" --format=custom --exclude-table-data=patient_key --exclude-table-data=instance --file="$FILE" "$DATABASE_URL"
\! pg_dump --snapshot="$SNAPSHOT" --format=custom --data-only --table=patient_key --file="$FILE.keys" "$DATABASE_URL"
COMMIT;
SQL
pg_restore --list "$FILE" >/dev/null
pg_restore --list "$FILE.keys" >/dev/null"#,
        shell(file)
    )
}

fn restore_lines(file: &Path) -> String {
    format!(
        r#"# Into an empty database; without the second line nothing that is sealed of a patient can be read.
set -eu
FILE={}
pg_restore --exit-on-error --single-transaction --no-owner --dbname="$DATABASE_URL" "$FILE"
pg_restore --exit-on-error --single-transaction --data-only --dbname="$DATABASE_URL" "$FILE.keys"
# Then: kartlegging keys status"#,
        shell(file)
    )
}

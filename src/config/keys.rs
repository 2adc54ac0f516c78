//! The key file: TOML with one `[[key]]` a key, readable by its owner only. It is changed by writing
//! another file beside it that takes its place, so whoever reads it reads the old or the new one.

use crate::cli::failure::Failure;
use crate::crypto::ring::{Entry, KeyRing, Purpose, RingError, Source};
use crate::domain::clock::Entropy;
use config::{Config, File, FileFormat};
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    purpose: String,
    version: u16,
    secret: Zeroizing<String>,
}

/// A key file's text in a setting: wiped when it is let go, and in no debug output.
#[derive(Clone, Deserialize)]
pub struct KeyText(Zeroizing<String>);

impl KeyText {
    /// Wraps a text.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyText")
    }
}

fn broken(detail: &str) -> Failure {
    Failure::config(
        "key-file-invalid",
        detail.to_owned(),
        "Restore the key file from its safe copy; without it nothing that is stored can be read.",
    )
}

/// Reads the keys of a key file, whichever there are.
fn entries(text: &str) -> Result<Vec<Entry>, Failure> {
    // The parser's own text quotes what it read, and that is a secret here.
    let file: KeyFile = Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|_| broken("the key file is not TOML with [[key]] tables of purpose, version and secret"))?;
    let mut entries = Vec::with_capacity(file.key.len());
    for key in file.key {
        let purpose = Purpose::parse(&key.purpose).ok_or_else(|| broken("a key has a purpose that this version does not know"))?;
        entries.push((purpose, key.version, key.secret));
    }
    Ok(entries)
}

/// Reads keys from the text of a key file.
pub fn parse(text: &str) -> Result<KeyRing, Failure> {
    KeyRing::from_entries(entries(text)?).map_err(|error| match error {
        // Came after the others: a key file from before is whole but for this one.
        RingError::Missing(Purpose::Log) => Failure::config(
            "key-missing",
            "there is no log key".to_owned(),
            "Make one with `kartlegging keys add log`, which leaves the other keys as they are, and renew the key file's safe copy.",
        ),
        RingError::Missing(purpose) => missing(&format!("there is no {} key", purpose.word())),
        other => broken(&other.to_string()),
    })
}

fn missing(detail: &str) -> Failure {
    Failure::config(
        "key-missing",
        detail.to_owned(),
        "Give the key file with KARTLEGGING_KEYS_FILE (or its text with KARTLEGGING_KEYS); `kartlegging keys create` makes one for a new installation.",
    )
}

/// Reads a key file.
pub fn read(path: &Path) -> Result<KeyRing, Failure> {
    parse(&text(path)?)
}

fn text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| missing(&format!("the key file {} can't be read: {}", path.display(), error.kind())))?;
    if open_to_all(path) {
        return Err(Failure::config(
            "key-file-invalid",
            format!("the key file {} can be read by everybody on this machine", path.display()),
            "Take the rights of others away (chmod o= FILE), and think of the keys as seen.",
        ));
    }
    Ok(text)
}

/// Reads the file again whenever it is another one than the last time. A file that can't be used is
/// logged once, and the keys that are known stay.
pub fn source(path: PathBuf) -> Source {
    let seen = Mutex::new(stamp(&path));
    Box::new(move || {
        let now = stamp(&path);
        let mut seen = seen.lock().ok()?;
        if now == *seen || now.is_none() {
            return None;
        }
        *seen = now;
        read(&path).inspect_err(|failure| tracing::error!(%failure, "the key file has changed and can't be used")).ok()
    })
}

/// What tells one writing of a file from the next.
fn stamp(path: &Path) -> Option<(SystemTime, u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let node = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let node = 0;
    Some((data.modified().ok()?, data.len(), node))
}

/// Adds a fresh version of a purpose to a key file; gives its number.
pub fn add(path: &Path, purpose: Purpose, entropy: &dyn Entropy) -> Result<u16, Failure> {
    replace(path, |old| {
        let last = entries(old)?.iter().filter(|(own, ..)| *own == purpose).map(|(_, version, _)| *version).max().unwrap_or(0);
        let version = last.checked_add(1).ok_or_else(|| broken("the highest possible version is in use"))?;
        let mut text = Zeroizing::new(String::with_capacity(old.len() + 256));
        text.push_str(old);
        push(&mut text, &KeyRing::fresh(purpose, version, entropy));
        Ok((text, version))
    })
}

/// Takes a version out of a key file; says whether it was there.
pub fn remove(path: &Path, purpose: Purpose, version: u16) -> Result<bool, Failure> {
    replace(path, |old| {
        let all = entries(old)?;
        let mut text = Zeroizing::new(String::with_capacity(old.len()));
        text.push_str(HEADER);
        let left = all.iter().filter(|(own, number, _)| (*own, *number) != (purpose, version));
        let mut kept = 0;
        for entry in left {
            push(&mut text, entry);
            kept += 1;
        }
        let there = kept < all.len();
        Ok((text, there))
    })
}

/// Puts a changed file into the place of the old one, with the same owner and rights, on the disk
/// before it counts. The file beside it also keeps a second command out.
fn replace<T>(path: &Path, change: impl FnOnce(&str) -> Result<(Zeroizing<String>, T), Failure>) -> Result<T, Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let failed = |error: &std::io::Error| {
        Failure::config(
            "key-file-invalid",
            format!("{} can't be written: {}", path.display(), error.kind()),
            "Run the command as the file's owner, and check the folder's rights and that there is room on the disk.",
        )
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::run(
            "exists",
            format!("{} is there: another command is changing the keys, or was ended while it did", beside.display()),
            "When no other command is at work delete that file: the key file itself is whole.",
        ),
        _ => failed(&error),
    })?;
    let done = text(path).and_then(|old| change(&old)).and_then(|(new, result)| {
        let written = file.write_all(new.as_bytes()).and_then(|()| like(path, &beside)).and_then(|()| file.sync_all());
        written.and_then(|()| std::fs::rename(&beside, path)).and_then(|()| sync_folder(path)).map_err(|error| failed(&error))?;
        Ok(result)
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}

/// Gives a file the owner and rights of another one.
fn like(old: &Path, new: &Path) -> std::io::Result<()> {
    let data = std::fs::metadata(old)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let own = std::fs::metadata(new)?;
        if (own.uid(), own.gid()) != (data.uid(), data.gid()) {
            std::os::unix::fs::chown(new, Some(data.uid()), Some(data.gid()))?;
        }
    }
    std::fs::set_permissions(new, data.permissions())
}

/// A new name is on the disk when its folder is.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

/// Whether users that are neither the owner nor in the file's group have any right to it.
fn open_to_all(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o007 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// What stands above the keys.
const HEADER: &str = "# Keys of this Kartlegging installation. Whoever has this file and the database can read everything;\n\
     # whoever loses it loses everything. Keep a copy in another place than the database's backup.\n";

fn push(text: &mut String, (purpose, version, secret): &Entry) {
    let _ = write!(text, "\n[[key]]\npurpose = \"{}\"\nversion = {version}\nsecret = \"{}\"\n", purpose.word(), secret.as_str());
}

/// Writes a fresh key file; never over one that is there.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), Failure> {
    // Room for all, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    text.push_str(HEADER);
    for entry in &KeyRing::generate(entropy) {
        push(&mut text, entry);
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::run(
            "exists",
            format!("{} is there already", path.display()),
            "Keep it: it opens what is stored. Name another file for another installation.",
        ),
        kind => {
            Failure::config("key-file-invalid", format!("{} can't be written: {kind}", path.display()), "Check the folder and its rights.")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn a_created_file_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().map_err(|e| e.kind());
        let Ok(folder) = folder else { panic!("no temporary folder") };
        let path = folder.path().join("keys.toml");
        assert!(create(&path, &SeededEntropy::new(1)).is_ok());
        assert!(read(&path).is_ok());
        assert!(create(&path, &SeededEntropy::new(2)).is_err_and(|failure| failure.to_string().contains("exists")));
    }

    #[test]
    fn versions_are_added_and_taken_out_in_one_step() {
        let Ok(folder) = tempfile::tempdir() else { panic!("no temporary folder") };
        let path = folder.path().join("keys.toml");
        let entropy = SeededEntropy::new(1);
        assert!(create(&path, &entropy).is_ok());
        let again = source(path.clone());
        assert!(again().is_none());
        assert_eq!(add(&path, Purpose::Link, &entropy), Ok(2));
        assert_eq!(add(&path, Purpose::Link, &entropy), Ok(3));
        assert!(again().is_some_and(|ring| ring.versions(Purpose::Link) == [3, 2, 1]));
        assert!(again().is_none());
        assert_eq!(remove(&path, Purpose::Link, 2), Ok(true));
        assert_eq!(remove(&path, Purpose::Link, 2), Ok(false));
        assert!(again().is_some_and(|ring| ring.versions(Purpose::Link) == [3, 1]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert!(std::fs::metadata(&path).is_ok_and(|data| data.permissions().mode() & 0o777 == 0o600));
        }
        // A purpose that is missing altogether can be added; a second command at once is kept out.
        let Ok(whole) = std::fs::read_to_string(&path) else { panic!("key file") };
        let without: Vec<&str> = whole.split("\n[[key]]").filter(|key| !key.contains("\"issuer\"")).collect();
        assert!(std::fs::write(&path, without.join("\n[[key]]")).is_ok() && read(&path).is_err());
        assert!(std::fs::write(folder.path().join("keys.toml.new"), "").is_ok());
        assert!(add(&path, Purpose::Issuer, &entropy).is_err_and(|failure| failure.code == "exists"));
        assert!(std::fs::remove_file(folder.path().join("keys.toml.new")).is_ok());
        assert_eq!(add(&path, Purpose::Issuer, &entropy), Ok(1));
        assert!(read(&path).is_ok());
    }

    #[test]
    fn faults_name_the_key_and_no_secret() {
        let text = |toml: &str| parse(toml).err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(text("").contains("key-missing") && text("").contains("root"));
        let before_the_log = ["root", "link", "lookup", "session", "issuer"]
            .map(|purpose| format!("[[key]]\npurpose='{purpose}'\nversion=1\nsecret='{}'\n", "A".repeat(43) + "="))
            .concat();
        assert!(text(&before_the_log).contains("key-missing") && text(&before_the_log).contains("kartlegging keys add log"));
        let twice = "[[key]]\npurpose='root'\nversion=1\nsecret='U0VDUkVU'\n";
        assert!(text(twice).contains("root key version 1") && !text(twice).contains("U0VDUkVU"));
        assert!(text("secret = 'U0VDUkVU").contains("key-file-invalid") && !text("secret = 'U0VDUkVU").contains("U0VDUkVU"));
    }
}

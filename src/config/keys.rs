//! The key file: TOML with one `[[key]]` a key, readable by its owner only.

use crate::cli::failure::Failure;
use crate::crypto::ring::{KeyRing, Purpose, RingError};
use crate::domain::clock::Entropy;
use config::{Config, File, FileFormat};
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
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

fn broken(detail: &str) -> Failure {
    Failure::config(
        "key-file-invalid",
        detail.to_owned(),
        "Restore the key file from its safe copy; without it nothing that is stored can be read.",
    )
}

/// Reads keys from the text of a key file.
pub fn parse(text: &str) -> Result<KeyRing, Failure> {
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
    KeyRing::from_entries(entries).map_err(|error| match error {
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
    parse(&text)
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

/// Writes a fresh key file; never over one that is there.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), Failure> {
    let mut text = Zeroizing::new(String::from(
        "# Keys of this Kartlegging installation. Whoever has this file and the database can read everything;\n\
         # whoever loses it loses everything. Keep a copy in another place than the database's backup.\n",
    ));
    for (purpose, version, secret) in KeyRing::generate(entropy) {
        let _ = write!(text, "\n[[key]]\npurpose = \"{}\"\nversion = {version}\nsecret = \"{}\"\n", purpose.word(), secret.as_str());
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

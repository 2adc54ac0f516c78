//! Where signed heads go when they leave the database: a file, and another machine.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Longest wait for the other machine.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a head did not get there. Says nothing of what it held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutletError {
    /// The file.
    #[error("the file can't be written: {0}")]
    File(std::io::ErrorKind),
    /// The other machine can't be reached.
    #[error("the address does not answer")]
    Unreachable,
    /// It answered something else than success.
    #[error("the address answered {0}")]
    Status(u16),
}

impl From<std::io::Error> for OutletError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.kind())
    }
}

/// Adds text at the end of a file and waits until it is on the disk.
pub async fn append(path: &Path, text: &str) -> Result<(), OutletError> {
    let (path, text) = (path.to_owned(), text.to_owned());
    let written = tokio::task::spawn_blocking(move || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let fresh = !path.exists();
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if let (true, Some(folder)) = (fresh, folder) {
            // The name of a new file is on the disk when its folder is.
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok::<_, std::io::Error>(())
    });
    Ok(written.await.map_err(|_| OutletError::File(std::io::ErrorKind::Interrupted))??)
}

/// Posts text as `text/plain`.
pub async fn post(address: &url::Url, text: &str) -> Result<(), OutletError> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|_| OutletError::Unreachable)?;
    let call = client.post(address.clone()).header("content-type", "text/plain; charset=utf-8").body(text.to_owned());
    let answer = call.send().await.map_err(|_| OutletError::Unreachable)?;
    if answer.status().is_success() { Ok(()) } else { Err(OutletError::Status(answer.status().as_u16())) }
}

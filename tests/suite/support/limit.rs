//! No test lasts for ever: one that waits in vain fails and says so, and one that can't even be asked to
//! end ends the whole run by its name.

use std::future::Future;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Longer than the slowest test takes on a slow and busy machine.
const LONGEST: Duration = Duration::from_mins(8);
/// What a test that is told to end may need for it.
const ENDING: Duration = Duration::from_mins(1);

/// Runs a test to its end on a runtime of its own.
///
/// A panic leaves the runtime no more time than an ordinary end does: work that blocks a thread would
/// otherwise be waited for without an end.
pub fn run<F: Future<Output = ()>>(test: F) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let watched = watch();
    let limited = async { tokio::time::timeout(LONGEST, test).await };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(limited)));
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(watched);
    match ended {
        Ok(ended) => assert!(ended.is_ok(), "it has not ended after {LONGEST:?}: something is waited for in vain"),
        Err(panic) => resume_unwind(panic),
    }
}

/// Ends the run when what is given back is not dropped in time.
fn watch() -> Sender<()> {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let (watched, ended) = channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(LONGEST + ENDING) == Err(RecvTimeoutError::Timeout) {
            // Straight to the stream: what a test prints is kept until its end, which does not come.
            let _ = writeln!(std::io::stderr(), "test {name} does not end: the run is ended");
            std::process::exit(101);
        }
    });
    watched
}

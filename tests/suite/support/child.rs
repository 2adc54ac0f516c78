//! Programs that tests start beside them: a line they say when they are ready, and their end.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Longest wait for a program that starts, or that was told to end.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a program says first, and what comes after. One that says nothing is ended, and the test fails.
#[track_caller]
pub fn first_line(child: &mut Child, name: &str) -> (String, Lines<BufReader<ChildStdout>>) {
    let stdout = child.stdout.take().expect("stdout");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next();
        let _ = tell.send((first, lines));
    });
    match told.recv_timeout(PATIENCE) {
        Ok((Some(Ok(line)), lines)) => (line, lines),
        Ok(_) => panic!("{name} has ended without a word: {:?}", child.wait()),
        Err(_) => {
            end(child);
            panic!("{name} says nothing for {PATIENCE:?}");
        }
    }
}

/// Ends a program.
pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

//! The program: reads its arguments and runs a command.

use clap::Parser;
use kartlegging::cli::{Arguments, run};
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A request allocates thousands of small pieces; the system's allocator took a fifth of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Two TLS backends in one tree must be told which one counts.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the program can't start its threads: {}", error.kind());
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(Arguments::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status)
        }
    }
}

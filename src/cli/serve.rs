//! `kartlegging serve`

use super::failure::Failure;
use crate::app::{App, Machine};
use crate::config::Settings;
use crate::telemetry;
use std::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Builds, binds, serves; SIGTERM and SIGINT drain.
pub(super) async fn run(settings: Settings) -> Result<(), Failure> {
    if !telemetry::logs(settings.log_format, &settings.log_filter) {
        return Err(Failure::config("config-invalid", "log_filter can't be read".to_owned(), "Write it like info,sqlx=warn."));
    }
    let listener = bind(&settings)?;
    if settings.base_is_long() {
        tracing::warn!("base_url is longer than 30 characters: people type it from letters, so give the service a shorter name");
    }
    let migrate = settings.migrate.unwrap_or(settings.is_sqlite());
    let app = App::build(settings, migrate, Machine::default()).await?;
    tracing::info!(address = %listener.local_addr().map(|a| a.to_string()).unwrap_or_default(), database = app.services.db.kind(), "serving");
    app.serve(listener, stop_on_signal()?).await
}

pub(super) fn bind(settings: &Settings) -> Result<TcpListener, Failure> {
    let address = settings.listen_address()?;
    TcpListener::bind(address).map_err(|error| {
        Failure::run(
            "port-in-use",
            format!("can't listen on {address}: {}", error.kind()),
            "Stop what uses the port, or set listen (KARTLEGGING_LISTEN) to another one.",
        )
    })
}

/// A switch that turns when the process is asked to end.
pub(super) fn stop_on_signal() -> Result<watch::Receiver<bool>, Failure> {
    let (turn, stop) = watch::channel(false);
    let failed = |_| Failure::config("argument-invalid", "signals can't be received".to_owned(), "Run on a system with SIGTERM.");
    let (mut term, mut int) = (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?);
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        let _ = turn.send(true);
    });
    Ok(stop)
}

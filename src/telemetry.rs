//! Floor 5: logs and metrics.

use crate::config::LogFormat;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging to standard error. False when the filter can't be read.
pub fn logs(format: LogFormat, filter: &str) -> bool {
    let Ok(filter) = EnvFilter::try_new(filter) else { return false };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE).with_writer(std::io::stderr);
    // Colours are for eyes: in a file or a journal their codes are in the way of every search.
    let builder = builder.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()));
    match format {
        LogFormat::Pretty => builder.compact().try_init().is_ok(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init().is_ok(),
    }
}

/// Bounds of the time histograms, seconds: fixed buckets take no memory as requests go by.
const SECONDS: [f64; 18] =
    [0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.01, 0.015, 0.025, 0.035, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Starts metrics; the handle renders them. A second start in one process (tests) shares nothing
/// with the first.
pub fn metrics() -> PrometheusHandle {
    let builder = PrometheusBuilder::new().set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    handle
}

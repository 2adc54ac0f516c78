//! Floor 5: logs and metrics.

use crate::config::LogFormat;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging to standard error. False when the filter can't be read.
pub fn logs(format: LogFormat, filter: &str) -> bool {
    let Ok(filter) = EnvFilter::try_new(filter) else { return false };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE).with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => builder.compact().try_init().is_ok(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init().is_ok(),
    }
}

/// Starts metrics; the handle renders them. A second start in one process (tests) shares nothing
/// with the first.
pub fn metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    handle
}

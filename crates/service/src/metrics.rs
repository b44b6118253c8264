//! What every process tells Prometheus: of itself, and in which format.
//!
//! - [`process`]: version, start, memory, processor time
//! - [`series`]: metrics that are read when Prometheus asks

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

mod plain;
pub mod process;
pub mod series;

/// A histogram of durations of work, whose buckets reach from 0.1 ms to about 26 s.
#[must_use]
pub fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 19))
}

/// The text that Prometheus reads, in the format OpenMetrics.
///
/// # Errors
/// If a metric cannot be written, which only a mistake in this program can cause.
pub fn encode(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}

/// The same in Prometheus' older text, for readers that do not know OpenMetrics.
///
/// # Errors
/// As [`encode`].
pub fn encode_plain(registry: &Registry) -> Result<String, std::fmt::Error> {
    Ok(plain::plain(&encode(registry)?))
}

/// The metrics as OpenMetrics for whoever asks for that, as Prometheus does, and otherwise as the older text, which every tool reads.
#[must_use]
pub fn answer(headers: &HeaderMap, registry: &Registry) -> Response {
    // Sources of the types: OpenMetrics 1.0, "Content-Type"; Prometheus, "Exposition formats".
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let (kind, text) = if accepted.any(|accepted| accepted.contains("application/openmetrics-text")) {
        (OPEN_METRICS, encode(registry))
    } else {
        (PLAIN, encode_plain(registry))
    };
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

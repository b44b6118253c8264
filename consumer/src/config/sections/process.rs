//! How the process works: batches, endpoints, stalls, its end, its log.

use std::time::Duration;

use service::logging::Log;
use service::settings::{Problem, Values};

/// How much goes into one transaction (P10).
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Most records.
    pub max_records: usize,
    /// Most bytes; one record is always taken.
    pub max_bytes: usize,
}

impl Batch {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { max_records: values.number("batch.max_records")?, max_bytes: values.number("batch.max_bytes")? })
    }
}

/// Where the endpoints answer.
#[derive(Debug, Clone)]
pub struct Http {
    /// `address:port`; `None`: nowhere.
    pub listen: Option<String>,
}

impl Http {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { listen: values.optional("http.listen")? })
    }
}

/// When silence counts as a stall (P9).
#[derive(Debug, Clone, Copy)]
pub struct HealthRules {
    /// Lag and nothing committed for this long is a stall.
    pub stall: Duration,
}

impl HealthRules {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { stall: values.seconds("health.stall_seconds")? })
    }
}

/// How the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// Longest the batches in flight may take after SIGTERM.
    pub deadline: Duration,
}

impl Shutdown {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { deadline: values.millis("shutdown.deadline_ms")? })
    }
}

/// What is logged.
pub(in crate::config) fn log(values: &Values) -> Result<Log, Problem> {
    Ok(Log { level: values.text("log.level")?, format: values.choice("log.format")? })
}

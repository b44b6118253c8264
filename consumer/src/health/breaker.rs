//! The circuit breakers as metrics and `/status` show them.

use serde::Serialize;

/// The state of the breaker and what it did since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BreakerReading {
    /// The state now, one of `states`.
    pub state: &'static str,
    /// Every state there is.
    #[serde(skip)]
    pub states: Vec<&'static str>,
    /// Permitted calls that were answered.
    pub succeeded: u64,
    /// Permitted calls that failed.
    pub failed: u64,
    /// Calls slower than `breaker.slow_call_ms`, whatever their outcome.
    pub slow: u64,
    /// Calls that were not permitted.
    pub rejected: u64,
    /// Outcomes that came too late to decide anything.
    pub late: u64,
    /// Probes let through.
    pub probes: u64,
    /// Probes that never reported.
    pub probes_expired: u64,
    /// From, to, how often; only those that happened.
    pub transitions: Vec<(&'static str, &'static str, u64)>,
}

/// Both breakers around Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakers {
    /// Around the server.
    pub server: BreakerReading,
    /// Around writes alone.
    pub writes: BreakerReading,
}

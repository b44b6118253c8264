//! The readings of the circuit breakers, as metrics and `/status` show them.

use serde::Serialize;

/// The state of a breaker, and what the breaker did since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BreakerReading {
    /// The present state, one of `states`.
    pub state: &'static str,
    /// All states that a breaker can have.
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
    /// Probes that were let through.
    pub probes: u64,
    /// Probes that never reported.
    pub probes_expired: u64,
    /// State before, state after, and how often; only transitions that happened.
    pub transitions: Vec<(&'static str, &'static str, u64)>,
}

/// The two breakers around Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakers {
    /// The breaker around the server.
    pub server: BreakerReading,
    /// The breaker around writes alone.
    pub writes: BreakerReading,
}

//! The settings of the circuit breaker: when it opens, for how long, and how it closes again.

use std::time::Duration;

/// The settings of a [`Breaker`](super::Breaker).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerConfig {
    /// The time over which the share of failures is taken.
    pub window: Duration,
    /// The least number of calls in the window for which the share counts.
    pub minimum_calls: u32,
    /// The share of failed calls (0 to 1) that opens the breaker.
    pub failure_share: f64,
    /// The number of failures in a row that opens the breaker at once; 0 turns this off.
    pub failures_in_a_row: u32,
    /// The time after which a call counts as a failure in the share, and as a failed probe; `None` turns this off.
    pub slow_call: Option<Duration>,
    /// The longest time of the first opening. The time doubles from opening to opening.
    pub open_base: Duration,
    /// The longest opening of all.
    pub open_max: Duration,
    /// The number of probes let through at once when half-open, 1 to 3. All of them must succeed.
    pub probes: u32,
    /// The time after which a probe that has not reported loses its place. Must be longer than any call's deadline.
    pub probe_deadline: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            minimum_calls: 20,
            failure_share: 0.5,
            failures_in_a_row: 5,
            slow_call: None,
            open_base: Duration::from_millis(200),
            // The longest opening and the probe's own deadline together stay below the ten seconds within which every partition has to move
            // again after an outage (P9).
            open_max: Duration::from_secs(5),
            probes: 1,
            probe_deadline: Duration::from_secs(10),
        }
    }
}

impl BreakerConfig {
    /// The same settings, with no value that would keep the breaker from ever closing or opening.
    #[must_use]
    pub(super) fn within_limits(self) -> Self {
        Self {
            probes: self.probes.clamp(1, 3),
            minimum_calls: self.minimum_calls.max(1),
            open_max: self.open_max.max(self.open_base),
            ..self
        }
    }
}

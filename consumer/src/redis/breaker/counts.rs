//! The states of the circuit breaker, and counts of what it did, for metrics.

use super::Outcome;

/// The state of the breaker as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls are permitted and counted.
    Closed,
    /// Calls are rejected until a time has passed.
    Open,
    /// A few calls are let through as probes.
    HalfOpen,
    /// An operator rejects every call.
    ForcedOpen,
    /// An operator permits every call.
    ForcedClosed,
}

impl State {
    /// Every state, for metrics that show zeros too.
    pub const ALL: [Self; 5] = [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::ForcedClosed];

    /// The text in logs and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
        }
    }
}

/// Calls, probes and transitions since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BreakerCounts {
    /// Permitted calls that the server answered.
    pub succeeded: u64,
    /// Permitted calls that failed.
    pub failed: u64,
    /// Calls that took longer than `slow_call`, whatever their outcome.
    pub slow: u64,
    /// Calls that were not permitted.
    pub rejected: u64,
    /// Outcomes that arrived after a transition, or after their probe's place was given away, and decided nothing.
    pub late: u64,
    /// Probes let through.
    pub probes: u64,
    /// Probes that never reported.
    pub probes_expired: u64,
    transitions: [[u64; State::ALL.len()]; State::ALL.len()],
}

impl BreakerCounts {
    /// How often the breaker went from one state to another.
    #[must_use]
    pub fn transitions(&self, from: State, to: State) -> u64 {
        self.transitions[from as usize][to as usize]
    }

    pub(super) fn count_transition(&mut self, from: State, to: State) {
        self.transitions[from as usize][to as usize] += 1;
    }

    pub(super) fn count_call(&mut self, outcome: Outcome, slow: bool) {
        match outcome {
            Outcome::Success => self.succeeded += 1,
            Outcome::Failure => self.failed += 1,
        }
        self.slow += u64::from(slow);
    }
}

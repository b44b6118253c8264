//! Why the breaker has changed its state, in closed words.

use std::fmt;
use std::time::Instant;

use super::{Forced, State};

/// Why the breaker went from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// So many calls failed one after the other.
    FailuresInARow(u32),
    /// So many of the calls in the window failed or were slow.
    Share {
        /// Calls that failed or were slow.
        failed: u64,
        /// All calls.
        calls: u64,
    },
    /// The time of the opening was over, and a probe is let through.
    TimeIsOver,
    /// A probe failed, or was slow.
    ProbeFailed,
    /// So many probes succeeded.
    ProbesSucceeded(u32),
    /// An operator holds the breaker.
    Held(Forced),
    /// The operator has let the breaker go.
    LetGo,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailuresInARow(1) => f.write_str("a failure"),
            Self::FailuresInARow(times) => write!(f, "{times} failures in a row"),
            Self::Share { failed, calls } => write!(f, "{} % of {calls} calls failed or were slow", failed * 100 / (*calls).max(1)),
            Self::TimeIsOver => f.write_str("its time was over: a probe is let through"),
            Self::ProbeFailed => f.write_str("a probe failed"),
            Self::ProbesSucceeded(1) => f.write_str("a probe succeeded"),
            Self::ProbesSucceeded(probes) => write!(f, "{probes} probes succeeded"),
            Self::Held(Forced::Open) => f.write_str("held open by an operator"),
            Self::Held(Forced::Closed) => f.write_str("held closed by an operator"),
            Self::LetGo => f.write_str("let go"),
        }
    }
}

/// A transition of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When it happened.
    pub at: Instant,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why.
    pub cause: Cause,
}

//! What the breaker and its callers say to each other: who asks, the permit, how the call ended.

use std::time::{Duration, Instant};

/// A state that an operator holds the breaker in, whatever calls say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    /// Every call is rejected.
    Open,
    /// Every call is permitted.
    Closed,
}

/// Permission to make one call. The caller gives the permit back with [`Breaker::record`](super::Breaker::record).
#[derive(Debug)]
#[must_use = "a permit whose outcome is not recorded is a call the breaker never learns from"]
pub struct Permit {
    pub(super) generation: u64,
    pub(super) probe: Option<u64>,
    pub(super) asked: Instant,
}

/// Who asks for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The caller may find out whether the server is back: in half-open state its call is a probe.
    Probing,
    /// The caller has work that must not wait for a server that is away, and gets a permit only while the breaker is closed.
    Working,
}

/// The call may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// Asking earlier than this is in vain. `None` if the time is not known: an operator holds the breaker open, or a probe has not come
    /// back yet.
    pub retry_after: Option<Duration>,
}

/// How a permitted call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered, if only with an error about the data.
    Success,
    /// The server did not answer, or cannot serve now.
    Failure,
}

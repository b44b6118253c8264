//! A circuit breaker that is shared between tasks and that logs its transitions.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::RedisError;
use crate::redis::breaker::{Breaker, BreakerConfig, BreakerCounts, Caller, Forced, Outcome, Permit, State};

/// The state of a breaker and what it did, for metrics.
#[derive(Debug, Clone)]
pub struct BreakerView {
    /// The breaker's state.
    pub state: State,
    /// What happened so far.
    pub counts: BreakerCounts,
    /// The failure that the breaker counted last. `None` after a call has succeeded while the breaker was closed, or has closed it.
    pub trouble: Option<RedisError>,
}

/// A breaker around what `around` names.
#[derive(Debug)]
pub(super) struct Guard {
    around: &'static str,
    breaker: Mutex<(Breaker, Option<RedisError>)>,
}

impl Guard {
    pub(super) fn new(around: &'static str, config: BreakerConfig) -> Self {
        Self { around, breaker: Mutex::new((Breaker::new(config, fastrand::Rng::new(), Instant::now()), None)) }
    }

    pub(super) fn view(&self) -> BreakerView {
        let (breaker, trouble) = &*self.lock();
        BreakerView { state: breaker.state(), counts: breaker.counts(), trouble: trouble.clone() }
    }

    pub(super) fn force(&self, forced: Option<Forced>) {
        let (breaker, _) = &mut *self.lock();
        let from = breaker.state();
        breaker.force(forced, Instant::now());
        self.log_transition(from, breaker.state(), None);
    }

    pub(super) fn ask(&self, caller: Caller) -> Result<Permit, RedisError> {
        let (breaker, _) = &mut *self.lock();
        let from = breaker.state();
        let answer = breaker.ask(caller, Instant::now());
        self.log_transition(from, breaker.state(), None);
        answer.map_err(|rejected| RedisError::Rejected { retry_after: rejected.retry_after })
    }

    pub(super) fn give_back(&self, permit: Permit) {
        self.lock().0.give_back(permit);
    }

    /// Records what became of a call; `opened` is notified if the outcome opens the breaker.
    pub(super) fn tell(&self, permit: Permit, failure: Option<&RedisError>, opened: &Notify) {
        let outcome = if failure.is_some() { Outcome::Failure } else { Outcome::Success };
        let (breaker, trouble) = &mut *self.lock();
        let from = breaker.state();
        breaker.record(permit, outcome, Instant::now());
        let to = breaker.state();
        match failure {
            Some(error) => *trouble = Some(error.clone()),
            // Only a success that leaves the breaker closed clears the trouble: an answer that comes late says nothing about the server
            // now.
            None if matches!(to, State::Closed | State::ForcedClosed) && trouble.is_some() => *trouble = None,
            None => {}
        }
        self.log_transition(from, to, failure);
        if from != to && to == State::Open {
            opened.notify_one();
        }
    }

    /// Logs a transition once, where it happens. The calls that are rejected meanwhile log nothing.
    fn log_transition(&self, from: State, to: State, cause: Option<&RedisError>) {
        if from == to {
            return;
        }
        let (around, from, to) = (self.around, from.as_str(), to.as_str());
        match cause {
            Some(cause) if to == State::Open.as_str() => {
                tracing::warn!(around, from, to, %cause, "Redis is not asked for a while: the circuit breaker opened");
            }
            _ if to == State::HalfOpen.as_str() => {
                tracing::debug!(around, from, to, "Redis is tried again: the circuit breaker is half open");
            }
            _ => tracing::info!(around, from, to, "The circuit breaker around Redis changed its state"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Breaker, Option<RedisError>)> {
        // A panic leaves no half-made change in the breaker that would be a reason to stop.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A circuit breaker that is shared between tasks and that logs its transitions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;

use super::RedisError;
use crate::redis::breaker::{Breaker, BreakerConfig, BreakerCounts, Caller, Day, Forced, Outcome, Permit, State};

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

/// Which of the two breakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The breaker around the server.
    Server,
    /// The breaker around writes alone.
    Writes,
}

impl Which {
    /// The text in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Writes => "writes",
        }
    }

    /// What the breaker is around, in logs.
    fn around(self) -> &'static str {
        match self {
            Self::Server => "Redis",
            Self::Writes => "writes to Redis",
        }
    }
}

/// A transition of one of the breakers.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Which breaker.
    pub breaker: Which,
    /// When it happened, by the clock on the wall.
    pub wall: SystemTime,
    /// The class of the failure that has decided, if it was one.
    pub class: Option<&'static str>,
}

/// The transitions of both breakers.
pub(super) type Transitions = Arc<Mutex<Day<Noted>>>;

/// The transitions, for one short look. A panic leaves no half-made note behind.
pub(super) fn locked(day: &Transitions) -> MutexGuard<'_, Day<Noted>> {
    day.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A breaker that notes what it does.
#[derive(Debug)]
pub(super) struct Guard {
    which: Which,
    day: Transitions,
    breaker: Mutex<(Breaker, Option<RedisError>)>,
}

impl Guard {
    pub(super) fn new(which: Which, config: BreakerConfig, day: &Transitions) -> Self {
        let breaker = Breaker::new(config, fastrand::Rng::new(), Instant::now());
        Self { which, day: Arc::clone(day), breaker: Mutex::new((breaker, None)) }
    }

    pub(super) fn view(&self) -> BreakerView {
        let (breaker, trouble) = &*self.lock();
        BreakerView { state: breaker.state(), counts: breaker.counts(), trouble: trouble.clone() }
    }

    pub(super) fn force(&self, forced: Option<Forced>) {
        let (breaker, _) = &mut *self.lock();
        let from = breaker.state();
        breaker.force(forced, Instant::now());
        self.note_transition(from, breaker, None);
    }

    pub(super) fn ask(&self, caller: Caller) -> Result<Permit, RedisError> {
        let (breaker, _) = &mut *self.lock();
        let from = breaker.state();
        let answer = breaker.ask(caller, Instant::now());
        self.note_transition(from, breaker, None);
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
        self.note_transition(from, breaker, failure);
        if from != to && to == State::Open {
            opened.notify_one();
        }
    }

    /// Notes and logs a transition once, where it happens. The calls that are rejected meanwhile note and log nothing.
    fn note_transition(&self, from: State, breaker: &Breaker, cause: Option<&RedisError>) {
        let to = breaker.state();
        if from == to {
            return;
        }
        if let Some(transition) = breaker.last() {
            let noted = Noted { breaker: self.which, wall: SystemTime::now(), class: cause.map(RedisError::class) };
            locked(&self.day).note(transition, noted);
        }
        let (around, from, to) = (self.which.around(), from.as_str(), to.as_str());
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

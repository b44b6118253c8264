//! The only place that opens Redis connections: two lanes, a deadline around every call, and the breaker before and after it (P6, P10).
//!
//! The deadline is our own, around connecting and calling alike: the crate's connection manager does not connect again after a response
//! timeout, and ignores that timeout while it connects. Dropping a call's future halfway is safe with a multiplexed connection. A connection
//! on which a call failed is not used again; the next call that the breaker permits builds a new one.

mod error;
mod lane;
mod reply;
mod script;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{Pipeline, Value};
use tokio::sync::Notify;

use crate::breaker::{Breaker, BreakerConfig, BreakerCounts, Caller, Forced, Outcome, Permit, State};
pub use error::RedisError;
use lane::Lane;
pub(crate) use reply::{each_ok, integer, text};
pub(crate) use script::Script;

/// Where Redis is and how long a call may take.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// `redis://`, or `rediss://` for TLS; user, password and database are part of it.
    pub url: String,
    /// The deadline of a call on the lookup lane: what an order waits at most for its customer.
    pub lookup_deadline: Duration,
    /// The deadline of a call on the write lane.
    pub write_deadline: Duration,
    /// When calls are no longer tried.
    pub breaker: BreakerConfig,
}

impl LinkSettings {
    /// The defaults, for the Redis at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            lookup_deadline: Duration::from_millis(500),
            write_deadline: Duration::from_secs(2),
            breaker: BreakerConfig::default(),
        }
    }
}

/// Which connection a call takes: a big write-back must not hold up a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Lookup,
    Write,
}

/// One life of one server, as this process has seen them. What was written in one may be lost in the next (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run(u64);

/// What the breaker is and did, for metrics.
#[derive(Debug, Clone, Copy)]
pub struct BreakerView {
    /// Its state.
    pub state: State,
    /// What happened so far.
    pub counts: BreakerCounts,
}

/// The way to Redis; one per process, shared.
#[derive(Debug)]
pub struct RedisLink {
    lookup: Lane,
    write: Lane,
    breaker: Mutex<Breaker>,
    opened: Notify,
    only_pings_probe: AtomicBool,
}

impl RedisLink {
    /// Reads the settings; connects only with the first call.
    ///
    /// # Errors
    /// [`RedisError::Url`] if the URL cannot be used.
    pub fn new(settings: &LinkSettings) -> Result<Arc<Self>, RedisError> {
        let longest = settings.lookup_deadline.max(settings.write_deadline);
        // A probe reports at its call's deadline at the latest; its place must not be given away before.
        let breaker = BreakerConfig { probe_deadline: settings.breaker.probe_deadline.max(2 * longest), ..settings.breaker };
        Ok(Arc::new(Self {
            lookup: Lane::new(&settings.url, settings.lookup_deadline)?,
            write: Lane::new(&settings.url, settings.write_deadline)?,
            breaker: Mutex::new(Breaker::new(breaker, fastrand::Rng::new(), Instant::now())),
            opened: Notify::new(),
            only_pings_probe: AtomicBool::new(false),
        }))
    }

    /// From now on only [`ping`](Self::ping) finds out whether Redis is back, for whoever calls it again and again. Any other call that did
    /// would wait until its deadline for a Redis that hangs, and a partition with it.
    pub fn leave_probes_to_pings(&self) {
        self.only_pings_probe.store(true, Ordering::Relaxed);
    }

    /// Waits until the breaker opens, or has opened since this was last waited for.
    pub async fn opened(&self) {
        self.opened.notified().await;
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// Any [`RedisError`]; the breaker is asked like before any call.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let mut ping = Pipeline::new();
        ping.cmd("PING");
        let answer = async {
            match self.lookup.call(&ping, None, None).await {
                // Customers can be read: as the only probe's failure it would keep the breaker open until there is room on the disk again.
                Err(error) if error.is_of_writes_only() => Ok(Err(error)),
                answer => answer.map(|replies| each_ok(&replies)),
            }
        };
        self.guarded(Caller::Probing, answer).await?
    }

    /// The breaker's state and counts.
    #[must_use]
    pub fn breaker(&self) -> BreakerView {
        let breaker = self.lock();
        BreakerView { state: breaker.state(), counts: breaker.counts() }
    }

    /// Holds the breaker open or closed for an operator; `None` lets it go.
    pub fn force_breaker(&self, forced: Option<Forced>) {
        let mut breaker = self.lock();
        let from = breaker.state();
        breaker.force(forced, Instant::now());
        log_transition(from, breaker.state(), None);
    }

    /// Sends a pipeline and gives back one reply per command, in order. Errors about data are among the replies; everything else that goes
    /// wrong is an error of the call. A script the server does not know is loaded and the whole pipeline sent again, so scripts must be
    /// idempotent; guarded by version and position, ours are.
    pub(crate) async fn call(&self, on: On, request: &Pipeline, script: Option<&Script>) -> Result<Vec<Value>, RedisError> {
        let lane = match on {
            On::Lookup => &self.lookup,
            On::Write => &self.write,
        };
        self.guarded(self.caller(), lane.call(request, script, None)).await
    }

    /// A call on the write lane that reaches this run of the server or none.
    ///
    /// # Errors
    /// [`RedisError::AnotherRun`], and any other.
    pub(crate) async fn call_in(&self, run: Run, request: &Pipeline, script: &Script) -> Result<Vec<Value>, RedisError> {
        // Known without asking anybody, which tells the breaker nothing.
        if self.write.standing_run().is_some_and(|standing| standing != run) {
            return Err(RedisError::AnotherRun);
        }
        self.guarded(self.caller(), self.write.call(request, Some(script), Some(run))).await
    }

    /// The run of the server that writes go to now. Runs never come back: if `call_in` meets it later, all writes in between met it.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn run(&self) -> Result<Run, RedisError> {
        match self.write.standing_run() {
            // A connection that stands says nothing about the server: as a probe's answer it would close the breaker over a dead one (P6).
            Some(run) => Ok(run),
            None => self.guarded(self.caller(), self.write.run()).await,
        }
    }

    fn caller(&self) -> Caller {
        if self.only_pings_probe.load(Ordering::Relaxed) { Caller::Working } else { Caller::Probing }
    }

    async fn guarded<T>(&self, caller: Caller, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        let permit = self.ask(caller)?;
        let answer = call.await;
        self.tell(permit, answer.as_ref().err());
        answer
    }

    fn ask(&self, caller: Caller) -> Result<Permit, RedisError> {
        let mut breaker = self.lock();
        let from = breaker.state();
        let answer = breaker.ask(caller, Instant::now());
        log_transition(from, breaker.state(), None);
        answer.map_err(|rejected| RedisError::Rejected { retry_after: rejected.retry_after })
    }

    fn tell(&self, permit: Permit, error: Option<&RedisError>) {
        let outcome = if error.is_some_and(RedisError::is_outage) { Outcome::Failure } else { Outcome::Success };
        let mut breaker = self.lock();
        let from = breaker.state();
        breaker.record(permit, outcome, Instant::now());
        let to = breaker.state();
        log_transition(from, to, error);
        if from != to && to == State::Open {
            self.opened.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        // The breaker holds no half-made change across a panic worth stopping for.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says a transition once, where it happens; the calls that are rejected meanwhile say nothing.
fn log_transition(from: State, to: State, cause: Option<&RedisError>) {
    if from == to {
        return;
    }
    let (from, to) = (from.as_str(), to.as_str());
    match cause {
        Some(cause) if to == State::Open.as_str() => {
            tracing::warn!(from, to, %cause, "Redis is not asked for a while: the circuit breaker opened");
        }
        _ if to == State::HalfOpen.as_str() => tracing::debug!(from, to, "Redis is tried again: the circuit breaker is half open"),
        _ => tracing::info!(from, to, "The circuit breaker around Redis changed its state"),
    }
}

//! The circuit breaker around Redis: closed, open, half-open (P6, P10). Pure: `now` is an argument, randomness is given at construction.
//!
//! - Closed: every call is permitted and its outcome counted. A run of failures, or a share of failures over a sliding window, opens the
//!   breaker.
//! - Open: every call is rejected at once, for a time that doubles from opening to opening.
//! - Half-open: after that time a few calls are let through as probes. When all of them succeed the breaker closes; the first that fails
//!   opens the breaker again. A caller that must not wait for a server that is away does not probe.
//!
//! A permit names the generation of the state that gave the permit. An answer that arrives after a transition belongs to an older
//! generation and decides nothing: a call that was sent before the outage must not close the breaker during the outage.

mod call;
mod cause;
mod config;
mod counts;
mod day;
mod window;

use std::time::Instant;

pub use call::{Caller, Forced, Outcome, Permit, Rejected};
pub use cause::{Cause, Transition};
pub use config::BreakerConfig;
pub use counts::{BreakerCounts, State};
pub use day::{DAY, Day};
use window::Window;

/// A place in half-open state, taken by one probe.
#[derive(Debug, Clone, Copy)]
struct Probe {
    number: u64,
    deadline: Instant,
}

#[derive(Debug)]
enum Phase {
    Closed { since: Instant, window: Window, failures_in_a_row: u32 },
    Open { until: Instant },
    HalfOpen { probes: Vec<Probe>, given: u64, succeeded: u32 },
    Forced(Forced),
}

/// The breaker; one per process.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    rng: fastrand::Rng,
    phase: Phase,
    generation: u64,
    /// The number of openings without a healthy window in between: the exponent of the opening time.
    openings: u32,
    counts: BreakerCounts,
    last: Option<Transition>,
}

impl Breaker {
    /// A closed breaker. `rng` varies the opening times, so that many processes do not come back in the same instant.
    #[must_use]
    pub fn new(config: BreakerConfig, rng: fastrand::Rng, now: Instant) -> Self {
        let phase = closed(&config, now);
        Self { config: config.within_limits(), rng, phase, generation: 0, openings: 0, counts: BreakerCounts::default(), last: None }
    }

    /// Asks for a permit to make one call.
    ///
    /// # Errors
    /// [`Rejected`] if the breaker is open, or half-open with all probes out or a caller that does not probe.
    pub fn ask(&mut self, caller: Caller, now: Instant) -> Result<Permit, Rejected> {
        if caller == Caller::Probing && matches!(self.phase, Phase::Open { until } if until <= now) {
            self.enter(Phase::HalfOpen { probes: Vec::new(), given: 0, succeeded: 0 }, Cause::TimeIsOver, now);
        }
        let answer = match &self.phase {
            Phase::Closed { .. } | Phase::Forced(Forced::Closed) => Ok(None),
            Phase::Open { until } => Err(Rejected { retry_after: Some(until.saturating_duration_since(now)) }),
            Phase::Forced(Forced::Open) => Err(Rejected { retry_after: None }),
            Phase::HalfOpen { .. } if caller == Caller::Working => Err(Rejected { retry_after: None }),
            Phase::HalfOpen { .. } => self.probe(now).map(Some),
        };
        if answer.is_err() {
            self.counts.rejected += 1;
        }
        answer.map(|probe| Permit { generation: self.generation, probe, asked: now })
    }

    /// Gives a permit back with the outcome of its call.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is good for one call")]
    pub fn record(&mut self, permit: Permit, outcome: Outcome, now: Instant) {
        let Permit { generation, probe, asked } = permit;
        let slow = self.config.slow_call.is_some_and(|limit| now.saturating_duration_since(asked) >= limit);
        self.counts.count_call(outcome, slow);
        if generation != self.generation {
            self.counts.late += 1;
            return;
        }
        match self.phase {
            Phase::Closed { .. } => self.record_closed(outcome, slow, now),
            Phase::HalfOpen { .. } => self.record_half_open(probe, outcome == Outcome::Success && !slow, now),
            Phase::Open { .. } | Phase::Forced(_) => {}
        }
    }

    /// Gives back a permit whose call says nothing about what this breaker guards.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is good for one call")]
    pub fn give_back(&mut self, permit: Permit) {
        if let Phase::HalfOpen { probes, .. } = &mut self.phase
            && permit.generation == self.generation
        {
            probes.retain(|probe| Some(probe.number) != permit.probe);
        }
    }

    /// Holds the breaker in a state. `None` lets the breaker go on by itself, closed.
    pub fn force(&mut self, forced: Option<Forced>, now: Instant) {
        self.openings = 0;
        let phase = forced.map_or_else(|| closed(&self.config, now), Phase::Forced);
        self.enter(phase, forced.map_or(Cause::LetGo, Cause::Held), now);
    }

    /// The state as of the last call of a method. An open breaker whose time is over becomes half-open only when a probing caller asks.
    #[must_use]
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// What happened so far, for metrics.
    #[must_use]
    pub fn counts(&self) -> BreakerCounts {
        self.counts
    }

    /// The last transition; `None` before the first.
    #[must_use]
    pub fn last(&self) -> Option<Transition> {
        self.last
    }

    /// Takes a probe's place. The place of a probe that never reported (its task was dropped) is free again after the probe's deadline.
    fn probe(&mut self, now: Instant) -> Result<u64, Rejected> {
        let Phase::HalfOpen { probes, given, succeeded } = &mut self.phase else {
            return Err(Rejected { retry_after: None });
        };
        let before = probes.len();
        probes.retain(|probe| probe.deadline > now);
        self.counts.probes_expired += (before - probes.len()) as u64;
        if probes.len() >= (self.config.probes - *succeeded) as usize {
            let next = probes.iter().map(|probe| probe.deadline.duration_since(now)).min();
            return Err(Rejected { retry_after: next });
        }
        *given += 1;
        self.counts.probes += 1;
        probes.push(Probe { number: *given, deadline: now + self.config.probe_deadline });
        Ok(*given)
    }

    fn record_closed(&mut self, outcome: Outcome, slow: bool, now: Instant) {
        let Phase::Closed { window, failures_in_a_row, .. } = &mut self.phase else { return };
        let failed = outcome == Outcome::Failure;
        *failures_in_a_row = if failed { *failures_in_a_row + 1 } else { 0 };
        window.record(failed || slow, now);
        let run = self.config.failures_in_a_row;
        if run > 0 && *failures_in_a_row >= run {
            let cause = Cause::FailuresInARow(*failures_in_a_row);
            self.open(cause, now);
        } else if window.share_reached(self.config.minimum_calls, self.config.failure_share) {
            let (calls, failed) = window.counts();
            self.open(Cause::Share { failed, calls }, now);
        }
    }

    fn record_half_open(&mut self, probe: Option<u64>, healthy: bool, now: Instant) {
        let Phase::HalfOpen { probes, succeeded, .. } = &mut self.phase else { return };
        let Some(place) = probes.iter().position(|p| Some(p.number) == probe) else {
            // The probe's place was given to another probe already.
            self.counts.late += 1;
            return;
        };
        probes.swap_remove(place);
        if !healthy {
            self.open(Cause::ProbeFailed, now);
        } else {
            *succeeded += 1;
            if *succeeded >= self.config.probes {
                let (phase, cause) = (closed(&self.config, now), Cause::ProbesSucceeded(*succeeded));
                self.enter(phase, cause, now);
            }
        }
    }

    /// Opens the breaker for a time that doubles until the breaker has stayed closed for a whole window: a server that answers probes and
    /// then fails again must not be tried in the same short interval for ever.
    fn open(&mut self, cause: Cause, now: Instant) {
        if matches!(self.phase, Phase::Closed { since, .. } if now.saturating_duration_since(since) >= self.config.window) {
            self.openings = 0;
        }
        let longest = self.config.open_base.saturating_mul(2u32.saturating_pow(self.openings)).min(self.config.open_max);
        self.openings = self.openings.saturating_add(1);
        // The time is between half of `longest` and all of it, so that processes that saw the same outage do not come back in the same
        // instant.
        let open_for = longest.mul_f64(0.5 + self.rng.f64() / 2.0);
        self.enter(Phase::Open { until: now + open_for }, cause, now);
    }

    fn enter(&mut self, phase: Phase, cause: Cause, now: Instant) {
        let (from, to) = (self.phase.state(), phase.state());
        self.counts.count_transition(from, to);
        self.last = Some(Transition { at: now, from, to, cause });
        self.generation += 1;
        self.phase = phase;
    }
}

impl Phase {
    fn state(&self) -> State {
        match self {
            Self::Closed { .. } => State::Closed,
            Self::Open { .. } => State::Open,
            Self::HalfOpen { .. } => State::HalfOpen,
            Self::Forced(Forced::Open) => State::ForcedOpen,
            Self::Forced(Forced::Closed) => State::ForcedClosed,
        }
    }
}

fn closed(config: &BreakerConfig, now: Instant) -> Phase {
    Phase::Closed { since: now, window: Window::new(config.window, now), failures_in_a_row: 0 }
}

#[cfg(test)]
mod tests;

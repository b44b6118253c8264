//! The waiting times between tries, with the backoff of a crate that no other module knows.
//!
//! Only the state machine of the crate is used. The loops are written here, because a retry of this program never gives up (P6).

use std::time::Duration;

use backoff::SystemClock;
use backoff::backoff::Backoff as _;
use backoff::exponential::ExponentialBackoff;

/// The jitter: a delay is between 1 - `JITTER` and 1 + `JITTER` times its interval, so that many processes do not come back at the same
/// instant.
const JITTER: f64 = 0.5;

/// The first and the longest delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// About the first delay. Each further delay is about twice as long as the one before.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
}

/// Delays that grow from failure to failure and never end.
#[derive(Debug)]
pub struct Backoff {
    state: ExponentialBackoff<SystemClock>,
    max: Duration,
}

impl Backoff {
    /// Starts with the first delay of the policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let longest_interval = policy.max.div_f64(1.0 + JITTER);
        let state = ExponentialBackoff {
            current_interval: policy.initial.min(longest_interval),
            initial_interval: policy.initial.min(longest_interval),
            randomization_factor: JITTER,
            multiplier: 2.0,
            max_interval: longest_interval,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { state, max: policy.max }
    }

    /// The time to wait before the next try.
    pub fn next_delay(&mut self) -> Duration {
        self.state.next_backoff().unwrap_or(self.max).min(self.max)
    }

    /// Notes that a try succeeded, so that the next failure starts with the first delay again.
    pub fn reset(&mut self) {
        self.state.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { initial: Duration::from_millis(100), max: Duration::from_secs(2) };

    #[test]
    fn delays_grow_to_the_longest_and_never_end() {
        let mut backoff = Backoff::new(POLICY);
        let delays: Vec<Duration> = (0..1000).map(|_| backoff.next_delay()).collect();
        assert!(delays[0] >= Duration::from_millis(50) && delays[0] <= Duration::from_millis(151), "{:?}", delays[0]);
        assert!(delays.iter().all(|delay| *delay <= POLICY.max));
        assert!(delays[20..].iter().all(|delay| *delay >= POLICY.max.div_f64(3.1)));
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::new(POLICY);
        for _ in 0..20 {
            backoff.next_delay();
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(151));
    }

    #[test]
    fn delays_of_two_processes_differ() {
        let delays = || (0..20).map(|_| Backoff::new(POLICY).next_delay()).collect::<Vec<_>>();
        assert_ne!(delays(), delays());
    }
}

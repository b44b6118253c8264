//! Watches Redis: whether it answers, whether it takes writes, and whether it has what the work rests on (P9, P12, P13).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::SECOND;
use crate::health::{BreakerReading, Breakers, Dependency, Impairment};
use crate::redis::breaker::State;
use crate::redis::link::{BreakerView, Facts, RedisError, RedisLink, Weight};
use crate::shared::Shared;

/// A server that lacks something is asked again after this time, because somebody may have granted the right or changed the setting.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Asks Redis, before the work begins, whether the work can rest on it. A server that is away may come later.
///
/// # Errors
/// [`RedisError::Cluster`] and [`RedisError::Url`], which no waiting repairs.
pub(in crate::run) async fn start(shared: &Shared, link: &RedisLink) -> Result<(), RedisError> {
    match link.facts().await {
        Ok(facts) => {
            let policy = facts.policy.as_deref().unwrap_or("unknown");
            tracing::info!(version = %facts.version, maxmemory_policy = policy, restores = !facts.lacks_restore(), "Redis was asked what it is");
            tell(shared, &facts);
        }
        Err(error @ (RedisError::Cluster | RedisError::Url(_))) => return Err(error),
        Err(error) => tracing::warn!(%error, "Redis is not there yet; it is asked again"),
    }
    Ok(())
}

/// Asks Redis for a sign of life. While the breaker is open, these pings find out that Redis is back, so that no order has to wait for that
/// (P10).
pub(in crate::run) async fn redis(shared: Arc<Shared>, link: Arc<RedisLink>) {
    link.leave_probes_to_pings();
    let mut cause_is_told = false;
    let mut survey = Survey::default();
    loop {
        let answer = link.ping().await;
        let state = link.breaker().state;
        match &answer {
            // The breaker needs more answers, or the answers are too slow.
            Ok(()) | Err(RedisError::NoWrites(_)) if matches!(state, State::Open | State::HalfOpen) => {}
            // A server whose disk is full refuses pings too, but still serves customers.
            Ok(()) | Err(RedisError::NoWrites(_)) => shared.health.up(Dependency::Redis),
            // The previous error says more about the cause than this rejection.
            Err(RedisError::Rejected { .. }) if cause_is_told => {}
            Err(error) => shared.health.down(Dependency::Redis, error.class()),
        }
        cause_is_told = answer.is_err();
        if answer.is_ok() {
            survey.when_due(&shared, &link).await;
        }
        writes(&shared, &link, matches!(answer, Err(RedisError::NoWrites(_)))).await;
        let pause = until_next_ping(state, answer.err().as_ref());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // The breaker has opened, and Redis may soon be asked again.
            () = link.opened() => {}
        }
    }
}

/// Tries a write while writes are refused, to find out when they are taken again.
async fn writes(shared: &Shared, link: &RedisLink, are_refused: bool) {
    let BreakerView { state, trouble, .. } = link.breaker_of_writes();
    if trouble.is_some() || are_refused || matches!(state, State::Open | State::HalfOpen) {
        // An error of the probe is reported below, or by the breakers.
        if let Err(error) = link.probe_writes().await {
            link.failed("trying to write", &error);
        }
    }
    let trouble = link.breaker_of_writes().trouble;
    let found: Vec<_> = trouble.iter().map(|error| Impairment { what: error.to_string(), stops: false }).collect();
    for news in shared.health.impaired(Dependency::Redis, "writes", &found) {
        tracing::warn!(what = news.what, "Redis is asked for customers, and order hashes are written when it takes writes again");
    }
}

/// When the server was last asked for its facts, and with which result.
#[derive(Debug, Default)]
struct Survey {
    /// The connection at that time.
    connection: Option<u64>,
    at: Option<Instant>,
    lacks_something: bool,
}

impl Survey {
    /// Asks for the facts if the server may be another one, or if it has denied something or lacked something the last time.
    async fn when_due(&mut self, shared: &Shared, link: &RedisLink) {
        let Some(connection) = link.connection() else { return };
        let is_long_ago = self.at.is_none_or(|at| at.elapsed() >= ASK_AGAIN);
        let is_another = self.connection != Some(connection);
        if !is_another && !(is_long_ago && (self.lacks_something || link.was_denied())) {
            return;
        }
        match link.facts().await {
            Ok(facts) => {
                self.lacks_something = tell(shared, &facts);
                (self.connection, self.at) = (link.connection(), Some(Instant::now()));
            }
            Err(error) => link.failed("asking what Redis is", &error),
        }
    }
}

/// Logs facts that are new. All facts are in `/health`. Returns whether Redis lacks anything.
fn tell(shared: &Shared, facts: &Facts) -> bool {
    let lacks = facts.judged().into_iter().filter(|(weight, _)| *weight >= Weight::Slows);
    let found: Vec<Impairment> = lacks.map(|(weight, what)| Impairment { what, stops: weight == Weight::Stops }).collect();
    let lacks_something = !found.is_empty();
    for Impairment { what, stops } in shared.health.impaired(Dependency::Redis, "facts", &found) {
        if stops {
            tracing::error!(what, "Redis does not do what orderstream cannot work without");
        } else {
            tracing::warn!(what, "Redis is not all that orderstream expects");
        }
    }
    lacks_something
}

/// The time until the next ping: a second, or less if the breaker waits for a probe before that.
fn until_next_ping(breaker: State, error: Option<&RedisError>) -> Duration {
    match error {
        None if breaker == State::HalfOpen => Duration::ZERO,
        Some(RedisError::Rejected { retry_after: Some(soon) }) => SECOND.min(*soon),
        _ => SECOND,
    }
}

/// The readings of the breakers, for metrics and `/status`.
pub(in crate::run) fn breakers(link: &RedisLink) -> Breakers {
    Breakers { server: reading(&link.breaker()), writes: reading(&link.breaker_of_writes()) }
}

fn reading(view: &BreakerView) -> BreakerReading {
    let counts = view.counts;
    let pairs = State::ALL.into_iter().flat_map(|from| State::ALL.map(|to| (from, to)));
    let transitions = pairs.map(|(from, to)| (from.as_str(), to.as_str(), counts.transitions(from, to))).filter(|(.., times)| *times > 0);
    BreakerReading {
        state: view.state.as_str(),
        states: State::ALL.map(State::as_str).to_vec(),
        succeeded: counts.succeeded,
        failed: counts.failed,
        slow: counts.slow,
        rejected: counts.rejected,
        late: counts.late,
        probes: counts.probes,
        probes_expired: counts.probes_expired,
        transitions: transitions.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_asked_as_soon_as_the_breaker_lets_a_probe_through_and_until_it_has_enough() {
        let rejected = |retry_after| RedisError::Rejected { retry_after };
        let soon = Duration::from_millis(150);
        assert_eq!(until_next_ping(State::Open, Some(&rejected(Some(soon)))), soon);
        assert_eq!(until_next_ping(State::HalfOpen, None), Duration::ZERO);
        assert_eq!(until_next_ping(State::Closed, None), SECOND);
        assert_eq!(until_next_ping(State::Open, Some(&rejected(Some(Duration::from_secs(5))))), SECOND);
        assert_eq!(until_next_ping(State::ForcedOpen, Some(&rejected(None))), SECOND);
    }
}

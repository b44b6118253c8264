//! `GET /api/redis`: what the breakers of this process did in the last day.

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Page;
use super::sampler::unix_ms;
use crate::redis::breaker::{self, DAY};
use crate::redis::link::Noted;

/// The transitions of the breakers of this process.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RedisDay {
    /// When it was looked at, in milliseconds since 1970.
    pub as_of: i64,
    /// Since when every transition is known: a day ago, or the start of the process, or the oldest of those that are kept.
    pub since: i64,
    /// The newest first, at most 500.
    pub transitions: Vec<Transition>,
}

/// A breaker went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Transition {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `server` or `writes`.
    pub breaker: &'static str,
    /// The state before.
    pub from: &'static str,
    /// The state after.
    pub to: &'static str,
    /// Why.
    pub cause: String,
}

/// `GET /api/redis`
pub async fn day(State(page): State<Arc<Page>>) -> Json<RedisDay> {
    let (link, as_of) = (&page.asked.breakers, unix_ms());
    let known = link.transitions(0);
    let age = Instant::now().saturating_duration_since(page.health.snapshot().started).min(DAY);
    let since = as_of.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let mut transitions: Vec<Transition> = known.iter().rev().map(shape).collect();
    transitions.sort_by_key(|transition| std::cmp::Reverse(transition.at));
    // Where more were noted than are kept, the day begins with the oldest that is kept.
    let is_whole = u64::try_from(known.len()).is_ok_and(|kept| kept == link.transitions_noted());
    let oldest = transitions.last().map(|transition| transition.at).filter(|_| !is_whole);
    Json(RedisDay { as_of, since: oldest.map_or(since, |oldest| oldest.max(since)), transitions })
}

fn shape((transition, noted): &(breaker::Transition, Noted)) -> Transition {
    let class = noted.class.map(|class| format!(" ({class})")).unwrap_or_default();
    let at = noted.wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Transition {
        at: i64::try_from(at).unwrap_or(i64::MAX),
        breaker: noted.breaker.as_str(),
        from: transition.from.as_str(),
        to: transition.to.as_str(),
        cause: format!("{}{class}", transition.cause),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::redis::breaker::{Cause, State};
    use crate::redis::link::Which;

    #[test]
    fn a_transition_names_the_class_of_the_failure_that_has_decided() {
        let transition = breaker::Transition { at: Instant::now(), from: State::Closed, to: State::Open, cause: Cause::FailuresInARow(5) };
        let noted = |class| Noted { breaker: Which::Writes, wall: SystemTime::UNIX_EPOCH + Duration::from_millis(7), class };
        let expected = Transition { at: 7, breaker: "writes", from: "closed", to: "open", cause: "5 failures in a row (timeout)".into() };
        assert_eq!(shape(&(transition, noted(Some("timeout")))), expected);
        assert_eq!(shape(&(transition, noted(None))).cause, "5 failures in a row");
    }
}

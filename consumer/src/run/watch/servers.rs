//! Writes to the log when a server goes and when it comes back (P9): once each, however many calls fail in between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::health::{ConnectorReading, Dependency, DependencyState, Health, Snapshot};

/// The time between two looks. An outage that is shorter may stay unseen.
const EVERY: Duration = Duration::from_millis(250);

/// A server that comes and goes is told once in a while.
const QUIET: Duration = Duration::from_secs(10);

/// What a line says of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Went { error: &'static str },
    Came { after: Duration },
}

/// What is known of a server from earlier looks.
#[derive(Debug, Default)]
struct Known {
    /// Since when the server is away, if it is.
    away: Option<Instant>,
    /// When a line said last that the server went.
    told: Option<Instant>,
    /// Whether the present outage was told.
    is_told: bool,
}

/// The servers by name, as they were at the last look.
#[derive(Debug, Default)]
struct Seen(BTreeMap<&'static str, Known>);

impl Seen {
    /// What has changed since the last look and is to be told. The first answer of a server is no news, and neither is an outage soon after
    /// another one that was told.
    fn look(&mut self, snapshot: &Snapshot, now: Instant) -> Vec<(&'static str, Turn)> {
        let mut turns = Vec::new();
        for (server, away) in states(snapshot) {
            let known = self.0.entry(server).or_default();
            match (known.away, away) {
                (None, Some((_, error))) => {
                    known.is_told = known.told.is_none_or(|told| now.saturating_duration_since(told) >= QUIET);
                    if known.is_told {
                        known.told = Some(now);
                        turns.push((server, Turn::Went { error }));
                    }
                }
                (Some(since), None) if known.is_told => {
                    turns.push((server, Turn::Came { after: now.saturating_duration_since(since) }));
                }
                _ => {}
            }
            known.away = away.map(|(since, _)| since);
        }
        turns
    }
}

/// Each server that was asked, and since when and why it is away, if it is.
fn states(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, Option<(Instant, &'static str)>)> {
    let servers = snapshot.dependencies.iter().filter_map(|(dependency, state)| match state {
        DependencyState::Unknown => None,
        DependencyState::Up { .. } => Some((Dependency::as_str(*dependency), None)),
        DependencyState::Down { since, error } => Some((Dependency::as_str(*dependency), Some((*since, *error)))),
    });
    let connect = snapshot.source.connector.iter().filter_map(|connector| match connector.reading {
        ConnectorReading::Unasked => None,
        ConnectorReading::Away(error) => Some(("connect", Some((connector.since, error)))),
        _ => Some(("connect", None)),
    });
    servers.chain(connect)
}

/// Looks at the servers until it is dropped.
pub(in crate::run) async fn servers(health: Health) {
    let mut seen = Seen::default();
    loop {
        for (server, turn) in seen.look(&health.snapshot(), Instant::now()) {
            match turn {
                Turn::Went { error } => tracing::warn!(server, error, "A server does not answer; the work that needs it waits"),
                Turn::Came { after } => tracing::info!(server, away_seconds = after.as_secs_f64(), "A server answers again"),
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{OrdersWithoutRedis, Rules, SourceRules};

    #[test]
    fn a_server_that_goes_and_comes_back_is_told_twice_and_no_more() {
        let stall = Duration::from_secs(30);
        let health = Health::new(Rules {
            stall,
            poll_silence: stall,
            without_redis: OrdersWithoutRedis::Pending,
            compare_every: None,
            source: SourceRules::default(),
        });
        let mut seen = Seen::default();
        let start = Instant::now();
        let mut look = |health: &Health| seen.look(&health.snapshot(), start);
        assert_eq!(look(&health), []);
        health.up(Dependency::Redis);
        assert_eq!(look(&health), [], "the first answer is no news");
        health.down(Dependency::Redis, "timeout");
        assert_eq!(look(&health), [("redis", Turn::Went { error: "timeout" })]);
        health.down(Dependency::Redis, "connection");
        assert_eq!(look(&health), []);
        health.up(Dependency::Redis);
        assert!(matches!(look(&health)[..], [("redis", Turn::Came { .. })]));
        assert_eq!(look(&health), []);
        health.down(Dependency::Redis, "timeout");
        assert_eq!(look(&health), [], "so soon again is no news");
        health.up(Dependency::Redis);
        assert_eq!(look(&health), []);
        health.down(Dependency::Redis, "timeout");
        assert_eq!(seen.look(&health.snapshot(), start + QUIET), [("redis", Turn::Went { error: "timeout" })]);
    }
}

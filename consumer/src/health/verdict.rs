//! Pure functions from the known state to the answers of the probes.

use std::time::{Duration, Instant};

use super::comparison;
use super::control::{HeldState, Hold};
use super::finding::{Finding, FindingKind as Kind};
use super::partition::{PartitionHealth, PartitionState};
use super::snapshot::{Dependency, DependencyState, Snapshot};
use super::source::SourceRules;

/// What becomes of orders while Redis is not asked: `enrichment.when_redis_is_down`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrdersWithoutRedis {
    /// They are written as pending, and completed afterwards.
    #[default]
    Pending,
    /// They wait.
    Wait,
    /// They become dead letters.
    DeadLetters,
}

/// The rules of the verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Lag without a commit for this long is a stall (P9).
    pub stall: Duration,
    /// A poll thread that was silent for this long is dead, and only a restart helps.
    pub poll_silence: Duration,
    /// What becomes of orders without Redis.
    pub without_redis: OrdersWithoutRedis,
    /// How often a comparison with the shop is due; `None` if none is made by itself.
    pub compare_every: Option<Duration>,
    /// When the way from the shop to Kafka counts as degraded.
    pub source: SourceRules,
}

/// The answer of a probe, with its reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why the answer is no, one line each. An empty list means yes.
    pub reasons: Vec<String>,
    /// What does not work but does no harm yet.
    pub degraded: Vec<String>,
}

impl Verdict {
    /// The verdict that the findings give.
    #[must_use]
    pub fn of(findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut verdict = Self::default();
        for finding in findings {
            if finding.stops { &mut verdict.reasons } else { &mut verdict.degraded }.push(finding.what);
        }
        verdict
    }

    /// Whether the answer is yes.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether the process lives. Only what a restart repairs counts.
#[must_use]
pub fn liveness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    Verdict::of(not_polled(snapshot, rules, now))
}

/// Whether the process does its work.
#[must_use]
pub fn readiness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    Verdict::of(findings(snapshot, rules, now))
}

/// Everything that is not as it should be, in the order of the lines of `/readyz`.
#[must_use]
pub fn findings(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Vec<Finding> {
    let mut found: Vec<Finding> = not_polled(snapshot, rules, now).collect();
    found.extend(snapshot.failure.iter().map(|why| Finding::stops(Kind::ProcessEnds, "process", why)));
    found.extend(snapshot.is_stopping.then(|| Finding::stops(Kind::ShuttingDown, "process", "shutting down")));
    found.extend(servers(snapshot, rules, now));
    found.extend(readers(snapshot));
    found.extend(snapshot.source.findings(&rules.source, now));
    found.extend(snapshot.group.comparison.iter().filter_map(|comparison| comparison.finding(now)));
    let compared = snapshot.group.comparison.as_ref().map_or(snapshot.started, |comparison| comparison.ended.max(snapshot.started));
    found.extend(rules.compare_every.and_then(|every| comparison::overdue(compared, every, now)));
    found.extend(holds(snapshot, rules));
    found.extend(snapshot.partitions.iter().filter_map(|((topic, number), partition)| {
        let silence = silence(partition, rules, now)?;
        let subject = format!("{topic}-{number}");
        let what = format!("{subject}: {}", silence.what);
        Some(Finding { kind: silence.kind, subject, stops: true, since: Some(silence.since), what })
    }));
    found
}

/// What an operator holds: the breaker, and partitions of this process.
fn holds<'a>(snapshot: &'a Snapshot, rules: &Rules) -> impl Iterator<Item = Finding> + use<'a> {
    let without_redis = rules.without_redis;
    let kind = move |hold: &Hold| match (hold.state, without_redis) {
        (HeldState::Open, OrdersWithoutRedis::DeadLetters) => Kind::BreakerHeldLetters,
        (HeldState::Open, OrdersWithoutRedis::Wait) => Kind::BreakerHeldWaits,
        (HeldState::Open, OrdersWithoutRedis::Pending) | (HeldState::Closed, _) => Kind::BreakerHeld,
    };
    let hold = snapshot.controls.hold.iter().map(move |hold| Finding::degrades(kind(hold), "breaker", hold.said()));
    hold.chain(snapshot.partitions.iter().filter_map(|((topic, number), partition)| {
        let PartitionState::Paused(pause) = &partition.state else { return None };
        let subject = format!("{topic}-{number}");
        let what = format!("{subject}: {}", pause.said());
        Some(Finding::degrades(Kind::PartitionPaused, subject, what).since(partition.since))
    }))
}

/// Threads that are silent for so long that only a restart helps.
fn not_polled<'a>(snapshot: &'a Snapshot, rules: &'a Rules, now: Instant) -> impl Iterator<Item = Finding> + 'a {
    snapshot.readers.iter().filter_map(move |(topic, reader)| {
        let polled = reader.last_poll?;
        let silence = now.saturating_duration_since(polled);
        let is_dead = silence > rules.poll_silence && !snapshot.is_stopping;
        let what = || format!("{topic}: Kafka was not polled for {} s", silence.as_secs());
        is_dead.then(|| Finding::stops(Kind::NotPolled, topic, what()).since(polled))
    })
}

/// Servers that do not answer, topics with which the work cannot go on, and what servers do not do although they answer.
fn servers(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Vec<Finding> {
    let troubles = snapshot.dependencies.iter().filter_map(|(dependency, state)| {
        let trouble = trouble(*dependency, *state, now)?;
        Some(match (*dependency, rules.without_redis, trouble.kind) {
            (Dependency::Redis, OrdersWithoutRedis::Pending, _) => Finding { stops: false, ..trouble },
            (Dependency::Redis, OrdersWithoutRedis::DeadLetters, Kind::ServerDown) => Finding { kind: Kind::RedisDownLetters, ..trouble },
            _ => trouble,
        })
    });
    // The whole text is the subject: a text without numbers that stays the same for as long as the setting does.
    let topics = snapshot.topics.iter().map(|what| Finding::stops(Kind::Topic, what, what));
    let impaired = snapshot.impairments.iter().flat_map(|((dependency, kind), all)| {
        all.iter().map(move |found| {
            let what = format!("{}: for {} s, {}", dependency.as_str(), seconds(found.since, now), found.impairment.what);
            let subject = format!("{}, {kind}: {}", dependency.as_str(), found.impairment.what);
            Finding { stops: found.impairment.stops, ..Finding::degrades(Kind::Impaired, subject, what).since(found.since) }
        })
    });
    troubles.chain(topics).chain(impaired).collect()
}

/// Readers without topics, topics without an assignment, and events without columns.
fn readers(snapshot: &Snapshot) -> Vec<Finding> {
    let unread = snapshot.readers.is_empty().then(|| Finding::stops(Kind::NotRead, "kafka", "Kafka is not read yet"));
    let unassigned = snapshot
        .readers
        .iter()
        .filter(|(_, reader)| !reader.is_assigned)
        .map(|(topic, _)| Finding::stops(Kind::NoAssignment, topic, format!("{topic}: the consumer group has given no assignment")));
    let lacking = snapshot.readers.keys().filter_map(|topic| {
        let absent = snapshot.absent(topic);
        let what = || format!("{topic}: the events do not have the columns {}; stored values stay", absent.names());
        (!absent.is_empty()).then(|| Finding::degrades(Kind::AbsentColumns, topic, what()))
    });
    unread.into_iter().chain(unassigned).chain(lacking).collect()
}

fn trouble(dependency: Dependency, state: DependencyState, now: Instant) -> Option<Finding> {
    let name = dependency.as_str();
    match state {
        DependencyState::Unknown => Some(Finding::stops(Kind::NotConnected, name, format!("{name}: not connected yet"))),
        DependencyState::Up { .. } => None,
        DependencyState::Down { since, error } => {
            let what = format!("{name}: down for {} s ({error})", seconds(since, now));
            Some(Finding::stops(Kind::ServerDown, name, what).since(since))
        }
    }
}

/// That a partition makes no progress.
struct Silence {
    kind: Kind,
    since: Instant,
    what: String,
}

impl Silence {
    fn new(kind: Kind, since: Instant, what: String) -> Option<Self> {
        Some(Self { kind, since, what })
    }
}

/// Why a partition makes no progress; `None` if it does.
fn silence(partition: &PartitionHealth, rules: &Rules, now: Instant) -> Option<Silence> {
    let (entered, since) = (partition.since, seconds(partition.since, now));
    match &partition.state {
        PartitionState::Stopped(reason) => {
            return Silence::new(Kind::PartitionStopped, entered, format!("stopped {since} s ago: {reason}"));
        }
        PartitionState::Waiting(reason) => {
            return Silence::new(Kind::PartitionWaiting, entered, format!("waiting for {since} s: {reason}"));
        }
        PartitionState::Claiming => return Silence::new(Kind::PartitionClaiming, entered, format!("being claimed for {since} s")),
        PartitionState::Lost => {
            let what = format!("lost {since} s ago: Kafka's coordinator of the consumer group was out of reach for too long");
            return Silence::new(Kind::PartitionLost, entered, what);
        }
        // It is as an operator wants it, and ends by itself.
        PartitionState::Paused(_) => return None,
        PartitionState::Running => {}
    }
    let stalled = partition.behind_since().filter(|since| now.saturating_duration_since(*since) > rules.stall);
    if let Some(behind_since) = stalled {
        let lag = partition.lag().unwrap_or(0);
        let hindrance = partition.hindrance().map(|by| format!(" ({by})")).unwrap_or_default();
        let what = format!("stalled: {lag} records behind and nothing committed for {} s{hindrance}", seconds(behind_since, now));
        return Silence::new(Kind::PartitionStalled, behind_since, what);
    }
    if partition.next_offset.is_none() && now.saturating_duration_since(entered) > rules.stall {
        return Silence::new(Kind::PartitionUntold, entered, format!("at work for {since} s, and nobody told where it began"));
    }
    // Without a report of the end a stall would go unseen. The limit is twice the stall time, because the end is asked for in intervals of
    // its own.
    let (_, told) = partition.end?;
    let deaf = now.saturating_duration_since(told) > rules.stall * 2;
    let what = || format!("Kafka told no end of the partition for {} s", seconds(told, now));
    if deaf { Silence::new(Kind::PartitionEndUnknown, told, what()) } else { None }
}

pub(super) fn seconds(since: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(since).as_secs()
}

#[cfg(test)]
mod tests;

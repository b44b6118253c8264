//! Pure functions from the known state to the answers of the probes.

use std::time::{Duration, Instant};

use super::comparison;
use super::partition::{PartitionHealth, PartitionState};
use super::snapshot::{Dependency, DependencyState, Snapshot};
use super::source::SourceRules;

/// The rules of the verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Lag without a commit for this long is a stall (P9).
    pub stall: Duration,
    /// A poll thread that was silent for this long is dead, and only a restart helps.
    pub poll_silence: Duration,
    /// Whether orders go on without Redis.
    pub works_without_redis: bool,
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
    /// Whether the answer is yes.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether the process lives. Only what a restart repairs counts.
#[must_use]
pub fn liveness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    let silent = snapshot.readers.iter().filter_map(|(topic, reader)| {
        let silence = now.saturating_duration_since(reader.last_poll?);
        let is_dead = silence > rules.poll_silence && !snapshot.is_stopping;
        is_dead.then(|| format!("{topic}: Kafka was not polled for {} s", silence.as_secs()))
    });
    Verdict { reasons: silent.collect(), ..Verdict::default() }
}

/// Whether the process does its work.
#[must_use]
pub fn readiness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    let mut verdict = liveness(snapshot, rules, now);
    verdict.reasons.extend(snapshot.failure.clone());
    if snapshot.is_stopping {
        verdict.reasons.push("shutting down".into());
    }
    for (dependency, state) in &snapshot.dependencies {
        let Some(trouble) = trouble(*dependency, *state, now) else { continue };
        let harmless = *dependency == Dependency::Redis && rules.works_without_redis;
        if harmless { &mut verdict.degraded } else { &mut verdict.reasons }.push(trouble);
    }
    verdict.reasons.extend(snapshot.topics.iter().cloned());
    for ((dependency, _), found) in snapshot.impairments.iter().flat_map(|(whose, found)| found.iter().map(move |found| (whose, found))) {
        let told = format!("{}: for {} s, {}", dependency.as_str(), seconds(found.since, now), found.impairment.what);
        if found.impairment.stops { &mut verdict.reasons } else { &mut verdict.degraded }.push(told);
    }
    if snapshot.readers.is_empty() {
        verdict.reasons.push("Kafka is not read yet".into());
    }
    for (topic, _) in snapshot.readers.iter().filter(|(_, reader)| !reader.is_assigned) {
        verdict.reasons.push(format!("{topic}: the consumer group has given no assignment"));
    }
    for topic in snapshot.readers.keys() {
        let absent = snapshot.absent(topic);
        if !absent.is_empty() {
            verdict.degraded.push(format!("{topic}: the events do not have the columns {}; stored values stay", absent.names()));
        }
    }
    verdict.degraded.extend(snapshot.source.degraded(&rules.source, now));
    verdict.degraded.extend(snapshot.group.comparison.iter().filter_map(|comparison| comparison.degraded(now)));
    let compared = snapshot.group.comparison.as_ref().map_or(snapshot.started, |comparison| comparison.ended.max(snapshot.started));
    verdict.degraded.extend(rules.compare_every.and_then(|every| comparison::overdue(compared, every, now)));
    for ((topic, number), partition) in &snapshot.partitions {
        verdict.reasons.extend(silence(partition, rules, now).map(|what| format!("{topic}-{number}: {what}")));
    }
    verdict
}

fn trouble(dependency: Dependency, state: DependencyState, now: Instant) -> Option<String> {
    let name = dependency.as_str();
    match state {
        DependencyState::Unknown => Some(format!("{name}: not connected yet")),
        DependencyState::Up { .. } => None,
        DependencyState::Down { since, error } => Some(format!("{name}: down for {} s ({error})", seconds(since, now))),
    }
}

/// Why a partition makes no progress; `None` if it does.
fn silence(partition: &PartitionHealth, rules: &Rules, now: Instant) -> Option<String> {
    let since = seconds(partition.since, now);
    match &partition.state {
        PartitionState::Stopped(reason) => return Some(format!("stopped {since} s ago: {reason}")),
        PartitionState::Waiting(reason) => return Some(format!("waiting for {since} s: {reason}")),
        PartitionState::Claiming => return Some(format!("being claimed for {since} s")),
        PartitionState::Lost => {
            return Some(format!("lost {since} s ago: Kafka's coordinator of the consumer group was out of reach for too long"));
        }
        PartitionState::Running => {}
    }
    let stalled = partition.behind_since().filter(|since| now.saturating_duration_since(*since) > rules.stall);
    if let Some(behind_since) = stalled {
        let lag = partition.lag().unwrap_or(0);
        let hindrance = partition.hindrance().map(|by| format!(" ({by})")).unwrap_or_default();
        return Some(format!("stalled: {lag} records behind and nothing committed for {} s{hindrance}", seconds(behind_since, now)));
    }
    if partition.next_offset.is_none() && now.saturating_duration_since(partition.since) > rules.stall {
        return Some(format!("at work for {since} s, and nobody told where it began"));
    }
    // Without a report of the end a stall would go unseen. The limit is twice the stall time, because the end is asked for in intervals of
    // its own.
    let (_, told) = partition.end?;
    let deaf = now.saturating_duration_since(told) > rules.stall * 2;
    deaf.then(|| format!("Kafka told no end of the partition for {} s", seconds(told, now)))
}

pub(super) fn seconds(since: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(since).as_secs()
}

#[cfg(test)]
mod tests;

//! From what is known to what the probes answer. Pure.

use std::time::{Duration, Instant};

use super::snapshot::{Dependency, DependencyState, Partition, PartitionState, Snapshot};
use crate::config::{Config, WhenRedisIsDown};

/// What the verdicts go by.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Lag and nothing committed for this long is a stall (P9).
    pub stall: Duration,
    /// A poll thread that was silent for this long is dead: only a restart helps.
    pub poll_silence: Duration,
    /// Whether orders go on without Redis.
    pub works_without_redis: bool,
}

/// Rebalances and claims keep the poll thread busy for seconds; longer than the client's own deadlines, and it hangs.
const POLL_SILENCE: Duration = Duration::from_secs(60);

impl Rules {
    /// The rules that follow from the configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let works_without_redis = config.enrichment.when_redis_is_down == WhenRedisIsDown::Degrade;
        Self { stall: config.health.stall, poll_silence: POLL_SILENCE, works_without_redis }
    }
}

/// Whether a probe is answered with yes, and why not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why not, one line each; none means yes.
    pub reasons: Vec<String>,
    /// What does not work and does no harm yet.
    pub degraded: Vec<String>,
}

impl Verdict {
    /// Whether nothing speaks against it.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether the process lives. Only what a restart mends counts.
#[must_use]
pub fn liveness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    let silence = snapshot.last_poll.map(|last| now.saturating_duration_since(last));
    let reasons = silence.filter(|silence| *silence > rules.poll_silence && !snapshot.is_stopping);
    Verdict {
        reasons: reasons.map(|silence| format!("Kafka was not polled for {} s", silence.as_secs())).into_iter().collect(),
        ..Verdict::default()
    }
}

/// Whether the process does its work.
#[must_use]
pub fn readiness(snapshot: &Snapshot, rules: &Rules, now: Instant) -> Verdict {
    let mut verdict = liveness(snapshot, rules, now);
    if snapshot.is_stopping {
        verdict.reasons.push("shutting down".into());
    }
    for (dependency, state) in &snapshot.dependencies {
        let Some(trouble) = trouble(*dependency, *state, now) else { continue };
        let harmless = *dependency == Dependency::Redis && rules.works_without_redis;
        if harmless { &mut verdict.degraded } else { &mut verdict.reasons }.push(trouble);
    }
    if !snapshot.was_assigned {
        verdict.reasons.push("the consumer group gave no assignment yet".into());
    }
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

/// Why a partition makes no progress.
fn silence(partition: &Partition, rules: &Rules, now: Instant) -> Option<String> {
    let since = seconds(partition.since, now);
    match &partition.state {
        PartitionState::Stopped(reason) => return Some(format!("stopped {since} s ago: {reason}")),
        PartitionState::Waiting(reason) => return Some(format!("waiting for {since} s: {reason}")),
        PartitionState::Claiming => return Some(format!("being claimed for {since} s")),
        PartitionState::Running => {}
    }
    let stalled = partition.behind_since().filter(|since| now.saturating_duration_since(*since) > rules.stall);
    if let Some(behind_since) = stalled {
        let lag = partition.lag().unwrap_or(0);
        return Some(format!("stalled: {lag} records behind and nothing committed for {} s", seconds(behind_since, now)));
    }
    // Without news of the end a stall would go unseen. Twice the time: the news are asked for in intervals of their own.
    let (_, told) = partition.end?;
    let deaf = now.saturating_duration_since(told) > rules.stall * 2;
    deaf.then(|| format!("Kafka told no end of the partition for {} s", seconds(told, now)))
}

pub(super) fn seconds(since: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(since).as_secs()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fate::Fates;

    const RULES: Rules = Rules { stall: Duration::from_secs(30), poll_silence: Duration::from_secs(60), works_without_redis: true };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn topic() -> Arc<str> {
        Arc::from("orders")
    }

    /// All servers up, one partition claimed at offset 10 and caught up.
    fn working(start: Instant) -> Snapshot {
        let mut snapshot = Snapshot::new(start);
        Dependency::ALL.iter().for_each(|dependency| snapshot.up(*dependency, start));
        snapshot.polled(start);
        snapshot.assigned();
        snapshot.partition(&topic(), 0, start);
        change(&mut snapshot, |partition| {
            partition.claimed(10, Fates::default(), start);
            partition.high_watermark(10, start);
        });
        snapshot
    }

    fn change(snapshot: &mut Snapshot, change: impl FnOnce(&mut Partition)) {
        snapshot.update(&topic(), 0, change);
    }

    fn reasons(snapshot: &Snapshot, now: Instant) -> Vec<String> {
        readiness(snapshot, &RULES, now).reasons
    }

    #[test]
    fn a_process_that_just_started_lives_and_is_not_ready() {
        let start = Instant::now();
        let snapshot = Snapshot::new(start);
        assert!(liveness(&snapshot, &RULES, after(start, 3600)).is_yes());
        let expected = ["kafka: not connected yet", "postgres: not connected yet", "the consumer group gave no assignment yet"];
        assert_eq!(reasons(&snapshot, start), expected);
    }

    #[test]
    fn a_process_that_caught_up_is_ready_however_long_nothing_comes() {
        let start = Instant::now();
        let mut snapshot = working(start);
        let later = after(start, 86_400);
        snapshot.polled(later);
        change(&mut snapshot, |partition| partition.high_watermark(10, later));
        assert_eq!(readiness(&snapshot, &RULES, later), Verdict::default());
    }

    #[test]
    fn a_process_without_partitions_is_ready() {
        let start = Instant::now();
        let mut snapshot = working(start);
        snapshot.revoked(&topic(), 0);
        assert!(reasons(&snapshot, start).is_empty());
    }

    #[test]
    fn a_silent_poll_thread_is_dead() {
        let start = Instant::now();
        let mut snapshot = working(start);
        assert!(!liveness(&snapshot, &RULES, after(start, 61)).is_yes());
        snapshot.stopping();
        assert!(liveness(&snapshot, &RULES, after(start, 61)).is_yes());
        assert_eq!(reasons(&snapshot, start), ["shutting down"]);
    }

    #[test]
    fn kafka_and_postgres_are_needed_and_redis_only_where_orders_wait_for_it() {
        let start = Instant::now();
        let mut snapshot = working(start);
        snapshot.down(Dependency::Redis, "timeout", start);
        snapshot.down(Dependency::Redis, "refused", after(start, 3));
        let now = after(start, 5);
        let verdict = readiness(&snapshot, &RULES, now);
        assert_eq!((verdict.is_yes(), verdict.degraded), (true, vec!["redis: down for 5 s (refused)".to_owned()]));
        assert!(!readiness(&snapshot, &Rules { works_without_redis: false, ..RULES }, now).is_yes());
        snapshot.down(Dependency::Postgres, "connection", now);
        assert_eq!(reasons(&snapshot, now), ["postgres: down for 0 s (connection)"]);
    }

    #[test]
    fn lag_without_a_commit_is_a_stall_although_all_connections_are_up() {
        let start = Instant::now();
        let mut snapshot = working(start);
        let idle = after(start, 1000);
        snapshot.polled(idle);
        change(&mut snapshot, |partition| partition.high_watermark(15, idle));
        assert!(reasons(&snapshot, after(idle, 30)).is_empty(), "an hour without records is no stall");
        change(&mut snapshot, |partition| partition.high_watermark(20, after(idle, 20)));
        assert_eq!(reasons(&snapshot, after(idle, 31)), ["orders-0: stalled: 10 records behind and nothing committed for 31 s"]);
        change(&mut snapshot, |partition| partition.committed(12, Fates::default(), after(idle, 31)));
        assert!(reasons(&snapshot, after(idle, 60)).is_empty(), "slow is not stalled");
    }

    #[test]
    fn a_gap_at_the_end_is_no_lag() {
        let start = Instant::now();
        let mut snapshot = working(start);
        change(&mut snapshot, |partition| {
            partition.high_watermark(16, start);
            partition.end_reached(15, 16, start);
        });
        let lag = |snapshot: &Snapshot| snapshot.partitions[&(topic(), 0)].lag();
        assert_eq!(lag(&snapshot), Some(6), "records 10 to 14 are not committed");
        change(&mut snapshot, |partition| partition.committed(15, Fates::default(), start));
        assert_eq!(lag(&snapshot), Some(0));
        change(&mut snapshot, |partition| partition.high_watermark(18, start));
        assert_eq!(lag(&snapshot), Some(2));
    }

    #[test]
    fn a_partition_that_is_claimed_waits_or_stopped_is_named_with_its_reason() {
        let start = Instant::now();
        let mut snapshot = working(start);
        for (state, expected) in [
            (PartitionState::Claiming, "orders-0: being claimed for 2 s"),
            (PartitionState::Waiting("table missing".into()), "orders-0: waiting for 2 s: table missing"),
            (PartitionState::Stopped("offset 10 is gone".into()), "orders-0: stopped 2 s ago: offset 10 is gone"),
        ] {
            change(&mut snapshot, |partition| partition.enter(state, start));
            assert_eq!(reasons(&snapshot, after(start, 2)), [expected]);
        }
    }

    #[test]
    fn a_partition_whose_end_is_no_longer_told_is_not_ready() {
        let start = Instant::now();
        let mut snapshot = working(start);
        snapshot.polled(after(start, 61));
        assert_eq!(reasons(&snapshot, after(start, 61)), ["orders-0: Kafka told no end of the partition for 61 s"]);
    }

    #[test]
    fn news_of_a_revoked_partition_are_dropped() {
        let start = Instant::now();
        let mut snapshot = working(start);
        snapshot.revoked(&topic(), 0);
        change(&mut snapshot, |partition| partition.enter(PartitionState::Stopped("late".into()), start));
        assert!(snapshot.partitions.is_empty());
    }
}

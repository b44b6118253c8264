//! From two readings of the counters to rates. Pure: both readings are values.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use change::fate::Fates;

use crate::health::{Detail, EdgeDetail, MOST_PARTITIONS, PartitionDetail, PartitionHealth, Snapshot};
use crate::metrics::{Counted, Counts, Step};

/// The counters at one instant.
#[derive(Debug, Clone)]
pub struct Reading {
    /// When they were read.
    pub at: Instant,
    /// What the metrics have counted.
    pub counts: Counts,
    /// The records of each partition so far.
    pub records: BTreeMap<(Arc<str>, i32), u64>,
}

impl Reading {
    /// The counters at `at`.
    #[must_use]
    pub fn new(counts: Counts, snapshot: &Snapshot, at: Instant) -> Self {
        let records = snapshot.partitions.iter().map(|(of, known)| (of.clone(), known.fates.total())).collect();
        Self { at, counts, records }
    }
}

/// The work of the process between two readings.
#[must_use]
pub fn detail(before: Option<&Reading>, now: &Reading, snapshot: &Snapshot) -> Detail {
    let seconds = before.map(|before| now.at.saturating_duration_since(before.at).as_secs_f64()).filter(|seconds| *seconds > 0.0);
    let since = Since { before, now, seconds };
    let partitions = snapshot.partitions.iter().take(MOST_PARTITIONS);
    let partitions: Vec<PartitionDetail> =
        partitions.map(|((topic, number), known)| partition(topic, *number, known, since.of_partition(topic, *number), now.at)).collect();
    let ages = since.counted(|counts| Some(&counts.ages));
    let lookups = [0, 1, 2].map(|kind| since.rate(|counts| counts.lookups[kind]));
    Detail {
        edges: since.edges(snapshot.partitions.len()),
        ages: [0.5, 0.99].map(|share| ages.as_ref()?.quantile_ms(share)),
        lookups,
        rebuilding: now.counts.rebuilding,
        partitions,
    }
}

fn partition(topic: &str, number: i32, known: &PartitionHealth, per_s: Option<f64>, now: Instant) -> PartitionDetail {
    let Fates { applied, stale, ignored, dead_lettered } = known.fates;
    let seconds = |since: Instant| now.saturating_duration_since(since).as_secs();
    PartitionDetail {
        topic: topic.to_owned(),
        partition: number,
        state: known.state.as_str().to_owned(),
        reason: known.state.reason().map(|reason| reason.chars().take(300).collect()),
        for_s: seconds(known.since),
        next: known.next_offset,
        end: known.end.map(|(offset, _)| offset),
        lag: known.lag_at(now),
        lag_s: known.lag_time_at(now).map(|time| time.as_secs()),
        per_s,
        fates: [applied, stale, ignored, dead_lettered],
        redis_behind: known.redis_behind,
        committed_s: known.committed_at.map(seconds),
    }
}

/// What happened between two readings.
struct Since<'a> {
    before: Option<&'a Reading>,
    now: &'a Reading,
    seconds: Option<f64>,
}

impl Since<'_> {
    fn rate(&self, of: impl Fn(&Counts) -> u64) -> Option<f64> {
        per_second(of(&self.now.counts).saturating_sub(of(&self.before?.counts)), self.seconds?)
    }

    fn counted<'c>(&'c self, of: impl Fn(&'c Counts) -> Option<&'c Counted>) -> Option<Counted> {
        Some(of(&self.now.counts)?.since(of(&self.before?.counts)?))
    }

    fn of_partition(&self, topic: &Arc<str>, number: i32) -> Option<f64> {
        let key = (Arc::clone(topic), number);
        let (now, before) = (self.now.records.get(&key)?, self.before?.records.get(&key)?);
        per_second(now.saturating_sub(*before), self.seconds?)
    }

    /// A step is busy for the share of time that the partitions spend in it, on average.
    fn step(&self, step: Step, partitions: usize) -> EdgeDetail {
        let Some(counted) = self.counted(|counts| counts.steps.get(step.number())) else { return EdgeDetail::default() };
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of seconds, and a number of partitions")]
        let busy = self.seconds.map(|seconds| counted.nanos as f64 / 1e9 / seconds / partitions.max(1) as f64);
        EdgeDetail { busy: busy.map(|busy| busy.min(1.0)), p99_ms: counted.quantile_ms(0.99), ..EdgeDetail::default() }
    }

    fn edges(&self, partitions: usize) -> BTreeMap<String, EdgeDetail> {
        let records: Option<f64> = self.now.records.keys().map(|(topic, number)| self.of_partition(topic, *number)).sum();
        let records = self.before.and(records);
        let rates = [
            ("read", EdgeDetail::default(), records, None),
            ("decode", self.step(Step::Decode, partitions), records, None),
            (
                "lookup",
                self.step(Step::Lookup, partitions),
                self.rate(|counts| counts.lookups.iter().sum()),
                self.rate(|counts| counts.lookups[2]),
            ),
            ("commit", self.step(Step::Commit, partitions), records, self.rate(|counts| counts.postgres_errors)),
            ("write_back", self.step(Step::WriteBack, partitions), self.rate(|counts| counts.hashes), None),
            ("dead_letter", self.step(Step::DeadLetter, partitions), self.rate(|counts| counts.letters), None),
            ("sweep", EdgeDetail::default(), self.rate(|counts| counts.repaired), None),
        ];
        let named =
            |(name, edge, per_s, errors_per_s): (&str, EdgeDetail, _, _)| (name.to_owned(), EdgeDetail { per_s, errors_per_s, ..edge });
        rates.into_iter().map(named).collect()
    }
}

#[expect(clippy::cast_precision_loss, clippy::unnecessary_wraps, reason = "a number of records; None is for the caller's question mark")]
fn per_second(more: u64, seconds: f64) -> Option<f64> {
    Some(more as f64 / seconds)
}

#[cfg(test)]
mod tests;

//! All partitions, of all processes that report, and their lag together.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Known;
use super::shapes::{FateCounts, Lag, Partition};
use crate::health::{PartitionDetail, Snapshot};
use crate::page::memory::Memory;

/// A process that was not heard of for so many seconds says nothing of its partitions any more.
pub(super) const SILENT_S: u64 = 10;

/// The state of a partition that its process has lost.
const LOST: &str = "lost";

/// All partitions in their order. Of two processes that report one, the one that was heard of last is right. A partition that only the
/// ledger knows has no owner that reports.
pub(super) fn of(all: &[Known<'_>], snapshot: &Snapshot) -> Vec<Partition> {
    let mut found: BTreeMap<(String, i32), Partition> = BTreeMap::new();
    let mut heard: Vec<&Known<'_>> = all.iter().collect();
    heard.sort_by_key(|known| std::cmp::Reverse(known.silence_s));
    for (known, detail) in heard.iter().flat_map(|known| known.detail.partitions.iter().map(move |detail| (known, detail))) {
        let key = (detail.topic.clone(), detail.partition);
        // A process that lost a partition says so until it hears of the group again, and another one may long have it.
        if detail.state == LOST && found.get(&key).is_some_and(|other| other.owner_heard_s.is_some_and(|heard| heard <= SILENT_S)) {
            continue;
        }
        found.insert(key, partition(known, detail));
    }
    for (topic, number, next) in &snapshot.group.standings {
        found.entry((topic.clone(), *number)).or_insert_with(|| unowned(topic, *number, *next));
    }
    for ((topic, number), pause) in &snapshot.controls.pauses {
        found.get_mut(&(topic.to_string(), *number)).into_iter().for_each(|known| known.paused = Some(pause.into()));
    }
    found.into_values().collect()
}

fn partition(known: &Known<'_>, detail: &PartitionDetail) -> Partition {
    let is_silent = known.silence_s > SILENT_S;
    let [applied, stale, ignored, dead_lettered] = detail.fates;
    let since = |seconds: u64| seconds + known.silence_s;
    Partition {
        topic: detail.topic.clone(),
        partition: detail.partition,
        owner: Some(known.process.to_owned()),
        owner_heard_s: Some(known.silence_s),
        state: detail.state.clone(),
        reason: detail.reason.clone(),
        for_s: Some(since(detail.for_s)),
        next: detail.next.map(|next| next.to_string()),
        end: detail.end.map(|end| end.to_string()),
        // What a process said that is silent since is not what is.
        lag: detail.lag.filter(|_| !is_silent),
        lag_s: detail.lag_s.filter(|_| !is_silent),
        per_s: detail.per_s.filter(|_| !is_silent),
        fates: Some(FateCounts { applied, stale, ignored, dead_lettered }),
        redis_behind: detail.redis_behind.filter(|_| !is_silent),
        last_commit_s: detail.committed_s.map(since),
        paused: None,
    }
}

fn unowned(topic: &str, number: i32, next: i64) -> Partition {
    Partition {
        topic: topic.to_owned(),
        partition: number,
        owner: None,
        owner_heard_s: None,
        state: "unowned".to_owned(),
        reason: None,
        for_s: None,
        next: Some(next.to_string()),
        end: None,
        lag: None,
        lag_s: None,
        per_s: None,
        fates: None,
        redis_behind: None,
        last_commit_s: None,
        paused: None,
    }
}

/// The lag of all partitions. A lag that is not known is not zero: then the sum is "at least".
pub(super) fn lag(partitions: &[Partition], memory: &mut Memory, now: Instant) -> Lag {
    let known = partitions.iter().filter_map(|partition| partition.lag);
    let records = known.reduce(|sum, more| sum + more);
    let at_least = partitions.iter().any(|partition| partition.lag.is_none());
    let trend = memory.trend(records.filter(|_| !at_least), now);
    Lag {
        records,
        at_least,
        seconds: partitions.iter().filter_map(|partition| partition.lag_s).max(),
        trend: trend.map(|trend| trend.word),
        eta_s: trend.and_then(|trend| trend.eta_s),
    }
}

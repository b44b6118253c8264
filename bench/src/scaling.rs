//! Twelve partitions, shared by one, two and four processes on the same machine: the sum of their rates, and whether a partition waits for
//! another.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use stack::wait::{Attempt, until};

use crate::drain::{Commits, Drain, patience};
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

const PROCESSES: [(&str, usize); 3] = [("scaling-1", 1), ("scaling-2", 2), ("scaling-4", 4)];

/// Each number of processes, one after the other.
pub(crate) fn scaling(ground: &Ground, filled: &Filled) -> Result<Vec<(&'static str, Measures)>> {
    PROCESSES.iter().map(|(name, processes)| Ok((*name, shared(ground, filled, *processes)?))).collect()
}

fn shared(ground: &Ground, filled: &Filled, processes: usize) -> Result<Measures> {
    ground.reset()?;
    let topic = filled.workload.topic();
    let mut all = vec![ground.orderstream(topic, &[])];
    all.extend((2..=processes).map(|number| ground.another(number, topic)));
    let drain = Drain::launch(ground, filled, all)?;
    let partitions = Partitions::watch(&drain)?;
    drain.await_hashes()?;
    let mut measures = Measures::default();
    partitions.put(&mut measures);
    let members = ground.stack.psql(&format!("select count(distinct claimed_by) from consumer_offsets where topic = '{topic}'"))?;
    measures.put("processes_with_partitions", members.parse()?);
    drain.finish(&partitions.commits, measures)
}

/// How the partitions went, side by side.
struct Partitions {
    commits: Commits,
    /// When each was done.
    done: BTreeMap<i32, Instant>,
    /// What the slowest had done when half of all was: 1 is as much as the others.
    slowest_at_half: f64,
    /// How many events were committed at each look.
    looks: Vec<(Instant, u64)>,
}

impl Partitions {
    /// Looks at the offsets until all are done.
    fn watch(drain: &Drain<'_>) -> Result<Self> {
        let total = drain.filled.outcome.events;
        let partitions = drain.filled.workload.partitions();
        // Keys are spread by their hash: a partition's share is known when it is done, and nearly the same for all.
        let share = total as f64 / f64::from(partitions);
        let (mut first, mut half, mut last_seen) = (None, None, BTreeMap::<i32, (u64, Instant)>::new());
        let mut looks = Vec::new();
        until("every partition is done", patience(total), || {
            if let Some(death) = drain.death() {
                return Attempt::Hopeless(death);
            }
            let offsets = match drain.ground.offsets(drain.filled.workload.topic()) {
                Ok(offsets) => offsets,
                Err(error) => return Attempt::Hopeless(error),
            };
            let (now, sum) = (Instant::now(), offsets.iter().map(|(_, processed)| processed).sum::<u64>());
            looks.push((now, sum));
            for (partition, processed) in &offsets {
                let moved = last_seen.get(partition).is_none_or(|(then, _)| then < processed);
                if moved {
                    last_seen.insert(*partition, (*processed, now));
                }
            }
            if sum > 0 && first.is_none() {
                first = Some((now, sum));
            }
            if sum * 2 >= total && half.is_none() {
                let missing = usize::try_from(partitions).is_ok_and(|all| offsets.len() < all);
                let slowest = if missing { 0 } else { offsets.iter().map(|(_, processed)| *processed).min().unwrap_or(0) };
                half = Some(slowest as f64 / (share * sum as f64 / total as f64));
            }
            if sum < total {
                return Attempt::NotYet(format!("{sum} of {total} events are committed"));
            }
            let (first, then) = first.unwrap_or((now, sum));
            let done = last_seen.iter().map(|(partition, (_, at))| (*partition, *at)).collect();
            let commits = Commits { first, then, end: now };
            Attempt::Ready(Self { commits, done, slowest_at_half: half.unwrap_or(1.0), looks: std::mem::take(&mut looks) })
        })
    }

    fn put(&self, measures: &mut Measures) {
        let Commits { first, then, end } = self.commits;
        let whole = (end - first).as_secs_f64();
        let first_done_at = self.done.values().min().copied().unwrap_or(first);
        let first_done = first_done_at.saturating_duration_since(first).as_secs_f64();
        // A backlog ends, and at its end fewer and fewer partitions have work.
        if let Some((at, sum)) = self.looks.iter().find(|(at, _)| *at >= first_done_at).filter(|(at, _)| *at > first) {
            measures.put("per_second_until_first_done", (sum - then) as f64 / (*at - first).as_secs_f64());
        }
        measures.put("first_partition_done_ms", first_done * 1000.0);
        measures.put("last_partition_done_ms", whole * 1000.0);
        measures.put("first_done_at_percent", 100.0 * first_done / whole);
        measures.put("slowest_at_half_percent", 100.0 * self.slowest_at_half);
    }
}

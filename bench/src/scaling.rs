//! The case `scaling`: twelve partitions, shared by one, two and four processes on the same machine. The case measures the sum of the
//! processes' rates, and whether a partition waits for another.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use stack::wait::{Attempt, until};

use crate::drain::{Commits, Drain, patience};
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

const PROCESSES: [(&str, usize); 3] = [("scaling-1", 1), ("scaling-2", 2), ("scaling-4", 4)];

/// Measures each number of processes, one after the other.
pub(crate) fn scaling(ground: &Ground, filled: &Filled) -> Result<Vec<(&'static str, Measures)>> {
    PROCESSES.iter().map(|(name, processes)| Ok((*name, shared(ground, filled, *processes)?))).collect()
}

fn shared(ground: &Ground, filled: &Filled, processes: usize) -> Result<Measures> {
    ground.reset()?;
    let topic = filled.workload.topic();
    let mut all = vec![ground.orderstream(topic, &[])];
    all.extend((2..=processes).map(|number| ground.another(number, topic)));
    let drain = Drain::launch(ground, filled, all)?;
    let partitions = Partitions::watch(&drain, processes)?;
    drain.await_hashes()?;
    let mut measures = Measures::default();
    partitions.put(&mut measures);
    drain.finish(&partitions.commits, measures)
}

/// How the partitions advanced side by side.
struct Partitions {
    commits: Commits,
    /// When each partition was done.
    done: BTreeMap<i32, Instant>,
    /// The share that the slowest partition had done when half of all events were committed; 1 means as much as the others.
    slowest_at_half: f64,
    /// How many events were committed at each look since every process has had partitions.
    shared: Vec<(Instant, u64)>,
    /// How many processes have partitions.
    owners: usize,
}

impl Partitions {
    /// Looks at the offsets until all partitions are done.
    fn watch(drain: &Drain<'_>, processes: usize) -> Result<Self> {
        let total = drain.filled.outcome.events;
        let partitions = drain.filled.workload.partitions();
        // Keys are spread over the partitions by their hash, so the share of each partition is nearly the same.
        let share = total as f64 / f64::from(partitions);
        let (mut first, mut half, mut last_seen) = (None, None, BTreeMap::<i32, (u64, Instant)>::new());
        let mut shared = Vec::new();
        until("every partition is done", patience(total), || {
            if let Some(death) = drain.death() {
                return Attempt::Hopeless(death);
            }
            let (offsets, owners) = match drain.ground.offsets(drain.filled.workload.topic()) {
                Ok(offsets) => offsets,
                Err(error) => return Attempt::Hopeless(error),
            };
            let (now, sum) = (Instant::now(), offsets.iter().map(|(_, processed)| processed).sum::<u64>());
            if sum > 0 && owners >= processes {
                shared.push((now, sum));
            }
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
            let shared = std::mem::take(&mut shared);
            Attempt::Ready(Self { commits, done, slowest_at_half: half.unwrap_or(1.0), shared, owners })
        })
    }

    fn put(&self, measures: &mut Measures) {
        let Commits { first, end, .. } = self.commits;
        let whole = (end - first).as_secs_f64();
        let first_done_at = self.done.values().min().copied().unwrap_or(first);
        let first_done = first_done_at.saturating_duration_since(first).as_secs_f64();
        // Only the looks from when every process has partitions until the first partition is done count. Earlier, processes still join and
        // partitions rest; later, fewer and fewer partitions have work.
        let until_first_done = self.shared.iter().take_while(|(at, _)| *at <= first_done_at);
        if let (Some((from, then)), Some((to, now))) = (self.shared.first(), until_first_done.last())
            && to > from
        {
            measures.put("shared_after_ms", (*from - first).as_secs_f64() * 1000.0);
            measures.put("per_second_while_shared", (now - then) as f64 / (*to - *from).as_secs_f64());
        }
        measures.put("processes_with_partitions", self.owners as f64);
        measures.put("first_partition_done_ms", first_done * 1000.0);
        measures.put("last_partition_done_ms", whole * 1000.0);
        measures.put("first_done_at_percent", 100.0 * first_done / whole);
        measures.put("slowest_at_half_percent", 100.0 * self.slowest_at_half);
    }
}

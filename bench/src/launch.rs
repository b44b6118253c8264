//! The case `start`: the time from the start of the process to its first record, and the memory of an idle process.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cost::memory_mb;
use crate::drain::{Drain, patience};
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// The time between two looks, and so the precision with which the first commit is seen.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// How long nothing happens before a process counts as idle.
const IDLE: Duration = Duration::from_secs(5);

/// Starts the process beside servers that are up, while a few records wait, and lets it idle afterwards.
pub(crate) fn start(ground: &Ground, filled: &Filled) -> Result<Measures> {
    ground.reset()?;
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &[])])?;
    let first = first_commit(&drain)?;
    let mut measures = Measures::default();
    measures.put("first_record_ms", (first - drain.start).as_secs_f64() * 1000.0);
    let commits = drain.await_commits()?;
    drain.await_hashes()?;
    thread::sleep(IDLE);
    let pid = drain.processes.first().and_then(stack::Service::pid).context("orderstream has ended")?;
    measures.put("idle_mb", memory_mb(pid)?);
    // The rates of a few records say nothing, so only the memory is kept.
    let finished = drain.finish(&commits, Measures::default())?;
    measures.put("peak_mb", finished.get("peak_mb").unwrap_or_default());
    Ok(measures)
}

fn first_commit(drain: &Drain<'_>) -> Result<Instant> {
    let topic = drain.filled.workload.topic();
    let patience = patience(drain.filled.outcome.events);
    while drain.start.elapsed() < patience {
        if drain.ground.processed(topic)?.0 > 0 {
            return Ok(Instant::now());
        }
        if let Some(death) = drain.death() {
            return Err(death);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    bail!("no record was processed within {} s", patience.as_secs())
}

//! A backlog is worked off by the release binary: how fast, at which cost, and with the right result.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use stack::Service;
use stack::wait::{Attempt, until};

use crate::check;
use crate::cost::peak_memory_mb;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// A tenth of the slowest rate that would still be of interest.
const SLOWEST_EVENTS_PER_SECOND: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(60);

/// From an empty table to one that is complete, by one process with these settings beside the defaults.
pub(crate) fn drain(ground: &Ground, filled: &Filled, settings: &[(&str, String)]) -> Result<Measures> {
    ground.reset()?;
    let process = ground.orderstream(filled.workload.topic(), settings);
    let before = ground.reading(None)?;
    let start = Instant::now();
    process.launch()?;
    let committed = await_commits(ground, &process, filled)?;
    await_hashes(ground, filled)?;
    let seconds = start.elapsed().as_secs_f64();

    let events = filled.outcome.events;
    let mut measures = Measures::default();
    measures.put("events_per_second", committed.rate(events));
    measures.put("from_start_per_second", events as f64 / (committed.end - start).as_secs_f64());
    measures.put("first_commit_ms", (committed.first - start).as_secs_f64() * 1000.0);
    measures.put("hashes_later_ms", (seconds - (committed.end - start).as_secs_f64()) * 1000.0);
    measures.put("peak_mb", peak_memory_mb(process.pid().context("orderstream has ended")?)?);
    ground.reading(Some(&process))?.put_since(&before, events, seconds, &mut measures);
    process.stop()?;
    check::everything(ground, filled)?;
    Ok(measures)
}

/// When which part of the events was committed.
struct Commits {
    /// When the first were seen to be, and how many they were.
    first: Instant,
    then: u64,
    /// When all were.
    end: Instant,
}

impl Commits {
    /// Events per second from the first commit to the last.
    fn rate(&self, events: u64) -> f64 {
        (events - self.then) as f64 / (self.end - self.first).as_secs_f64()
    }
}

/// Looks at the offsets in Postgres, a few times a second.
fn await_commits(ground: &Ground, process: &Service, filled: &Filled) -> Result<Commits> {
    let events = filled.outcome.events;
    let mut first = None;
    until("every event is committed", patience(events), || {
        if let Some(death) = process.death() {
            return Attempt::Hopeless(death);
        }
        match ground.processed(filled.workload.topic()) {
            Ok((0, _)) => Attempt::NotYet("none is".to_owned()),
            Ok((processed, _)) => {
                let (first, then) = *first.get_or_insert_with(|| (Instant::now(), processed));
                if processed < events {
                    return Attempt::NotYet(format!("{processed} of {events} are"));
                }
                Attempt::Ready(Commits { first, then, end: Instant::now() })
            }
            Err(error) => Attempt::Hopeless(error),
        }
    })
}

/// What a drain leaves to the sweep takes longer: orders that were processed while Redis was too slow to be asked.
fn await_hashes(ground: &Ground, filled: &Filled) -> Result<()> {
    until("Redis has the hashes", patience(filled.outcome.events), || Attempt::from(complete(ground, filled)))
}

fn patience(events: u64) -> Duration {
    PATIENCE + Duration::from_secs(events / SLOWEST_EVENTS_PER_SECOND)
}

/// Every row and every hash is as it is to be: nothing is left for the sweep, and Redis reflects what is committed.
fn complete(ground: &Ground, filled: &Filled) -> Result<()> {
    let topic = filled.workload.topic();
    let (_, open) = ground.processed(topic)?;
    anyhow::ensure!(open == 0, "{open} orders are on the list of the sweep");
    anyhow::ensure!(ground.reflected(topic)?, "Redis is behind");
    Ok(())
}

//! The drain: how fast and at which cost the release binary works off a backlog, and whether the result is right.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use stack::Service;
use stack::wait::{Attempt, until};

use crate::check;
use crate::cost::{Reading, peak_memory_mb};
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// The rate that the patience of a drain assumes: a tenth of the slowest rate that would still be of interest.
const SLOWEST_EVENTS_PER_SECOND: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures one process, with these settings beside the defaults, from an empty table to a complete one.
pub(crate) fn drain(ground: &Ground, filled: &Filled, settings: &[(&str, String)]) -> Result<Measures> {
    ground.reset()?;
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), settings)])?;
    let commits = drain.await_commits()?;
    drain.await_hashes()?;
    drain.finish(&commits, Measures::default())
}

/// A backlog that is being worked off.
pub(crate) struct Drain<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) filled: &'a Filled,
    pub(crate) processes: Vec<Service>,
    pub(crate) start: Instant,
    before: Reading,
}

impl<'a> Drain<'a> {
    /// Starts these processes at once.
    pub(crate) fn launch(ground: &'a Ground, filled: &'a Filled, processes: Vec<Service>) -> Result<Self> {
        let before = ground.reading(&[])?;
        let start = Instant::now();
        processes.iter().try_for_each(Service::launch)?;
        Ok(Self { ground, filled, processes, start, before })
    }

    /// Looks at the offsets in Postgres, a few times a second.
    pub(crate) fn await_commits(&self) -> Result<Commits> {
        let events = self.filled.outcome.events;
        let mut first = None;
        until("every event is committed", patience(events), || {
            if let Some(death) = self.death() {
                return Attempt::Hopeless(death);
            }
            match self.ground.processed(self.filled.workload.topic()) {
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

    /// Waits until every row and every hash is right. Orders that were processed while Redis was too slow to be asked are left to the
    /// sweep, which takes longer.
    pub(crate) fn await_hashes(&self) -> Result<()> {
        until("Redis has the hashes", patience(self.filled.outcome.events), || match self.death() {
            Some(death) => Attempt::Hopeless(death),
            None => Attempt::from(self.complete()),
        })
    }

    /// Fails unless every row and every hash is right: no order is due for the sweep, and Redis reflects what is committed.
    fn complete(&self) -> Result<()> {
        let topic = self.filled.workload.topic();
        let (_, open) = self.ground.processed(topic)?;
        ensure!(open == 0, "{open} orders are on the list of the sweep");
        ensure!(self.ground.reflected(topic)?, "Redis is behind");
        Ok(())
    }

    /// How one of the processes ended, if one ended by itself.
    pub(crate) fn death(&self) -> Option<anyhow::Error> {
        self.processes.iter().find_map(Service::death)
    }

    /// Adds the rates and costs of the drain, ends the processes, and checks whether everything is right.
    pub(crate) fn finish(self, commits: &Commits, mut measures: Measures) -> Result<Measures> {
        let Self { ground, filled, processes, start, before } = self;
        let (events, seconds) = (filled.outcome.events, start.elapsed().as_secs_f64());
        let until_committed = (commits.end - start).as_secs_f64();
        measures.put("events_per_second", commits.rate(events, start));
        measures.put("from_start_per_second", events as f64 / until_committed);
        measures.put("first_commit_ms", (commits.first - start).as_secs_f64() * 1000.0);
        measures.put("hashes_later_ms", (seconds - until_committed) * 1000.0);
        let peaks = processes.iter().map(|process| peak_memory_mb(process.pid().context("orderstream has ended")?));
        measures.put("peak_mb", peaks.collect::<Result<Vec<f64>>>()?.into_iter().fold(0.0, f64::max));
        ground.reading(&processes)?.put_since(&before, events, seconds, &mut measures);
        processes.iter().try_for_each(Service::stop)?;
        check::everything(ground, filled)?;
        Ok(measures)
    }
}

/// When which part of the events was committed.
pub(crate) struct Commits {
    /// When the first committed events were seen; `then` is how many they were.
    pub(crate) first: Instant,
    pub(crate) then: u64,
    /// When all events were committed.
    pub(crate) end: Instant,
}

impl Commits {
    /// Events per second from the first commit to the last; from the start, if all were committed at the first look.
    pub(crate) fn rate(&self, events: u64, start: Instant) -> f64 {
        if self.then == events {
            return events as f64 / (self.end - start).as_secs_f64();
        }
        (events - self.then) as f64 / (self.end - self.first).as_secs_f64()
    }
}

/// How long so many events may take before something is wrong.
pub(crate) fn patience(events: u64) -> Duration {
    PATIENCE + Duration::from_secs(events / SLOWEST_EVENTS_PER_SECOND)
}

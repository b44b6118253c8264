//! Rates and costs of a drain into the target, from its start to its last row.

use std::time::Instant;

use anyhow::{Error, Result};
use stack::Service;
use stack::wait::{Attempt, until};

use super::source::Load;
use super::target::Target;
use crate::cost::Reading;
use crate::drain::{Commits, patience};
use crate::ground::Ground;
use crate::measures::Measures;

/// A backlog that is being worked off into the target.
pub(crate) struct Watched<'a> {
    ground: &'a Ground,
    load: &'a Load,
    before: Reading,
    start: Instant,
}

impl<'a> Watched<'a> {
    /// Begins now.
    pub(crate) fn begin(ground: &'a Ground, load: &'a Load) -> Result<Self> {
        Ok(Self { ground, load, before: ground.reading(&[])?, start: Instant::now() })
    }

    /// Looks a few times a second until the last rows are there. `done` counts the changes that are stored, and is asked until there are any;
    /// `death` says why nothing will come any more.
    pub(crate) fn await_rows(&self, target: &mut Target<'_>, done: &str, death: impl Fn() -> Option<Error>) -> Result<Commits> {
        let mut first = None;
        until("the last rows are in the target", patience(self.load.changes), || {
            if let Some(death) = death() {
                return Attempt::Hopeless(death);
            }
            if first.is_none() {
                // Before the tables are made there is nothing to count.
                first = target.number(done.to_owned()).ok().filter(|then| *then > 0).map(|then| (Instant::now(), then));
            }
            match (target.complete(self.load), first) {
                (Ok(()), Some((first, then))) => Attempt::Ready(Commits { first, then, end: Instant::now() }),
                (Ok(()), None) => Attempt::NotYet("nothing is counted".to_owned()),
                (Err(error), _) => Attempt::NotYet(format!("{error:#}")),
            }
        })
    }

    /// The rates and costs up to now.
    pub(crate) fn measures(&self, commits: &Commits, processes: &[Service]) -> Result<Measures> {
        let mut measures = Measures::default();
        let (changes, seconds) = (self.load.changes, (commits.end - self.start).as_secs_f64());
        measures.put("events_per_second", commits.rate(changes, self.start));
        measures.put("from_start_per_second", changes as f64 / seconds);
        measures.put("first_commit_ms", (commits.first - self.start).as_secs_f64() * 1000.0);
        self.ground.reading(processes)?.put_since(&self.before, changes, self.start.elapsed().as_secs_f64(), &mut measures);
        Ok(measures)
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1000.0
    }
}

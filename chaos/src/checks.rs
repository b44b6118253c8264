//! The checks at the end of a round: what must hold when everything is healed and the lag is zero.

pub(crate) mod history;
pub(crate) mod ledger;
pub(crate) mod letters;
pub(crate) mod reconcile;
pub(crate) mod redis;
pub(crate) mod results;
pub(crate) mod secrets;

use std::time::{Duration, Instant};
use std::{fmt, thread};

use anyhow::Result;

use crate::topics::{CUSTOMERS, ORDERS};
use crate::world::World;

pub(crate) use self::ledger::Read;
pub(crate) use self::reconcile::repair;

/// How long the rest of the lag, the repair, and the rebuild of Redis may take on a machine that is busy with other things. The time
/// counts from the last event that Debezium has sent, because orderstream promises nothing about how long Debezium takes.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(300);
/// How many differences of each check a finding shows.
const EXAMPLES: usize = 3;

/// A promise that was not kept.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    promise: &'static str,
    what: String,
}

impl Finding {
    pub(crate) fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self { promise, what: what.into() }
    }

    /// One finding for many differences of the same kind; none if there are none.
    pub(crate) fn of(promise: &'static str, differences: &[String]) -> Vec<Self> {
        if differences.is_empty() {
            return Vec::new();
        }
        let examples = differences[..differences.len().min(EXAMPLES)].join("\n    ");
        vec![Self::new(promise, format!("{} differences, such as\n    {examples}", differences.len()))]
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// How everything came right, or did not.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// What did not hold in time.
    pub(crate) findings: Vec<Finding>,
    /// The check that came right last, with what it found the last time before it was right.
    pub(crate) last: Option<Finding>,
}

/// Waits until every promise holds. What does not hold in time is a finding.
pub(crate) fn settle(world: &World, read: &mut Read) -> Settled {
    settle_within(world, read, PATIENCE)
}

/// Does the same as [`settle`] with another patience. Without patience there is one look.
pub(crate) fn settle_within(world: &World, read: &mut Read, patience: Duration) -> Settled {
    let (mut last, mut sent) = (None, (Vec::new(), Instant::now()));
    loop {
        let findings = look(world, read).unwrap_or_else(|error| vec![Finding::new("the checks", format!("{error:#}"))]);
        if let Some(ends) = ends(world).ok().filter(|ends| *ends != sent.0) {
            sent = (ends, Instant::now());
        }
        if findings.is_empty() || sent.1.elapsed() > patience {
            return Settled { findings, last };
        }
        last = findings.into_iter().next();
        thread::sleep(PAUSE);
    }
}

/// The end offsets of the topics of events.
fn ends(world: &World) -> Result<Vec<i64>> {
    Ok([world.topics.ends(ORDERS)?, world.topics.ends(CUSTOMERS)?].concat())
}

/// Looks at everything once. The checks that are cheap and that come right late are the first.
fn look(world: &World, read: &mut Read) -> Result<Vec<Finding>> {
    world.connector_runs()?;
    let findings = results::differences(world)?;
    if !findings.is_empty() {
        return Ok(findings);
    }
    read.advance(&world.topics)?;
    let mut findings = ledger::differences(world, read)?;
    findings.extend(history::differences(world)?);
    findings.extend(redis::differences(world)?);
    findings.extend(letters::differences(world, read)?);
    findings.extend(secrets::found(world, read)?);
    findings.extend(unready(world));
    // `orderstream reconcile` is the last check, because it waits for what differs: it runs only when nothing should differ any more.
    if findings.is_empty() {
        findings = reconcile::differences(world, reconcile::SETTLE_SECONDS)?;
    }
    Ok(findings)
}

fn unready(world: &World) -> Vec<Finding> {
    let unready = world.workers().iter().filter(|process| !process.service.is_healthy());
    unready
        .map(|process| {
            let answer = process.get("/readyz").unwrap_or_else(|error| format!("{error:#}"));
            Finding::new("P9", format!("{} is not ready: {answer}", process.service.name()))
        })
        .collect()
}

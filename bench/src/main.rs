//! `make bench`: how many events orderstream processes per second, what an order costs, and how near that is to what the servers can do.
//!
//! The way of a run:
//! - [`settings`]: what to run, from the environment
//! - [`ground`]: the services, and the way back to an empty table
//! - [`shop`], [`workload`], [`envelope`]: rows, the order of their events, and the bytes of each; pure
//! - [`fill`]: puts the events into Kafka, and what they have to leave into Postgres
//! - [`reader`]: reads the events out of Kafka again
//! - [`case`]: what can be measured
//! - [`drain`]: a backlog is worked off
//! - [`floor`]: the rows of a drain by raw means
//! - [`outage`]: a backlog while Redis is away, and the repair
//! - [`standstill`]: a backlog while Postgres is away, and how soon the work goes on
//! - [`delayed`]: a backlog over slow lines
//! - [`observed`], [`pages`], [`audited`], [`compared`]: a backlog while somebody watches, while pages are open, while each change is recorded, and
//!   while the process compares with the shop
//! - [`debezium`], [`latency`], [`burst`]: orders that come through the real Debezium
//! - [`launch`]: the start of the process, and its idle memory
//! - [`idle`]: what it costs that everything stands still
//! - [`scaling`]: twelve partitions and more than one process
//! - [`mirror`]: tables that are kept equal, beside Debezium's JDBC sink
//! - [`cost`]: processor time, memory, bytes of log
//! - [`check`]: no number counts unless the table is right
//! - [`measures`], [`report`], [`table`], [`goals`], [`machine`]: numbers, file and tables

mod audited;
mod burst;
mod case;
mod check;
mod compared;
mod cost;
mod debezium;
mod delayed;
mod drain;
mod envelope;
mod fill;
mod floor;
mod goals;
mod ground;
mod idle;
mod latency;
mod launch;
mod machine;
mod measures;
mod mirror;
mod observed;
mod outage;
mod pages;
mod reader;
mod report;
mod scaling;
mod settings;
mod shop;
mod standstill;
mod table;
mod workload;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chrono::Utc;

use crate::case::Case;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;
use crate::mirror::Loads;
use crate::outage::Outage;
use crate::report::{CaseResult, Run};
use crate::settings::Settings;
use crate::shop::Shop;
use crate::workload::Workload;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When stderr is closed, there is nobody left to tell.
            let _: io::Result<()> = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let settings = Settings::from_environment()?;
    let ground = Ground::prepare(Shop { seed: settings.seed, customers: settings.customers }, settings.peer.is_some())?;
    let mut results = Vec::new();
    let measured = measure_all(&ground, &settings, &mut results);
    let run = Run {
        date: Utc::now(),
        revision: machine::revision(),
        machine: machine::machine(),
        versions: machine::versions(&ground),
        events: settings.events,
        seed: settings.seed,
        results,
    };
    // The results from before a failure are kept, because they took minutes and are right.
    if !run.results.is_empty() {
        println!("{}", run.table());
        if let Some(base) = &settings.base {
            println!("{}", run.change_since(base)?);
        }
        println!("written to {}", run.save(&settings.results)?.display());
    }
    ground.stack.stop()?;
    measured
}

/// Measures all cases round after round, so that a machine that slows down slows all cases down.
fn measure_all(ground: &Ground, settings: &Settings, results: &mut Vec<CaseResult>) -> Result<()> {
    let mut logs = Logs { ground, settings, filled: BTreeMap::new(), of_mirror: Loads::default() };
    if settings.cases.iter().any(|case| case.drains()) {
        warm_up(ground, &mut logs).context("the drain before the first round")?;
    }
    for round in 1..=settings.repeat {
        for case in &settings.cases {
            for (name, measures) in measure(*case, ground, &mut logs).with_context(|| format!("{case}, repetition {round}"))? {
                println!("{name} {round}/{}: {}", settings.repeat, measures.headline());
                report::add(results, name, measures);
            }
        }
    }
    Ok(())
}

/// Runs a drain that does not count. During the first drain Kafka's Java machine compiles the code that it runs often, and Postgres makes
/// the segments of its log. Without the warm-up the first case would pay for what all other cases find.
fn warm_up(ground: &Ground, logs: &mut Logs<'_>) -> Result<()> {
    drain::drain(ground, logs.get(Workload::Create)?, &[]).map(drop)
}

/// Runs one repetition of a case, and returns its measures by name.
fn measure(case: Case, ground: &Ground, logs: &mut Logs<'_>) -> Result<Vec<(&'static str, Measures)>> {
    let measures = match case {
        Case::DrainCreate => drain::drain(ground, logs.get(Workload::Create)?, &[])?,
        Case::DrainMixed => drain::drain(ground, logs.get(Workload::Mixed)?, &[])?,
        Case::HotKeys => drain::drain(ground, logs.get(Workload::Hot)?, &[])?,
        Case::Poison => drain::drain(ground, logs.get(Workload::Poison)?, &[])?,
        Case::Floor => return floor::floor(ground, logs.get(Workload::Create)?),
        Case::RedisDown => outage::drain_without_redis(ground, logs.get(Workload::Create)?, Outage::Down)?,
        Case::RedisHung => outage::drain_without_redis(ground, logs.get(Workload::Create)?, Outage::Hung)?,
        Case::Outage => {
            let away = logs.settings.outage;
            standstill::outage_of_postgres(ground, logs.get(Workload::Create)?, away)?
        }
        Case::RoundTrips => return delayed::round_trips(ground, logs.get(Workload::Create)?),
        Case::Observed => observed::observed(ground, logs.get(Workload::Create)?)?,
        Case::Pages => pages::pages(ground, logs.get(Workload::Create)?)?,
        Case::AuditedCreate => audited::audited(ground, logs.get(Workload::Create)?)?,
        Case::AuditedMixed => audited::audited(ground, logs.get(Workload::Mixed)?)?,
        Case::Compared => return compared::compared(ground, logs.get(Workload::Create)?),
        Case::Latency => latency::latency(ground, logs.settings.latency_seconds())?,
        Case::Burst => burst::burst(ground, logs.settings.burst_rows())?,
        Case::Start => launch::start(ground, logs.get(Workload::Few)?)?,
        Case::Idle => idle::idle(ground)?,
        Case::Scaling => return scaling::scaling(ground, logs.get(Workload::Twelve)?),
        Case::Mirror => return logs.of_mirror.mirror(ground, logs.settings),
        Case::MirrorTables => logs.of_mirror.thousand(ground, logs.settings)?,
    };
    Ok(vec![(case.name(), measures)])
}

/// The logs in Kafka, each filled when it is first needed.
struct Logs<'a> {
    ground: &'a Ground,
    settings: &'a Settings,
    filled: BTreeMap<Workload, Filled>,
    of_mirror: Loads,
}

impl Logs<'_> {
    fn get(&mut self, workload: Workload) -> Result<&Filled> {
        if !self.filled.contains_key(&workload) {
            let filled = fill::orders(self.ground, workload, workload.size(self.settings.events))?;
            self.filled.insert(workload, filled);
        }
        self.filled.get(&workload).context("a log that was just filled")
    }
}

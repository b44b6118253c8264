//! `orderstream reconcile`: compares the source with `results` and with Redis, and sets differences right with `--repair` (P2, P8).
//!
//! The command runs beside working processes. What differs while changes are under way is looked at again until it agrees, or has stood
//! still for `--settle`; see [`suspects`] for which differences count then.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::lock::Work;
use service::settings::ExposeSecret;

use super::{FAILED, print};
use crate::config::Config;
use crate::config::url::postgres;
use crate::reconcile::report::Report;
use crate::results::side::Side;
use crate::run::assemble::assemble;
use crate::shared::Shared;
use crate::shop::{SourceDatabase, SourceDatabaseError};

mod keys;
mod lags;
mod meter;
mod repair;
mod suspects;
mod walk;

/// Orders in one statement.
const CHUNK: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shop's Postgres, else that of the setting source.url. Leave the password out of it and put it into PGPASSWORD or ~/.pgpass: other
    /// users of this machine see arguments
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Do not compare Redis
    #[arg(long)]
    no_redis: bool,
    /// How long a difference must stand still before it counts
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    settle: Duration,
    /// How many of each kind are listed; all are counted
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Set right what is found; without this nothing is changed
    #[arg(long)]
    repair: bool,
    /// How long a repair may take
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds, requires = "repair")]
    wait: Duration,
    /// Remove up to so many rows, and customers in Redis, that the source does not have; more look like the wrong source
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, requires = "repair")]
    max_removed: u64,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

/// The sides of the comparison.
struct Sides<'a> {
    shared: &'a Shared,
    config: &'a Config,
    reread: &'a Reread,
    source: &'a SourceDatabase,
    results: Side,
    redis: bool,
    /// Whether the hashes of customers are compared: orderstream writes them only if it reads the customers' topic.
    customer_hashes: bool,
}

pub(super) async fn run(arguments: &Arguments, config: Config) -> anyhow::Result<ExitCode> {
    let parts = assemble(&config)?;
    let (shared, reread) = (parts.shared, Reread { properties: parts.kafka, group: config.kafka.group_id.clone() });
    // The customers' columns are not compared with `enrichment.when_customer_changes = keep`, where rows have the customer as of their
    // event, nor without a customers topic, where another program decides what a customer is.
    let customers = shared.refresh && config.kafka.customers_topic.is_some();
    let configured = config.source.url.as_ref().map(ExposeSecret::expose_secret);
    let Some(url) = arguments.source.as_deref().or(configured) else {
        bail!("the shop's Postgres is not known; name it with --source or the setting source.url");
    };
    postgres(url).map_err(SourceDatabaseError::Url)?;
    let source = SourceDatabase::new(url, customers)?;
    let _lock = if arguments.repair {
        source.may_signal().await?;
        let lock = shared.results.ledger.lock(Work::Reconcile).await.context("Postgres")?;
        let Some(lock) = lock else { bail!("another `orderstream reconcile --repair` is running on this database; wait for it") };
        Some(lock)
    } else {
        None
    };
    let (results, redis) = (shared.results.side(customers), !arguments.no_redis);
    let customer_hashes = redis && config.kafka.customers_topic.is_some();
    let sides = Sides { shared: &shared, config: &config, reread: &reread, source: &source, results, redis, customer_hashes };
    let report = reconcile(arguments, &sides, customers).await?;
    if arguments.json {
        print(format_args!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report)?;
    }
    source.close().await;
    shared.results.ledger.close().await;
    Ok(if report.equal { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn reconcile(arguments: &Arguments, sides: &Sides<'_>, customers: bool) -> anyhow::Result<Report> {
    let began = Instant::now();
    let mut report = Report { customers, ..Report::default() };
    let mut found = walk::walk(sides, &mut report).await?;
    report.seconds = began.elapsed().as_secs_f64();
    if !customers {
        report.notes.push("the customers' columns are not compared: they are not kept as the source has them now".into());
    }
    let findings = suspects::settle(sides, &mut found, arguments.settle).await?.report(arguments.limit, &mut report);
    if report.findings() + report.undecided() > 0 && !sides.source.is_read().await? {
        report.notes.push("nobody reads the source's log right now: what differs may only wait for Debezium".into());
    }
    report.equal = report.findings() + report.undecided() == 0;
    if arguments.repair && report.findings() > 0 {
        let repair = repair::repair(arguments, sides, &findings).await?;
        report.equal = repair.left.count + report.undecided() == 0;
        report.repair = Some(repair);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn nothing_is_repaired_unless_it_is_asked_for() {
        let parse = |line: &str| Line::try_parse_from(line.split(' '));
        let arguments = parse("reconcile --source postgres://shop --settle 3").unwrap().arguments;
        assert!(!arguments.repair && !arguments.no_redis);
        assert_eq!(arguments.settle, Duration::from_secs(3));
        for wrong in ["reconcile --max-removed 5", "reconcile --source x --wait 5", "reconcile --source x --settle soon"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

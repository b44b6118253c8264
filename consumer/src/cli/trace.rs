//! `orderstream trace`: what happened to one order or one customer, with a verdict in one sentence. What the answer is made of stands in
//! [`crate::trace`].

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::dlq::time;
use super::{FAILED, print, say};
use crate::config::Config;
use crate::run::assemble::traced;
use crate::trace::customer::report::CustomerReport;
use crate::trace::gather::Servers;
use crate::trace::mask::Shown;
use crate::trace::records::search::Limits;
use crate::trace::records::{self, Reading};
use crate::trace::report::{NotAnswered, OrderReport};

/// How far a search goes, which nobody wants to wait for.
const SEARCH: Limits = Limits { records: 200_000, time: Duration::from_secs(10), since_ms: None };

/// How long the read of one record may take, its connection included, and that of all.
const READING: Reading = Reading { each: Duration::from_secs(5), all: Duration::from_secs(60) };

/// How often a search tells how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The order
    #[arg(value_name = "ORDER", required_unless_present = "customer", allow_negative_numbers = true)]
    order: Option<i64>,
    /// Tell of a customer instead of an order
    #[arg(long, value_name = "ID", conflicts_with = "order")]
    customer: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Show names and e-mail addresses as they are
    #[arg(long)]
    reveal: bool,
    /// Also read the events that row, tombstone and letters name, at their offsets in Kafka
    #[arg(long, conflicts_with = "customer")]
    events: bool,
    /// Also search the order's partition in Kafka, from the time the order was made or the first record of a letter: up to 200000 records or 10 seconds; Ctrl-C ends it
    #[arg(long, conflicts_with = "customer")]
    search: bool,
    /// Where the search begins, by Kafka's clock: a time such as 2026-01-31T12:00:00Z, or 30m, 12h, 7d ago
    #[arg(long, value_name = "TIME", value_parser = time, requires = "search")]
    since: Option<DateTime<Utc>>,
    /// How long each server may take, its connection included; who is later is named, and the rest is told
    #[arg(long, value_name = "MILLISECONDS", default_value = "750", value_parser = clap::value_parser!(u64).range(100..=60_000))]
    deadline: u64,
}

pub(super) async fn run(arguments: &Arguments, config: Config) -> anyhow::Result<ExitCode> {
    let servers = traced::for_a_command(&config, Duration::from_millis(arguments.deadline))?;
    let shown = if arguments.reveal { Shown::Revealed } else { Shown::Masked };
    let is_whole = match (&arguments.order, &arguments.customer) {
        (Some(order), _) => {
            let report = self::order(&servers, *order, arguments, shown).await;
            tell(arguments.json, &report)?;
            report.not_answered.is_empty()
        }
        (None, Some(customer)) => {
            let report = CustomerReport::new(&servers.customer(customer).await, shown);
            tell(arguments.json, &report)?;
            report.not_answered.is_empty()
        }
        (None, None) => true,
    };
    servers.results.ledger.close().await;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn order(servers: &Servers, order: i64, arguments: &Arguments, shown: Shown) -> OrderReport {
    let facts = servers.order(order).await;
    let mut report = OrderReport::new(&facts, shown);
    if arguments.events {
        report.records = Some(records::read(&facts, &servers.kafka, READING, shown).await);
    }
    if arguments.search {
        let limits = Limits { since_ms: arguments.since.map(|since| since.timestamp_millis()), ..SEARCH };
        let mut told = Instant::now();
        let progress = |records| {
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                say(format_args!("{records} records of at most {} were looked at; Ctrl-C ends the search", limits.records));
            }
        };
        // Without a handler for the signal, Ctrl-C ends the process, and with it the search.
        let interrupted = async { tokio::signal::ctrl_c().await.unwrap_or(()) };
        match records::search::search(&facts, &servers.kafka, limits, shown, interrupted, progress).await {
            Ok(searched) => report.search = Some(searched),
            Err(why) => report.not_answered.push(NotAnswered { server: "kafka", why }),
        }
    }
    report
}

fn tell<R: Serialize + std::fmt::Display>(json: bool, report: &R) -> anyhow::Result<()> {
    if json {
        print(format_args!("{}\n", serde_json::to_string_pretty(report)?))?
    } else {
        print(report)?
    };
    Ok(())
}

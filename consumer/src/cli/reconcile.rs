//! `orderstream reconcile`: compares the source with `results` and with Redis, and sets differences right with `--repair` (P2, P8). How that
//! is done stands in [`crate::run::comparison`].

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::lock::Work;
use service::settings::ExposeSecret;

use super::{FAILED, print, say};
use crate::config::Config;
use crate::config::url::postgres;
use crate::run::assemble::assemble;
use crate::run::comparison::outcome::outcome;
use crate::run::comparison::pace::Pace;
use crate::run::comparison::{self, Mending, Sides};
use crate::shop::SourceDatabaseError;

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

pub(super) fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

pub(super) async fn run(arguments: &Arguments, config: Config) -> anyhow::Result<ExitCode> {
    let parts = assemble(&config)?;
    let (shared, reread) = (parts.shared, Reread { properties: parts.kafka, group: config.kafka.group_id.clone() });
    let configured = config.source.url.as_ref().map(ExposeSecret::expose_secret);
    let Some(url) = arguments.source.as_deref().or(configured) else {
        bail!("the shop's Postgres is not known; name it with --source or the setting source.url");
    };
    postgres(url).map_err(SourceDatabaseError::Url)?;
    let source = comparison::source(url, &shared, &config)?;
    let _lock = if arguments.repair {
        source.may_signal().await?;
        let lock = shared.results.ledger.lock(Work::Reconcile).await.context("Postgres")?;
        let Some(lock) = lock else { bail!("another `orderstream reconcile --repair` is running on this database; wait for it") };
        Some(lock)
    } else {
        None
    };
    // The lines of progress go to standard error, because standard output belongs to the report.
    let pace = Pace::AtOnce(|line| say(line));
    let sides = Sides::new(&shared, &config, &reread, &source, !arguments.no_redis, pace);
    let began = Instant::now();
    let (mut report, findings) = sides.compare(arguments.settle, arguments.limit).await?;
    if arguments.repair && report.findings() > 0 {
        let mending = Mending { limit: arguments.limit, wait: arguments.wait, max_removed: arguments.max_removed };
        sides.mend(&mending, &mut report, &findings).await?;
    }
    if arguments.json {
        print(format_args!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report)?;
    }
    // The shop of the settings is what the processes compare with, so the outcome is theirs too: what was set right is not told any more. While
    // nobody reads the shop's log, what differs may only wait. The report is printed before, because a note that fails must not take it along.
    if configured == Some(url) && !arguments.no_redis && source.is_read().await? {
        shared
            .results
            .note_comparison(&outcome(&report, began.elapsed()))
            .await
            .context("the report is above; Postgres did not note it")?;
    }
    source.close().await;
    shared.results.ledger.close().await;
    Ok(if report.equal { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
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

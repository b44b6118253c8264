//! `orderstream mirror reconcile`: compares the mirrored tables with their sources, and sets differences right with `--repair --execute` (P2).
//! How that is done stands in [`mirror::reconcile`].

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::Ledger;
use ledger::lock::Work;
use mirror::layout::SCHEMA;
use mirror::reconcile::{Mending, Sides};
use mirror::settings::Constraints;
use service::settings::Renewable;

use super::{store, table_name};
use crate::cli::reconcile::seconds;
use crate::cli::{FAILED, print, say};
use crate::config::Config;
use crate::config::url::postgres;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Only these tables of the source, as SCHEMA.TABLE
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// The source's Postgres, else that of the setting mirror.source_url; its role must be allowed to read the tables. Leave the password out of it
    /// and put it into PGPASSWORD or ~/.pgpass: other users of this machine see arguments
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// How long a difference must stand still before it counts
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    settle: Duration,
    /// How many rows of each kind are listed; all are counted
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Say how what is found would be set right
    #[arg(long)]
    repair: bool,
    /// Set it right: ask Debezium for rows, and remove rows that the source does not have
    #[arg(long, requires = "repair")]
    execute: bool,
    /// How long a repair may take
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds, requires = "execute")]
    wait: Duration,
    /// Remove up to so many rows that the source does not have; more look like the wrong source
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, requires = "repair")]
    max_removed: u64,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let tables = arguments.tables.iter().map(|name| table_name(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let sides = sides(arguments, config)?;
    let lock = if arguments.execute { Some(sides.target.lock(Work::Reconcile).await.context("the target's Postgres")?) } else { None };
    if matches!(lock, Some(None)) {
        bail!("another `orderstream mirror reconcile --repair --execute` is running on this target; wait for it");
    }
    let (mut report, findings) = sides.compare(&tables, arguments.settle, arguments.limit).await?;
    if arguments.repair {
        let mending = Mending { execute: arguments.execute, wait: arguments.wait, max_removed: arguments.max_removed };
        sides.mend(&mending, &mut report, &findings).await?;
    }
    if arguments.json {
        print(format_args!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report)?;
    }
    for ledger in [&sides.source, &sides.signals, &sides.target] {
        ledger.close().await;
    }
    Ok(if report.equal { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn sides(arguments: &Arguments, config: &Config) -> anyhow::Result<Sides> {
    let mirror = &config.mirror;
    let source: Renewable = match &arguments.source {
        Some(url) => {
            postgres(url).map_err(|what| anyhow::anyhow!("--source is {what}"))?;
            url.as_str().into()
        }
        None => mirror
            .source_url
            .clone()
            .context("the source's Postgres is not known; name it with --source or the setting mirror.source_url")?,
    };
    let at_source = store(config, &source);
    Ok(Sides {
        source: Ledger::reading(&at_source, "orderstream mirror reconcile").context("the source's URL")?,
        signals: Ledger::new(&at_source).context("the source's URL")?,
        target: Ledger::within(&store(config, &mirror.target_url), SCHEMA).context("mirror.target_url")?,
        reread: Reread { properties: config.kafka.connection_properties(), group: mirror.group_id.clone() },
        selection: mirror.selection.clone(),
        modes: mirror.modes.clone(),
        epoch: config.source.epoch,
        replica_role: mirror.constraints == Constraints::ReplicaRole,
        // The lines of progress go to standard error, because standard output belongs to the report.
        say: |line| say(line),
    })
}

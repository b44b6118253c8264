//! `orderstream mirror`: the job that keeps any tables equal in another Postgres.

use std::process::ExitCode;

use anyhow::Context;
use change::envelope::EventReader;
use clap::{Args, Subcommand};
use kafka::source::SourceConfig;
use ledger::Ledger;
use mirror::catalog::TableName;
use mirror::decode::Reading;
use mirror::layout::SCHEMA;
use mirror::metrics::Program;
use mirror::planned::{planned, script, without_catalog};
use mirror::replay::Replays;
use mirror::run::Job;
use mirror::settings::Constraints;
use mirror::store::Store;
use mirror::tables::Tables;
use service::logging;
use worker::letter_cap::LetterCap;

use super::job::store;
use super::{job as jobs, offsets, print, warned};
use crate::config::{Config, Loaded};
use crate::flow::claim;
use crate::health::{REVISION, VERSION};
use crate::run::assemble;

mod check;
mod dlq;
mod reconcile;
mod status;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Mirror the tables until SIGTERM
    Run,
    /// Print what would be done in the target, and what cannot be equal, as a script to read before anything runs
    Plan(PlanArguments),
    /// Change tables of the target as the plan says, also where that drops, renames or writes rows again
    Apply(ApplyArguments),
    /// Open every connection and report what is found, one line each: servers, rights, topics, tables that wait, what cannot be promised
    Check(check::Arguments),
    /// Show how everything stands: partitions, lag, tables, what waits, dead letters
    Status(status::Arguments),
    /// List, show, replay and close dead letters
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Show where each partition stands, or move it by hand
    #[command(subcommand)]
    Offsets(offsets::Command),
    /// Compare the tables with their sources, and set differences right
    Reconcile(reconcile::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct ApplyArguments {
    /// Only this table of the source, as SCHEMA.TABLE
    #[arg(value_name = "TABLE")]
    table: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// Only the tables of this publication, and what it leaves out
    #[arg(long, value_name = "NAME")]
    publication: Option<String>,
}

pub(super) async fn run(command: &Command, loaded: Loaded) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run => {
            logging::start(&loaded.config.log);
            loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            mirror::run::run(job(&loaded.config)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Plan(arguments) => plan(arguments, &warned(loaded)).await,
        Command::Apply(arguments) => apply(arguments, &warned(loaded)).await,
        Command::Check(arguments) => check::run(arguments, &warned(loaded)).await,
        Command::Status(arguments) => status::run(arguments, &jobs::Job::mirror(&warned(loaded))?).await,
        Command::Dlq(command) => dlq::run(command, &warned(loaded)).await,
        Command::Offsets(command) => offsets::run(command, &jobs::Job::mirror(&warned(loaded))?).await,
        Command::Reconcile(arguments) => reconcile::run(arguments, &warned(loaded)).await,
    }
}

async fn apply(arguments: &ApplyArguments, config: &Config) -> anyhow::Result<ExitCode> {
    let (source, target) = databases(config)?;
    let table = arguments.table.as_deref().map(table_name).transpose()?;
    let tables = tables(config, target, Some(source));
    let done = tables.apply(table.as_ref()).await?;
    let lines = done.iter().flat_map(|applied| applied.statements.iter().map(|sql| format!("{sql};\n")));
    let text: String = lines.collect();
    print(if text.is_empty() { "nothing to do: the tables have the shape of their sources\n".to_owned() } else { text })
}

/// The tables of the target, of which nothing is known yet.
fn tables(config: &Config, target: Ledger, source: Option<Ledger>) -> Tables {
    let mirror = &config.mirror;
    let (selection, modes) = (mirror.selection.clone(), mirror.modes.clone());
    Tables::new(target, source, selection, mirror.constraints, mirror.evolution, modes, config.source.epoch)
}

/// What a replay of dead letters needs.
fn replays(config: &Config) -> anyhow::Result<Replays> {
    let mirror = &config.mirror;
    let target = Ledger::within(&store(config, &mirror.target_url), SCHEMA).context("mirror.target_url")?;
    let source = mirror.source_url.as_ref().map(|url| Ledger::reading(&store(config, url), "orderstream-mirror")).transpose();
    let store = Store { ledger: target.clone(), replica_role: mirror.constraints == Constraints::ReplicaRole };
    Ok(Replays { reading: reading(config), tables: tables(config, target, source.context("mirror.source_url")?), store })
}

/// How the events of the source are read.
fn reading(config: &Config) -> Reading {
    let (mirror, epoch, max_record_bytes) = (&config.mirror, config.source.epoch, config.source.max_record_bytes);
    Reading::new(EventReader { format: assemble::format(mirror.format), epoch, max_record_bytes }, mirror.modes.clone(), mirror.types)
}

fn table_name(name: &str) -> anyhow::Result<TableName> {
    let (schema, table) = name.split_once('.').context("the table has the form SCHEMA.TABLE")?;
    Ok(TableName::new(schema, table))
}

/// The source, of which the catalog is read, and the target.
fn databases(config: &Config) -> anyhow::Result<(Ledger, Ledger)> {
    let mirror = &config.mirror;
    let source = mirror.source_url.as_ref().context("mirror.source_url is not set: what is to be done is found in the source's catalog")?;
    let source = Ledger::reading(&store(config, source), "orderstream-mirror").context("mirror.source_url")?;
    let target = Ledger::within(&store(config, &mirror.target_url), SCHEMA).context("mirror.target_url")?;
    Ok((source, target))
}

async fn plan(arguments: &PlanArguments, config: &Config) -> anyhow::Result<ExitCode> {
    let mirror = &config.mirror;
    if let Some(told) = without_catalog(mirror.types) {
        return print(told);
    }
    let (source, target) = databases(config)?;
    let planned = planned(&source, &target, &mirror.selection, &mirror.modes, arguments.publication.as_deref()).await?;
    print(script(&planned))
}

fn job(config: &Config) -> Job {
    let mirror = &config.mirror;
    let kafka = config.kafka.connection_properties();
    let source = SourceConfig::new(kafka.clone(), mirror.group_id.clone(), mirror.topics.clone());
    Job {
        source: SourceConfig { stop_deadline: config.shutdown.deadline, ..source },
        letter_properties: assemble::letter_properties(config, &kafka),
        dead_letter_topic: mirror.dead_letter_topic.clone(),
        target: store(config, &mirror.target_url),
        catalog: mirror.source_url.as_ref().map(|url| store(config, url)),
        reading: reading(config),
        selection: mirror.selection.clone(),
        constraints: mirror.constraints,
        evolution: mirror.evolution,
        letter_cap: LetterCap { max_share: config.dead_letters.max_share, window: config.dead_letters.window_records },
        limits: (config.batch.max_records, config.batch.max_bytes),
        listen: config.http.listen.clone(),
        process: claim::process(),
        program: Program { version: VERSION, revision: REVISION },
    }
}

//! `orderstream mirror dlq`: the dead letters of mirrored tables. The commands are those of the job `orders`; a letter is about a table.

use std::process::ExitCode;

use anyhow::Context;
use kafka::reread::Reread;
use ledger::letters::{Filter, Tally};
use mirror::letters::OfTable;
use mirror::replay::Replays;

use crate::cli::dlq::{Meant, OfAll, list, replay, resolve, show};
use crate::cli::job::Job;
use crate::config::Config;
use crate::flow::replay::run::{Replayer, Run};
use crate::flow::replay::{Original, ReplayError};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Count the dead letters by kind, and list the newest
    List(list::Arguments<Which>),
    /// Show where a record failed, and why
    Show(show::Arguments),
    /// Process dead letters again, each with its own position; without --execute only say which ones
    Replay(replay::Arguments<Which>),
    /// Close dead letters that need no replay; without --execute only say which ones
    Resolve(resolve::Arguments<Which>),
}

pub(super) async fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let job = &Job::mirror(config)?;
    match command {
        Command::List(arguments) => list::run(arguments, job).await,
        Command::Show(arguments) => show::run::<OfTable>(arguments, job).await,
        Command::Replay(arguments) => replayed(arguments, config, job).await,
        Command::Resolve(arguments) => resolve::run(arguments, job).await,
    }
}

async fn replayed(arguments: &replay::Arguments<Which>, config: &Config, job: &Job) -> anyhow::Result<ExitCode> {
    let survey = job.survey().await?;
    let mut topics: Vec<String> = survey.logs.keys().map(|partition| partition.topic.to_string()).collect();
    topics.dedup();
    let Some(asked) = replay::begun(arguments, job, &topics).await? else { return Ok(ExitCode::SUCCESS) };
    let replays = super::replays(config)?;
    replays.tables.recall().await.context("the tables that are mirrored cannot be read")?;
    let (dlq_topic, reread) = (&config.mirror.dead_letter_topic, Reread { properties: job.kafka.clone(), group: job.group.clone() });
    let run = Run::new(&job.ledger, job.epoch, (dlq_topic, &reread), topics, &asked.wanted, OfTables(replays));
    replay::ended(job, dlq_topic, &asked, run).await.map(|(code, _)| code)
}

/// Replays letters of mirrored tables.
struct OfTables(Replays);

impl Replayer for OfTables {
    type About = OfTable;

    async fn replay(&mut self, originals: Vec<Original>, tally: &mut Tally) -> Result<(), ReplayError> {
        for Original { id, record } in originals {
            let replayed = self.0.one(&id, &record, tally).await.with_context(|| format!("letter {id}"));
            replayed.map_err(ReplayError::Other)?;
        }
        Ok(())
    }
}

/// Which letters of mirrored tables are meant.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Which {
    #[command(flatten)]
    of_all: OfAll,
    /// Only records of this table of the source
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: Option<String>,
}

impl Meant for Which {
    type About = OfTable;
    const KEY: &'static str = "--table";

    fn filter(&self, resolved: bool) -> Filter {
        self.of_all.about(self.table.as_ref(), resolved)
    }
}

//! `orderstream offsets`: shows where each partition stands in the ledger and in Kafka, and moves a partition by hand.

use std::process::ExitCode;

use super::job::Job;
pub(super) use crate::run::comparison::is_of;

mod reset;
pub(super) mod show;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show each partition: next offset, watermarks, lag, fates, who claimed it, and what is wrong; fails if anything is
    Show,
    /// Move the next offset of a partition; says what it would do, and does it with --execute
    Reset(reset::Arguments),
}

pub(super) async fn run(command: &Command, job: &Job) -> anyhow::Result<ExitCode> {
    let outcome = match command {
        Command::Show => show::run(job).await,
        Command::Reset(arguments) => reset::run(arguments, job).await,
    };
    job.ledger.close().await;
    outcome
}

//! `orderstream mirror dlq`: the dead letters of mirrored tables. The commands are those of the job `orders`; a letter is about a table.

use std::process::ExitCode;

use ledger::letters::Filter;
use mirror::letters::OfTable;

use crate::cli::dlq::{Meant, OfAll, list, resolve, show};
use crate::cli::job::Job;

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Count the dead letters by kind, and list the newest
    List(list::Arguments<Which>),
    /// Show where a record failed, and why
    Show(show::Arguments),
    /// Close dead letters that need no replay; without --execute only say which ones
    Resolve(resolve::Arguments<Which>),
}

pub(super) async fn run(command: &Command, job: &Job) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(arguments) => list::run(arguments, job).await,
        Command::Show(arguments) => show::run::<OfTable>(arguments, job).await,
        Command::Resolve(arguments) => resolve::run(arguments, job).await,
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

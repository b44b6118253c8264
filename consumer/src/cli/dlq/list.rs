//! `orderstream dlq list`: prints counts first, then the newest dead letters.

use std::process::ExitCode;

use ledger::letters::About as _;

use super::{Meant, histogram, unreadable};
use crate::cli::job::Job;
use crate::cli::print;
use crate::cli::table::Table;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments<M: Meant> {
    #[command(flatten)]
    which: M,
    /// Also list dead letters that are closed
    #[arg(long)]
    all: bool,
    /// How many are listed; all are counted
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(in crate::cli) async fn run<M: Meant>(arguments: &Arguments<M>, job: &Job) -> anyhow::Result<ExitCode> {
    let (filter, ledger) = (arguments.which.filter(arguments.all), &job.ledger);
    print(histogram(&unreadable(ledger.letter_counts::<M::About>(&filter).await)?))?;
    let letters = unreadable(ledger.newest_letters::<M::About>(&filter, arguments.limit.into()).await)?;
    if letters.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut table =
        Table::new(&["id", M::KEY.trim_start_matches('-'), "reason", "stage", "since (UTC)", "replays", "resolution", "message"]);
    for letter in letters {
        let key = letter.about.key().unwrap_or_else(|| "-".into());
        let since = letter.created_at.format("%Y-%m-%d %H:%M:%S").to_string();
        let resolution = letter.resolution.unwrap_or_else(|| "-".into());
        table.row(vec![letter.id, key, letter.reason, letter.stage, since, letter.replays.to_string(), resolution, letter.message]);
    }
    print(format_args!("\n{table}"))
}

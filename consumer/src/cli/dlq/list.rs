//! `orderstream dlq list`: prints counts first, then the newest dead letters.

use std::process::ExitCode;

use super::{Which, histogram, unreadable};
use crate::cli::print;
use crate::cli::table::Table;
use crate::run::assemble::Parts;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Also list dead letters that are closed
    #[arg(long)]
    all: bool,
    /// How many are listed; all are counted
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(arguments: &Arguments, parts: &Parts) -> anyhow::Result<ExitCode> {
    let (filter, results) = (arguments.which.filter(arguments.all), &parts.shared.results);
    print(histogram(&unreadable(results.letter_counts(&filter).await)?))?;
    let letters = unreadable(results.newest_letters(&filter, arguments.limit.into()).await)?;
    if letters.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["id", "key", "reason", "stage", "since (UTC)", "replays", "resolution", "message"]);
    for letter in letters {
        let key = letter.key().unwrap_or_else(|| "-".into());
        let since = letter.created_at.format("%Y-%m-%d %H:%M:%S").to_string();
        let resolution = letter.resolution.unwrap_or_else(|| "-".into());
        table.row(vec![letter.id, key, letter.reason, letter.stage, since, letter.replays.to_string(), resolution, letter.message]);
    }
    print(format_args!("\n{table}"))
}

//! `orderstream dlq`: lists, shows, replays and resolves dead letters. Payloads are shown only on request (P11).

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use ledger::letters::{About, Count, Filter};

use super::job::Job;
use super::table::Table;
use crate::config::Config;
use crate::health::plural;
use crate::results::dead_letters::OfShop;
use crate::run::assemble::assemble;

pub(super) mod list;
pub(super) mod replay;
pub(super) mod resolve;
pub(super) mod show;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Count the dead letters by kind, and list the newest
    List(list::Arguments<Which>),
    /// Show where a record failed, and why
    Show(show::Arguments),
    /// Process dead letters again; without --execute only say which ones
    Replay(replay::Arguments<Which>),
    /// Close dead letters that need no replay; without --execute only say which ones
    Resolve(resolve::Arguments<Which>),
}

pub(super) async fn run(command: &Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(arguments) => list::run(arguments, &Job::orders(&config)?).await,
        Command::Show(arguments) => show::run::<OfShop>(arguments, &Job::orders(&config)?).await,
        Command::Replay(arguments) => replay::run(arguments, &config, &assemble(&config)?).await,
        Command::Resolve(arguments) => resolve::run(arguments, &Job::orders(&config)?).await,
    }
}

/// Which letters of a job are meant.
pub(super) trait Meant: clap::Args {
    /// What the letters of the job are about.
    type About: About;
    /// The option that says what a letter is about.
    const KEY: &'static str;

    fn filter(&self, resolved: bool) -> Filter;
}

/// Which letters are meant, whatever the job.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OfAll {
    /// Only this reason, such as malformed or rejected_by_database; may be given more than once
    #[arg(long = "reason", value_name = "REASON")]
    reasons: Vec<String>,
    /// Only records of this topic
    #[arg(long)]
    topic: Option<String>,
    /// Only letters that are not older: 30m, 12h, 7d, or a time such as 2026-01-31T12:00:00Z
    #[arg(long, value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Only letters that are older
    #[arg(long, value_parser = time)]
    until: Option<DateTime<Utc>>,
}

impl OfAll {
    /// Those of these letters that are about `key`.
    pub(super) fn about(&self, key: Option<&String>, resolved: bool) -> Filter {
        let Self { reasons, topic, since, until } = self.clone();
        Filter { reasons, topic, key: key.cloned(), since, until, resolved, only_resolved: false, ids: Vec::new() }
    }
}

/// Which letters of the shop are meant.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Which {
    #[command(flatten)]
    of_all: OfAll,
    /// Only records of this order or customer, by the id in their key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

impl Meant for Which {
    type About = OfShop;
    const KEY: &'static str = "--key";

    fn filter(&self, resolved: bool) -> Filter {
        self.of_all.about(self.key.as_ref(), resolved)
    }
}

pub(super) fn time(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: i64 = number.parse().ok()?;
        let seconds = number.checked_mul(match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        })?;
        Utc::now().checked_sub_signed(TimeDelta::try_seconds(seconds)?)
    };
    let at = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    ago().or_else(at).ok_or_else(|| anyhow!("neither like 30m, 12h, 7d nor like 2026-01-31T12:00:00Z"))
}

/// The table of the dead letters' counts by kind.
fn histogram(counts: &[Count]) -> String {
    let mut table = Table::new(&["topic", "epoch", "reason", "replays", "letters"]);
    for count in counts {
        let Count { topic, epoch, reason, replays, letters } = count;
        table.row(vec![topic.clone(), epoch.to_string(), reason.clone(), replays.to_string(), letters.to_string()]);
    }
    let sum: i64 = counts.iter().map(|count| count.letters).sum();
    if counts.is_empty() { "no letters\n".into() } else { format!("{table}{sum} {}\n", plural(sum, "letter", "letters")) }
}

/// Adds to an error that the table of dead letters cannot be read.
fn unreadable<T, E: std::error::Error + Send + Sync + 'static>(result: Result<T, E>) -> anyhow::Result<T> {
    result.context("the dead letters cannot be read from Postgres")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ages_or_instants() {
        let hour = Utc::now() - time("1h").unwrap();
        assert!((3_599..=3_601).contains(&hour.num_seconds()), "{hour}");
        assert_eq!(time("2026-01-31T12:00:00Z").unwrap().to_rfc3339(), "2026-01-31T12:00:00+00:00");
        for wrong in ["", "h", "5", "5y", "yesterday", "9999999999999999d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}

//! `orderstream dlq replay`: reads dead letters from their topic in order and processes them again.
//!
//! The exit code says whether dead letters that were meant are still open, those beyond `--max` aside: 0 if none is, 1 if some are.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::letters::{Count, Tally};
use ledger::lock::{Lock, Work};

use super::{Meant, Which, histogram, unreadable};
use crate::cli::job::Job;
use crate::cli::{FAILED, print};
use crate::config::Config;
use crate::flow::replay::How;
use crate::flow::replay::alone::{self, Alone};
use crate::flow::replay::run::{News, Replayer, Run, Source, Wanted};
use crate::health::plural;
use crate::redis::progress::Point;
use crate::run::assemble::Parts;
use crate::shared::Topics;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments<M: Meant> {
    #[command(flatten)]
    which: M,
    /// Do it; without this nothing is changed
    #[arg(long)]
    execute: bool,
    /// Most dead letters per second
    #[arg(long, value_name = "LETTERS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Most dead letters
    #[arg(long, value_name = "LETTERS")]
    max: Option<u64>,
    /// Pass over dead letters that were replayed in vain this often
    #[arg(long, value_name = "TIMES", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    max_replays: i32,
}

pub(super) async fn run(arguments: &Arguments<Which>, config: &Config, parts: &Parts) -> anyhow::Result<ExitCode> {
    let (shared, job) = (&parts.shared, Job::orders(config)?);
    let reread = Reread { properties: parts.kafka.clone(), group: config.kafka.group_id.clone() };
    let read = Topics { orders: config.kafka.orders_topic.clone(), customers: config.kafka.customers_topic.clone() };
    let source = Source { dlq_topic: config.kafka.dead_letter_topic.clone(), topics: read, reread };
    let Some(replay) = begun(arguments, &job, &source.names()).await? else { return Ok(ExitCode::SUCCESS) };
    know_customers(config, parts).await?;
    let outcome = ended(&job, &source.dlq_topic, &replay, Run::orders(shared, &source, &replay.wanted)).await;
    if let Ok((_, Tally { unknown: 1.., .. })) = &outcome {
        let topic = config.kafka.customers_topic.as_deref().unwrap_or_default();
        print(format_args!(
            "Redis has no such customers, and {topic} does not tell whether they were deleted since; change the row of each in the shop, which sends \
             it anew\n"
        ))?;
    }
    outcome.map(|(code, _)| code)
}

/// A replay that an operator has asked for.
pub(in crate::cli) struct Asked {
    /// What is to be replayed.
    pub(in crate::cli) wanted: Wanted,
    /// The letters that are meant and left alone.
    left: u64,
    _lock: Lock,
}

/// Says which letters are meant and what is left alone of them. `None` if that is all that was asked for.
pub(in crate::cli) async fn begun<M: Meant>(arguments: &Arguments<M>, job: &Job, topics: &[String]) -> anyhow::Result<Option<Asked>> {
    let filter = arguments.which.filter(false);
    if let Some(topic) = filter.topic.as_ref().filter(|topic| !topics.contains(topic)) {
        bail!("letters of {topic} are not replayed, only those of {}", topics.join(" and "));
    }
    let counts = unreadable(job.ledger.letter_counts::<M::About>(&filter).await)?;
    print(histogram(&counts))?;
    let (left, why) = left_alone(&counts, topics, job.epoch, arguments.max_replays);
    print(why)?;
    if !arguments.execute {
        print("Nothing was changed; add --execute to replay them.\n")?;
        return Ok(None);
    }
    let Some(lock) = job.ledger.lock(Work::Replay).await? else {
        bail!("another `{} dlq replay` is running on this database; wait for it", job.program);
    };
    let wanted = Wanted { filter, rate: arguments.rate, max: arguments.max, max_replays: arguments.max_replays, how: How::Commit };
    Ok(Some(Asked { wanted, left, _lock: lock }))
}

/// Replays, tells what happens, and fails if letters that were meant are still open.
pub(in crate::cli) async fn ended<R: Replayer>(
    job: &Job,
    dlq_topic: &str,
    asked: &Asked,
    mut run: Run<'_, R>,
) -> anyhow::Result<(ExitCode, Tally)> {
    let mut printed = Ok(ExitCode::SUCCESS);
    let mut tell = |news: News<'_>| {
        printed = line(&news, dlq_topic, asked.wanted.max_replays).map_or(Ok(ExitCode::SUCCESS), print);
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let outcome = run.all(&mut tell).await;
    printed?;
    print(told(run.tally))?;
    outcome.context("the replay has ended early; what was replayed is recorded, and it goes on there when it is started again")?;
    let open = asked.left + run.left + run.tally.refused + run.tally.unknown;
    if open == 0 {
        return Ok((ExitCode::SUCCESS, run.tally));
    }
    let (stay, program) = (plural(open, "stays", "stay"), job.program);
    print(format_args!("{open} {stay} open; `{program} dlq list` has them, `{program} dlq resolve` closes what needs no replay\n"))?;
    Ok((ExitCode::from(FAILED), run.tally))
}

/// How many of the counted dead letters a replay does not touch, and why.
fn left_alone(counts: &[Count], topics: &[String], epoch: i32, max_replays: i32) -> (u64, String) {
    let left = alone::left_alone(counts, topics, epoch, max_replays);
    let line = |(why, letters): &(Alone, u64)| {
        let hint = if *why == Alone::TooOften { ": raise --max-replays to insist" } else { "" };
        format!("{letters} would be left alone, they {}{hint}\n", why.why(topics, epoch, max_replays))
    };
    (left.iter().map(|(_, letters)| letters).sum(), left.iter().map(line).collect())
}

/// Tells the lookup of customers what is committed of their topic, because the lookup asks whether Redis has as much (P8).
async fn know_customers(config: &Config, parts: &Parts) -> anyhow::Result<()> {
    let Some(topic) = &config.kafka.customers_topic else { return Ok(()) };
    let epoch = config.source.epoch;
    let committed = parts.shared.results.ledger.committed(epoch, topic).await?;
    parts.committed.set(committed.into_iter().map(|(partition, next_offset)| (partition, Point { epoch, next_offset })).collect());
    Ok(())
}

fn told(tally: Tally) -> String {
    let Tally { applied, stale, ignored, refused, unknown } = tally;
    let mut text = format!("replayed: {applied} applied, {stale} stale, {ignored} with nothing to do, {refused} refused again\n");
    if unknown > 0 {
        text += &format!("{unknown} left alone: nothing tells what came after them\n");
    }
    text
}

/// The line about what happens during a replay; `None` if it is worth none.
fn line(news: &News<'_>, dlq_topic: &str, max_replays: i32) -> Option<String> {
    match news {
        News::Gone(partition, letters) => {
            let gone = plural(*letters, "letter is", "letters are");
            Some(format!("partition {partition}: {letters} {gone} gone from {dlq_topic} by its retention\n"))
        }
        News::TooOften(id) => Some(format!("{id}: its header says that it was replayed {max_replays} times or more; left alone\n")),
        News::Homeless(id) => Some(format!("{id}: its headers do not say where it comes from; left alone\n")),
        News::Through(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_alone_is_said_with_its_reason() {
        let count = |topic: &str, epoch, replays| Count { topic: topic.into(), epoch, reason: "invalid".into(), replays, letters: 2 };
        let counts = [count("orders", 1, 0), count("orders", 0, 5), count("orders", 1, 3), count("customers", 1, 0)];
        let (left, text) = left_alone(&counts, &["orders".to_owned()], 1, 3);
        assert_eq!(left, 6);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("not read") && text.contains("another epoch than 1") && text.contains("3 times or more"), "{text}");
        assert_eq!(left_alone(&counts[..1], &["orders".to_owned()], 1, 3), (0, String::new()));
    }
}

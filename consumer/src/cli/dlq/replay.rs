//! `orderstream dlq replay`: letters read from the dead letter topic in order and processed again.
//!
//! The topic is read as a stream, so a backlog of any size takes the memory of a few batches (P10). What is dealt with is recorded with the
//! change itself, so a replay that was interrupted goes on where it was when it is started again.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{Which, histogram, unreadable};
use crate::assemble::Parts;
use crate::cli::{offsets, print};
use crate::config::Config;
use crate::dead_letter;
use crate::flow::Flow;
use crate::progress::Point;
use crate::record::Record;
use crate::replay::{self, Original};
use crate::reread::Reread;
use crate::results::dead_letters::{Count, Filter, Replayable};
use crate::results::lock::Work;
use crate::results::replay::Tally;
use crate::source::survey;

/// Letters in one transaction.
const CHUNK: usize = 200;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Do it; without this nothing is changed
    #[arg(long)]
    execute: bool,
    /// Letters per second at most
    #[arg(long, value_name = "LETTERS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Letters at most
    #[arg(long, value_name = "LETTERS")]
    max: Option<u64>,
    /// Leave letters alone that were replayed in vain so often
    #[arg(long, value_name = "TIMES", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    max_replays: i32,
}

pub(super) async fn run(arguments: &Arguments, config: &Config, parts: &Parts) -> anyhow::Result<ExitCode> {
    let (flow, orders_topic) = (&parts.flow, &config.kafka.orders_topic);
    let mut filter = arguments.which.filter(false);
    let counts = unreadable(flow.results.letter_counts(&filter).await)?;
    print(histogram(&counts))?;
    print(left_alone(&counts, orders_topic, config.source.epoch, arguments.max_replays))?;
    if !arguments.execute {
        return print("Nothing was changed; add --execute to replay them.\n");
    }
    let Some(_lock) = flow.results.lock(Work::Replay).await? else {
        bail!("another `orderstream dlq replay` is running on this database; wait for it");
    };
    if filter.topic.as_ref().is_some_and(|topic| topic != orders_topic) {
        bail!("only letters of {orders_topic} are replayed");
    }
    filter.topic = Some(orders_topic.clone());
    know_customers(config, parts).await?;
    let mut run = Run { flow, arguments, filter, config, began: Instant::now(), taken: 0, tally: Tally::default() };
    let reread = Reread { properties: parts.kafka.clone(), group: config.kafka.group_id.clone() };
    let outcome = run.all(&reread).await;
    let Tally { applied, stale, ignored, refused } = run.tally;
    print(format_args!("replayed: {applied} applied, {stale} stale, {ignored} with nothing to do, {refused} refused again\n"))?;
    outcome.context("the replay has ended early; what was replayed is recorded, and it goes on there when it is started again")?;
    Ok(ExitCode::SUCCESS)
}

/// Which of the counted letters a replay does not touch, and why.
fn left_alone(counts: &[Count], orders_topic: &str, epoch: i32, max_replays: i32) -> String {
    let sum = |is: &dyn Fn(&&Count) -> bool| counts.iter().filter(is).map(|count| count.letters).sum::<i64>();
    let is_order = |count: &&Count| count.topic == orders_topic;
    let others = sum(&|count| !is_order(count));
    let old = sum(&|count| is_order(count) && count.epoch != epoch);
    let often = sum(&|count| is_order(count) && count.epoch == epoch && count.replays >= max_replays);
    let lines = [
        (others, "are not of orders: change the customer's row in the shop, which sends it anew".to_owned()),
        (old, format!("are of another epoch than {epoch}: its snapshot has overtaken them")),
        (often, format!("were replayed in vain {max_replays} times or more: raise --max-replays to insist")),
    ];
    lines.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} would be left alone, they {why}\n")).collect()
}

/// The lookup of customers asks whether Redis has as much as is committed (P8).
async fn know_customers(config: &Config, parts: &Parts) -> anyhow::Result<()> {
    let Some(topic) = &config.kafka.customers_topic else { return Ok(()) };
    let epoch = config.source.epoch;
    let committed = parts.flow.results.committed(epoch, topic).await?;
    parts.committed.set(committed.into_iter().map(|(partition, next_offset)| (partition, Point { epoch, next_offset })).collect());
    Ok(())
}

/// A replay under way.
struct Run<'a> {
    flow: &'a Flow,
    arguments: &'a Arguments,
    filter: Filter,
    config: &'a Config,
    began: Instant,
    taken: u64,
    tally: Tally,
}

impl Run<'_> {
    async fn all(&mut self, reread: &Reread) -> anyhow::Result<()> {
        let dlq_topic = self.config.kafka.dead_letter_topic.as_str();
        let topics = vec![dlq_topic.to_owned()];
        let survey = offsets::asked(self.config, move |properties, group| survey::survey(properties, group, &topics)).await?;
        let of = Replayable { dlq_topic, epoch: self.config.source.epoch, max_replays: self.arguments.max_replays };
        let topic: Arc<str> = dlq_topic.into();
        for stretch in self.flow.results.stretches(&self.filter, of).await? {
            let log = survey.logs.iter().find(|(partition, _)| partition.number == stretch.dlq_partition).map(|(_, log)| *log);
            let Some(log) = log else { bail!("{dlq_topic} has no partition {}", stretch.dlq_partition) };
            if stretch.first < log.low {
                let gone = log.low - stretch.first;
                print(format_args!(
                    "partition {}: up to {gone} letters are gone from {dlq_topic} by its retention\n",
                    stretch.dlq_partition
                ))?;
            }
            let offsets = stretch.first.max(log.low)..(stretch.last + 1).min(log.high);
            let mut batches = reread.start(&topic, stretch.dlq_partition, offsets);
            while let Some(records) = batches.next().await {
                if !self.batch(records?, of, stretch.dlq_partition).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// False once `--max` is reached.
    async fn batch(&mut self, records: Vec<Record>, of: Replayable<'_>, dlq_partition: i32) -> anyhow::Result<bool> {
        let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
        let letters = self.flow.results.letters_at(&self.filter, of, dlq_partition, &offsets).await?;
        let mut originals = Vec::with_capacity(letters.len());
        for record in records {
            let Some(letter) = letters.iter().find(|letter| letter.dlq_offset == record.offset) else { continue };
            // A record that was put on its topic by hand has a count of its own.
            if dead_letter::replays(&record) >= u32::try_from(of.max_replays).unwrap_or(0) {
                continue;
            }
            match dead_letter::original(record) {
                Some(record) if dead_letter::dlq_id(&record, of.epoch) == letter.id => {
                    originals.push(Original { id: letter.id.clone(), record });
                }
                _ => print(format_args!("{}: its headers do not say where it comes from; left alone\n", letter.id)).map(drop)?,
            }
        }
        let room = self.arguments.max.map_or(usize::MAX, |max| usize::try_from(max - self.taken.min(max)).unwrap_or(usize::MAX));
        let is_last = originals.len() >= room;
        originals.truncate(room);
        let chunk = self.arguments.rate.map_or(CHUNK, |rate| CHUNK.min(rate as usize));
        for originals in originals.chunks(chunk) {
            self.chunk(originals).await?;
        }
        Ok(!is_last)
    }

    async fn chunk(&mut self, originals: &[Original]) -> anyhow::Result<()> {
        if let Some(rate) = self.arguments.rate {
            let due = self.began + Duration::from_secs_f64(self.taken as f64 / f64::from(rate));
            tokio::time::sleep_until(due.into()).await;
        }
        let more = replay::replay(self.flow, originals).await?;
        self.taken += originals.len() as u64;
        self.tally.applied += more.applied;
        self.tally.stale += more.stale;
        self.tally.ignored += more.ignored;
        self.tally.refused += more.refused;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_alone_is_said_with_its_reason() {
        let count = |topic: &str, epoch, replays| Count { topic: topic.into(), epoch, reason: "invalid".into(), replays, letters: 2 };
        let counts = [count("orders", 1, 0), count("orders", 0, 5), count("orders", 1, 3), count("customers", 1, 0)];
        let text = left_alone(&counts, "orders", 1, 3);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("not of orders") && text.contains("another epoch than 1") && text.contains("3 times or more"), "{text}");
        assert_eq!(left_alone(&counts[..1], "orders", 1, 3), "");
    }
}

//! `orderstream dlq replay`: reads dead letters from their topic in order and processes them again.
//!
//! The topic is read as a stream, so a backlog of any size takes the memory of a few batches (P10). Each result is recorded in the
//! transaction of the change itself, so a replay that was interrupted goes on where it was when it is started again. The exit code says
//! whether dead letters that were meant are still open, those beyond `--max` aside: 0 if none is, 1 if some are.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use change::record::Record;
use kafka::dead_letter;
use kafka::reread::Reread;
use kafka::source::survey;
use ledger::lock::Work;

use super::{Which, histogram, unreadable};
use crate::cli::{FAILED, offsets, print};
use crate::config::Config;
use crate::flow::replay::customers::CustomersLog;
use crate::flow::replay::{self, Original};
use crate::redis::progress::Point;
use crate::results::dead_letters::{Count, Filter, Letter, Replayable};
use crate::results::replay::Tally;
use crate::run::assemble::Parts;
use crate::shared::Shared;

/// Dead letters in one transaction.
const CHUNK: usize = 200;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
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

pub(super) async fn run(arguments: &Arguments, config: &Config, parts: &Parts) -> anyhow::Result<ExitCode> {
    let (shared, topics) = (&parts.shared, offsets::topics(config));
    let filter = arguments.which.filter(false);
    if let Some(topic) = filter.topic.as_ref().filter(|topic| !topics.contains(topic)) {
        bail!("letters of {topic} are not replayed, only those of {}", topics.join(" and "));
    }
    let counts = unreadable(shared.results.letter_counts(&filter).await)?;
    print(histogram(&counts))?;
    let (left, why) = left_alone(&counts, &topics, config.source.epoch, arguments.max_replays);
    print(why)?;
    if !arguments.execute {
        return print("Nothing was changed; add --execute to replay them.\n");
    }
    let Some(_lock) = shared.results.ledger.lock(Work::Replay).await? else {
        bail!("another `orderstream dlq replay` is running on this database; wait for it");
    };
    know_customers(config, parts).await?;
    let reread = Reread { properties: parts.kafka.clone(), group: config.kafka.group_id.clone() };
    let customers = customers_log(config, &reread).await?;
    let (began, taken, tally) = (Instant::now(), 0, Tally::default());
    let mut run = Run { shared, arguments, filter, config, topics, customers, began, taken, tally, left };
    let outcome = run.all(&reread).await;
    print(told(run.tally, config))?;
    outcome.context("the replay has ended early; what was replayed is recorded, and it goes on there when it is started again")?;
    let open = run.left + run.tally.refused + run.tally.unknown;
    if open == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    print(format_args!("{open} stay open; `orderstream dlq list` has them, `orderstream dlq resolve` closes what needs no replay\n"))?;
    Ok(ExitCode::from(FAILED))
}

/// How many of the counted dead letters a replay does not touch, and why.
fn left_alone(counts: &[Count], topics: &[String], epoch: i32, max_replays: i32) -> (u64, String) {
    let sum = |is: &dyn Fn(&&Count) -> bool| counts.iter().filter(is).map(|count| count.letters).sum::<i64>();
    let is_read = |count: &&Count| topics.contains(&count.topic);
    let others = sum(&|count| !is_read(count));
    let old = sum(&|count| is_read(count) && count.epoch != epoch);
    let often = sum(&|count| is_read(count) && count.epoch == epoch && count.replays >= max_replays);
    let lines = [
        (others, format!("are of topics that are not read: only those of {} are replayed", topics.join(" and "))),
        (old, format!("are of another epoch than {epoch}: its snapshot has overtaken them")),
        (often, format!("were replayed in vain {max_replays} times or more: raise --max-replays to insist")),
    ];
    let text =
        lines.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} would be left alone, they {why}\n")).collect();
    ((others + old + often).unsigned_abs(), text)
}

/// Tells the lookup of customers what is committed of their topic, because the lookup asks whether Redis has as much (P8).
async fn know_customers(config: &Config, parts: &Parts) -> anyhow::Result<()> {
    let Some(topic) = &config.kafka.customers_topic else { return Ok(()) };
    let epoch = config.source.epoch;
    let committed = parts.shared.results.ledger.committed(epoch, topic).await?;
    parts.committed.set(committed.into_iter().map(|(partition, next_offset)| (partition, Point { epoch, next_offset })).collect());
    Ok(())
}

/// The log of the customers' topic, for dead letters whose customer is not in Redis.
async fn customers_log(config: &Config, reread: &Reread) -> anyhow::Result<CustomersLog> {
    let Some(topic) = config.kafka.customers_topic.clone() else { return Ok(CustomersLog::new(Vec::new(), reread.clone())) };
    let survey = offsets::asked(config, move |properties, group| survey::survey(properties, group, &[topic])).await?;
    Ok(CustomersLog::new(survey.logs.into_iter().collect(), reread.clone()))
}

fn told(tally: Tally, config: &Config) -> String {
    let Tally { applied, stale, ignored, refused, unknown } = tally;
    let mut text = format!("replayed: {applied} applied, {stale} stale, {ignored} with nothing to do, {refused} refused again\n");
    if unknown > 0 {
        let topic = config.kafka.customers_topic.as_deref().unwrap_or_default();
        text += &format!(
            "{unknown} left alone: Redis has no such customer, and {topic} does not tell whether it was deleted since; change the customer's \
             row in the shop, which sends it anew\n"
        );
    }
    text
}

/// A replay under way.
struct Run<'a> {
    shared: &'a Shared,
    arguments: &'a Arguments,
    filter: Filter,
    config: &'a Config,
    /// The topics whose dead letters can be replayed.
    topics: Vec<String>,
    customers: CustomersLog,
    began: Instant,
    taken: u64,
    tally: Tally,
    /// Dead letters that are meant and were not tried.
    left: u64,
}

impl Run<'_> {
    async fn all(&mut self, reread: &Reread) -> anyhow::Result<()> {
        let dlq_topic = self.config.kafka.dead_letter_topic.as_str();
        let topics = vec![dlq_topic.to_owned()];
        let survey = offsets::asked(self.config, move |properties, group| survey::survey(properties, group, &topics)).await?;
        let read = self.topics.clone();
        let of = Replayable { dlq_topic, topics: &read, epoch: self.config.source.epoch, max_replays: self.arguments.max_replays };
        let topic: Arc<str> = dlq_topic.into();
        for stretch in self.shared.results.stretches(&self.filter, of).await? {
            let log = survey.logs.iter().find(|(partition, _)| partition.number == stretch.dlq_partition).map(|(_, log)| *log);
            let Some(log) = log else { bail!("{dlq_topic} has no partition {}", stretch.dlq_partition) };
            if stretch.first < log.low {
                let (partition, filter) = (stretch.dlq_partition, &self.filter);
                let gone = self.shared.results.letters_before(filter, of, partition, log.low).await?;
                self.left += gone;
                print(format_args!("partition {partition}: {gone} letters are gone from {dlq_topic} by its retention\n"))?;
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

    /// Replays the dead letters of one batch. Returns false when `--max` is reached.
    async fn batch(&mut self, records: Vec<Record>, of: Replayable<'_>, dlq_partition: i32) -> anyhow::Result<bool> {
        let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
        let letters = self.shared.results.letters_at(&self.filter, of, dlq_partition, &offsets).await?;
        let letters: HashMap<i64, Letter> = letters.into_iter().map(|letter| (letter.dlq_offset, letter)).collect();
        let mut originals = Vec::with_capacity(letters.len());
        for record in records {
            let Some(letter) = letters.get(&record.offset) else { continue };
            // A record that was put on its topic by hand has a count of its own in a header.
            if dead_letter::replays(&record) >= u32::try_from(of.max_replays).unwrap_or(0) {
                self.left += 1;
                print(format_args!("{}: its header says that it was replayed {} times or more; left alone\n", letter.id, of.max_replays))?;
                continue;
            }
            match dead_letter::original(record) {
                Some(record) if dead_letter::dlq_id(&record, of.epoch) == letter.id => {
                    originals.push(Original { id: letter.id.clone(), record });
                }
                _ => {
                    self.left += 1;
                    print(format_args!("{}: its headers do not say where it comes from; left alone\n", letter.id))?;
                }
            }
        }
        let room = self.arguments.max.map_or(usize::MAX, |max| usize::try_from(max - self.taken.min(max)).unwrap_or(usize::MAX));
        let is_last = originals.len() >= room;
        originals.truncate(room);
        let chunk = self.arguments.rate.map_or(CHUNK, |rate| CHUNK.min(rate as usize));
        while !originals.is_empty() {
            let rest = originals.split_off(chunk.min(originals.len()));
            self.chunk(std::mem::replace(&mut originals, rest)).await?;
        }
        Ok(!is_last)
    }

    async fn chunk(&mut self, originals: Vec<Original>) -> anyhow::Result<()> {
        if let Some(rate) = self.arguments.rate {
            let due = self.began + Duration::from_secs_f64(self.taken as f64 / f64::from(rate));
            tokio::time::sleep_until(due.into()).await;
        }
        self.taken += originals.len() as u64;
        let is_of_customers = |original: &Original| self.config.kafka.customers_topic.as_deref() == Some(&*original.record.topic);
        let (of_customers, of_orders): (Vec<Original>, Vec<Original>) = originals.into_iter().partition(is_of_customers);
        // Customers come first, so that an order of the same chunk finds its customer.
        if !of_customers.is_empty() {
            self.tally += replay::customers::replay(self.shared, &mut self.customers, &of_customers).await?;
        }
        if !of_orders.is_empty() {
            self.tally += replay::replay(self.shared, &of_orders).await?;
        }
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
        let (left, text) = left_alone(&counts, &["orders".to_owned()], 1, 3);
        assert_eq!(left, 6);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("not read") && text.contains("another epoch than 1") && text.contains("3 times or more"), "{text}");
        assert_eq!(left_alone(&counts[..1], &["orders".to_owned()], 1, 3), (0, String::new()));
    }
}

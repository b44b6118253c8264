//! `orderstream offsets reset`: moves a partition's next offset by hand, and says before what the move means.
//!
//! The move is safe beside running processes: the generation moves in the same transaction, so that a worker of the partition can write
//! nothing more (P4) and claims again from the new offset. Records that are read again change nothing (P5); records that are skipped are
//! lost (P2). All the same the move is refused while a process works on the partition, because an operator who moves the offset then is
//! likely to be mistaken. A partition that the ledger itself keeps from being claimed has nobody working on it, and is moved.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context, bail};
use kafka::source::survey::{self, Group, Processed};
use kafka::source::{TopicPartition, Watermarks};
use ledger::offsets::{Entry, Reset};

use super::is_of;
use super::show::problem;
use crate::cli::job::Job;
use crate::cli::print;
use crate::health::plural;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The topic
    #[arg(long)]
    topic: String,
    /// The partition
    #[arg(long)]
    partition: i32,
    #[command(flatten)]
    target: Target,
    /// Do it; without this nothing is changed
    #[arg(long)]
    execute: bool,
    /// Also while a process works on the partition: it is fenced and claims again from the new offset
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// The next offset to be processed
    #[arg(long, value_name = "OFFSET")]
    to: Option<i64>,
    /// The first offset that Kafka still has
    #[arg(long)]
    to_low: bool,
    /// Behind the last record that Kafka has
    #[arg(long)]
    to_high: bool,
}

impl Target {
    fn offset(self, log: Watermarks) -> i64 {
        self.to.unwrap_or(if self.to_high { log.high } else { log.low })
    }
}

pub(super) async fn run(arguments: &Arguments, job: &Job) -> anyhow::Result<ExitCode> {
    let Arguments { topic, partition, target, execute, force } = arguments;
    let survey = job.survey().await?;
    if !survey.logs.keys().any(|known| *known.topic == **topic) {
        bail!("{topic} is not one of the topics that {} reads: {}", job.program, job.topics.join(", "));
    }
    let Some((place, log)) = survey.logs.iter().find(|(known, _)| *known.topic == **topic && known.number == *partition) else {
        bail!("topic {topic} has no partition {partition}");
    };
    let to = target.offset(*log);
    if !log.hold(to) {
        bail!("offset {to} is not in the log of {topic}-{partition}, which has {} to {}", log.low, log.high);
    }
    let entries = job.ledger.entries(job.epoch).await.context("the ledger cannot be read")?;
    let entry = entries.iter().find(|entry| is_of(entry, place));
    print(plan(entry, *log, to, job.again))?;
    if entry.is_some_and(|entry| problem(entry, *log, &survey).is_ok()) && !force {
        let of_topic = job.group_of(topic);
        let group = job.asked(move |properties, _| survey::group(properties, &of_topic)).await?;
        working(&group, topic, *partition)?;
    }
    if !force {
        keeps_its_records(entry, place, to, job).await?;
    }
    if !execute {
        return print("Nothing was changed; add --execute to do it.\n");
    }
    let by = format!("offsets reset on {}", crate::flow::claim::host());
    let cluster_id = survey.cluster_id.as_deref();
    let reset = Reset { epoch: job.epoch, topic, partition: *partition, to, by: &by, cluster_id };
    let unknown = "unless Postgres refused, the outcome is unknown; see `orderstream offsets show`";
    let (before, generation) = job.ledger.reset(&reset).await.with_context(|| job.words(unknown).into_owned())?;
    let before = before.map_or("nowhere".to_owned(), |offset| offset.to_string());
    print(format_args!(
        "Done: {topic}-{partition} moved from {before} to {to}, generation {generation}. A running process follows within seconds.\n"
    ))
}

/// Fails if the partition is to go on where it stands and another record than the last processed one stands before that offset: the topic was
/// copied from another cluster without its offsets, or made anew, and to go on would skip or repeat events (P2).
async fn keeps_its_records(entry: Option<&Entry>, partition: &TopicPartition, to: i64, job: &Job) -> anyhow::Result<()> {
    let Some(landmark) = entry.filter(|entry| entry.next_offset == to).and_then(|entry| entry.landmark) else { return Ok(()) };
    let known = vec![Processed { partition: partition.clone(), landmark, next: to }];
    let other = job.asked(move |properties, group| survey::other_logs(properties, group, known)).await?;
    other.first().map_or(Ok(()), |reason| bail!("{}", job.words(&reason.to_string())))
}

/// Fails if a member of the group has the partition, or may have it.
fn working(group: &Group, topic: &str, partition: i32) -> anyhow::Result<()> {
    let force = "add --force: its worker is fenced, writes nothing more, and goes on from the new offset";
    let members = match group {
        Group::Settled(members) => members,
        Group::Moving(state) => bail!("the consumer group is handing out partitions ({state}). Try again in some seconds, or {force}"),
    };
    match members.iter().find(|member| member.partitions.iter().any(|(name, number)| name == topic && *number == partition)) {
        None => Ok(()),
        Some(member) => bail!(
            "{topic}-{partition} is being worked on by a process on {} (client id {}). Stop it first, or {force}",
            member.host,
            member.client_id
        ),
    }
}

/// Says what the move means. Offsets have gaps, so the numbers of records are upper bounds.
fn plan(entry: Option<&Entry>, log: Watermarks, to: i64, again: &str) -> String {
    let mut text = format!("Kafka has offsets {} to {}.\n", log.low, log.high);
    let Some(entry) = entry else {
        let skipped = to - log.low;
        let records = plural(skipped, "record", "records");
        writeln!(text, "The partition was never claimed. It would begin at {to}: up to {skipped} {records} would be SKIPPED.").ok();
        return text;
    };
    let next = entry.next_offset;
    writeln!(
        text,
        "The next offset is {next} and would be {to}; generation {} would be followed by {}.",
        entry.generation,
        entry.generation + 1
    )
    .ok();
    let gone = log.low.saturating_sub(next).max(0);
    if gone > 0 {
        writeln!(
            text,
            "{gone} offsets from {next} on are gone from Kafka already: whatever changed there is LOST, unless it is snapshot again."
        )
        .ok();
    }
    let skipped = to - next.max(log.low);
    if next > log.high {
        writeln!(
            text,
            "The stored offset is above Kafka's last: the topic was made anew or has lost its end. Records below offset {next} would count as \
             older than what is stored and would change nothing: raise source.epoch instead."
        )
        .ok();
    } else if skipped > 0 {
        let records = plural(skipped, "record", "records");
        writeln!(text, "Up to {skipped} {records} would be SKIPPED: what they change would never arrive, unless it is snapshot again.")
            .ok();
    } else if skipped < 0 {
        let records = plural(-skipped, "record", "records");
        writeln!(text, "Up to {} {records} would be read again: {again}.", -skipped).ok();
    } else {
        text.push_str("No record that Kafka has would be skipped or read again.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use change::fate::Fates;

    fn said(next_offset: i64, to: i64) -> String {
        let entry = Entry {
            topic: "orders".into(),
            partition: 0,
            next_offset,
            generation: 3,
            claimed_by: String::new(),
            claimed_at: chrono::DateTime::UNIX_EPOCH,
            cluster_id: None,
            fates: Fates::default(),
            landmark: None,
            stopped: None,
        };
        plan(Some(&entry), Watermarks { low: 10, high: 30 }, to, "each changes nothing")
    }

    #[track_caller]
    fn says(text: &str, part: &str) {
        assert!(text.contains(part), "{part} is not in {text}");
    }

    #[test]
    fn the_plan_says_what_is_skipped_repeated_and_gone() {
        says(&said(20, 25), "Up to 5 records would be SKIPPED");
        says(&said(20, 12), "Up to 8 records would be read again");
        says(&said(20, 20), "No record that Kafka has");
        says(&said(4, 10), "6 offsets from 4 on are gone");
        says(&said(4, 10), "No record that Kafka has");
        says(&said(4, 13), "Up to 3 records would be SKIPPED");
        says(&said(40, 10), "raise source.epoch instead");
        says(&plan(None, Watermarks { low: 10, high: 30 }, 30, ""), "up to 20 records would be SKIPPED");
    }

    #[test]
    fn a_partition_that_a_member_has_is_refused() {
        let member = survey::Member { client_id: "c".into(), host: "h".into(), partitions: vec![("orders".into(), 1)] };
        let group = Group::Settled(vec![member]);
        assert!(working(&group, "orders", 0).is_ok());
        assert!(working(&group, "orders", 1).unwrap_err().to_string().contains("--force"));
        assert!(working(&Group::Moving("PreparingRebalance".into()), "orders", 0).is_err());
    }
}

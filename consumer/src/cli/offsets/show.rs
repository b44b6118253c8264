//! `orderstream offsets show`: prints the ledger beside Kafka's watermarks, and what would keep a partition from being claimed.

use std::process::ExitCode;

use anyhow::Context;
use kafka::source::survey::{self, Processed, Survey};
use kafka::source::{StopReason, TopicPartition, Watermarks};
use ledger::claim::{ClaimError, acceptable};
use ledger::offsets::Entry;

use super::is_of;
use crate::cli::job::Job;
use crate::cli::table::Table;
use crate::cli::{FAILED, print};

const HEADING: [&str; 14] = [
    "topic",
    "partition",
    "next",
    "low",
    "high",
    "lag",
    "applied",
    "stale",
    "ignored",
    "dead",
    "generation",
    "claimed by",
    "claimed at (UTC)",
    "state",
];

pub(super) async fn run(job: &Job) -> anyhow::Result<ExitCode> {
    let epoch = job.epoch;
    let entries = job.ledger.entries(epoch).await.context("the ledger cannot be read")?;
    let epochs = job.ledger.epochs().await?;
    let (survey, table, problems) = compared(job, &entries).await?;
    print(format_args!("source.epoch {epoch}, cluster {}\n\n{table}", survey.cluster_id.as_deref().unwrap_or("unknown")))?;
    let others: Vec<String> = epochs.iter().filter(|other| **other != epoch).map(ToString::to_string).collect();
    if !others.is_empty() {
        print(format_args!("\nThe ledger also has offsets of epoch {}; set SOURCE_EPOCH to see them.\n", others.join(", ")))?;
    }
    for problem in &problems {
        print(format_args!("\n{problem}\n"))?;
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What Kafka says, the table of all partitions, and what is wrong with some.
async fn compared(job: &Job, entries: &[Entry]) -> anyhow::Result<(Survey, Table, Vec<String>)> {
    let survey = job.survey().await?;
    let claimable = processed(entries, &survey);
    let other_logs = job.asked(move |properties, group| survey::other_logs(properties, group, claimable)).await?;
    let (table, problems) = report(entries, &survey, &other_logs);
    Ok((survey, table, problems.iter().map(|problem| job.words(problem).into_owned()).collect()))
}

/// What keeps some of these partitions from being worked on.
pub(in crate::cli) async fn problems(job: &Job, entries: &[Entry]) -> anyhow::Result<Vec<String>> {
    Ok(compared(job, entries).await?.2)
}

/// The partitions that a claim would accept and whose landmark is known: the record by which their log is known again.
fn processed(entries: &[Entry], survey: &Survey) -> Vec<Processed> {
    let of = |(partition, log): (&TopicPartition, &Watermarks)| {
        let entry = entries.iter().find(|entry| is_of(entry, partition))?;
        problem(entry, *log, survey).ok()?;
        Some(Processed { partition: partition.clone(), landmark: entry.landmark?, next: entry.next_offset })
    };
    survey.logs.iter().filter_map(of).collect()
}

fn report(entries: &[Entry], survey: &Survey, other_logs: &[StopReason]) -> (Table, Vec<String>) {
    let (mut table, mut problems) = (Table::new(&HEADING), Vec::new());
    for (partition, log) in &survey.logs {
        let entry = entries.iter().find(|entry| is_of(entry, partition));
        let refused = entry.and_then(|entry| problem(entry, *log, survey).err()).map(|error| error.to_string());
        let is_here = |reason: &&StopReason| matches!(reason, StopReason::AnotherLog { partition: other, .. } if other == partition);
        let stopped = || Some(format!("{partition}: {}", entry?.stopped.as_ref()?));
        let problem = refused.or_else(|| other_logs.iter().find(is_here).map(ToString::to_string)).or_else(stopped);
        table.row(row(partition, entry, *log, problem.is_some()));
        problems.extend(problem);
    }
    for entry in entries.iter().filter(|entry| !survey.logs.keys().any(|partition| is_of(entry, partition))) {
        problems.push(format!(
            "{}-{}: the ledger knows this partition and Kafka does not, or the topic is not configured any more",
            entry.topic, entry.partition
        ));
    }
    (table, problems)
}

/// Whether a claim of the partition would be refused, and why.
pub(super) fn problem(entry: &Entry, log: Watermarks, survey: &Survey) -> Result<(), ClaimError> {
    acceptable(entry, log.low, log.high, survey.cluster_id.as_deref())
}

fn row(partition: &TopicPartition, entry: Option<&Entry>, log: Watermarks, is_wrong: bool) -> Vec<String> {
    let mut cells = vec![partition.topic.to_string(), partition.number.to_string()];
    let Some(entry) = entry else {
        cells.extend(["-".to_owned(), log.low.to_string(), log.high.to_string(), (log.high - log.low).to_string()]);
        cells.extend(["-"; 7].map(str::to_owned));
        cells.push("never claimed".into());
        return cells;
    };
    let (fates, lag) = (entry.fates, (log.high - entry.next_offset).max(0));
    cells.extend([entry.next_offset, log.low, log.high, lag].map(|number| number.to_string()));
    cells.extend([fates.applied, fates.stale, fates.ignored, fates.dead_lettered].map(|number| number.to_string()));
    cells.extend([entry.generation.to_string(), entry.claimed_by.clone(), entry.claimed_at.format("%Y-%m-%d %H:%M:%S").to_string()]);
    cells.push(if is_wrong { "STOPPED, see below" } else { "ok" }.into());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use change::fate::Fates;
    use change::record::Landmark;

    fn entry(partition: i32, next_offset: i64, cluster: &str) -> Entry {
        Entry {
            topic: "orders".into(),
            partition,
            next_offset,
            generation: 3,
            claimed_by: "host/1".into(),
            claimed_at: chrono::DateTime::UNIX_EPOCH,
            cluster_id: Some(cluster.into()),
            fates: Fates { applied: 5, ..Fates::default() },
            landmark: None,
            stopped: None,
        }
    }

    fn survey() -> Survey {
        let log = |number| (TopicPartition { topic: "orders".into(), number }, Watermarks { low: 10, high: 30 });
        Survey { cluster_id: Some("here".into()), logs: (0..3).map(log).collect() }
    }

    #[test]
    fn each_partition_of_kafka_has_a_row_with_its_lag() {
        let (table, problems) = report(&[entry(0, 12, "here"), entry(1, 30, "here")], &survey(), &[]);
        let text = table.to_string();
        let lags: Vec<&str> = text.lines().skip(1).map(|line| line.split_whitespace().nth(5).unwrap()).collect();
        assert_eq!(lags, ["18", "0", "20"]);
        assert!(text.contains("never claimed") && problems.is_empty(), "{text} {problems:?}");
    }

    #[test]
    fn a_partition_whose_log_is_another_one_is_stopped() {
        let landmark = Landmark { offset: 19, timestamp_ms: 5 };
        let known = Entry { landmark: Some(landmark), ..entry(1, 20, "here") };
        let entries = [entry(0, 12, "here"), known, Entry { landmark: Some(landmark), ..entry(2, 20, "there") }];
        let asked = processed(&entries, &survey());
        let [Processed { partition, next: 20, .. }] = &asked[..] else { panic!("{asked:?}") };
        let reason = StopReason::AnotherLog { partition: partition.clone(), landmark, next: 20 };
        let (table, problems) = report(&entries[..2], &survey(), &[reason]);
        assert_eq!(table.to_string().matches("STOPPED").count(), 1);
        assert!(matches!(&problems[..], [problem] if problem.contains("--partition 1 --to 20 --force")), "{problems:?}");
    }

    #[test]
    fn what_its_process_has_stopped_is_stopped_and_says_why() {
        let stopped = Entry { stopped: Some("10 records in a row cannot be processed.".into()), ..entry(1, 30, "here") };
        let (table, problems) = report(&[entry(0, 12, "here"), stopped], &survey(), &[]);
        assert_eq!(table.to_string().matches("STOPPED").count(), 1);
        assert_eq!(problems, ["orders/1: 10 records in a row cannot be processed."]);
    }

    #[test]
    fn what_keeps_a_partition_from_being_claimed_is_said_with_the_command() {
        let (table, problems) =
            report(&[entry(0, 4, "here"), entry(1, 31, "here"), entry(2, 20, "there"), entry(9, 1, "here")], &survey(), &[]);
        assert_eq!(table.to_string().matches("STOPPED").count(), 3);
        let expected = ["6 events are gone", "lost its end", "belongs to Kafka cluster there", "Kafka does not"];
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
        assert!(problems[0].contains("orderstream offsets reset --topic orders --partition 0 --to-low"), "{}", problems[0]);
    }
}

//! `orderstream mirror status`: how everything stands, for people or as JSON, by what the target and Kafka know. A server that is away is named, and the
//! rest is shown all the same.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use kafka::source::survey::Survey;
use ledger::letters::LetterCount;
use ledger::offsets::Entry;
use mirror::overview::{self, TableState};
use serde::Serialize;

use crate::cli::job::Job;
use crate::cli::offsets::is_of;
use crate::cli::status::letters;
use crate::cli::table::Table;
use crate::cli::{FAILED, print};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What is shown. Scripts read the names in the JSON.
#[derive(Debug, Serialize)]
struct Status {
    epoch: i32,
    /// The servers that do not answer, each with the reason.
    away: Vec<String>,
    /// The processes that have claimed partitions, each with their number.
    processes: BTreeMap<String, usize>,
    partitions: Vec<PartitionStatus>,
    tables: Vec<TableStatus>,
    letters: Vec<LetterStatus>,
}

#[derive(Debug, Serialize)]
struct PartitionStatus {
    topic: String,
    partition: i32,
    next_offset: i64,
    /// The end of the log; `null` if Kafka does not tell.
    end: Option<i64>,
    lag: Option<i64>,
    /// For how long the oldest record has waited at most.
    lag_seconds: Option<i64>,
    applied: u64,
    stale: u64,
    ignored: u64,
    dead_lettered: u64,
    claimed_by: String,
    claimed_at: String,
    /// Why the process that claimed the partition does not go on.
    stopped: Option<String>,
}

#[derive(Debug, Serialize)]
struct TableStatus {
    source: String,
    target: String,
    topic: String,
    /// About how many rows, by the statistics of Postgres.
    rows: Option<i64>,
    open_letters: i64,
    last_change: Option<String>,
    stale_columns: Vec<String>,
    waits: Option<String>,
}

#[derive(Debug, Serialize)]
struct LetterStatus {
    reason: String,
    open: i64,
    resolved: i64,
    newest: String,
}

pub(super) async fn run(arguments: &Arguments, job: &Job) -> anyhow::Result<ExitCode> {
    let (stored, survey) = tokio::join!(stored(job), job.survey());
    job.ledger.close().await;
    let (entries, tables, counts) = stored.context("nothing can be shown without the target")?;
    let away: Vec<String> = survey.as_ref().err().map(|error| format!("kafka: {error:#}")).into_iter().collect();
    let status = status(job.epoch, away, &entries, survey.as_ref().ok(), tables, &counts);
    if arguments.json {
        print(format_args!("{}\n", serde_json::to_string_pretty(&status)?))?;
    } else {
        print(text(&status, &counts))?;
    }
    Ok(if status.away.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn stored(job: &Job) -> anyhow::Result<(Vec<Entry>, Vec<TableState>, Vec<LetterCount>)> {
    let (ledger, epoch) = (&job.ledger, job.epoch);
    Ok((ledger.entries(epoch).await?, overview::tables(ledger, epoch).await?, ledger.letters_by_reason().await?))
}

fn status(
    epoch: i32,
    away: Vec<String>,
    entries: &[Entry],
    survey: Option<&Survey>,
    tables: Vec<TableState>,
    counts: &[LetterCount],
) -> Status {
    let mut processes = BTreeMap::new();
    entries.iter().for_each(|entry| *processes.entry(entry.claimed_by.clone()).or_default() += 1);
    let letters = counts.iter().map(|count| LetterStatus {
        reason: count.reason.clone(),
        open: count.open,
        resolved: count.resolved,
        newest: rfc3339(count.newest),
    });
    let partitions = entries.iter().map(|entry| partition(entry, survey, Utc::now())).collect();
    Status { epoch, away, processes, partitions, tables: tables.into_iter().map(table).collect(), letters: letters.collect() }
}

fn partition(entry: &Entry, survey: Option<&Survey>, now: DateTime<Utc>) -> PartitionStatus {
    let end = survey.and_then(|survey| survey.logs.iter().find(|(known, _)| is_of(entry, known))).map(|(_, log)| log.high);
    let lag = end.map(|end| (end - entry.next_offset).max(0));
    let since_last = || entry.landmark.map(|last| (now.timestamp_millis() - last.timestamp_ms).max(0) / 1000);
    PartitionStatus {
        topic: entry.topic.to_string(),
        partition: entry.partition,
        next_offset: entry.next_offset,
        end,
        lag,
        lag_seconds: lag.and_then(|lag| if lag == 0 { Some(0) } else { since_last() }),
        applied: entry.fates.applied,
        stale: entry.fates.stale,
        ignored: entry.fates.ignored,
        dead_lettered: entry.fates.dead_lettered,
        claimed_by: entry.claimed_by.clone(),
        claimed_at: rfc3339(entry.claimed_at),
        stopped: entry.stopped.clone(),
    }
}

fn table(state: TableState) -> TableStatus {
    TableStatus {
        source: state.source.to_string(),
        target: state.target.to_string(),
        topic: state.topic,
        rows: state.rows,
        open_letters: state.open_letters,
        last_change: state.last_change.map(rfc3339),
        stale_columns: state.stale_columns,
        waits: state.waits,
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same for people. What is not known is a question mark.
fn text(status: &Status, counts: &[LetterCount]) -> String {
    let mut text: String = status.away.iter().map(|server| format!("AWAY       {server}\n")).collect();
    let mut processes = Table::new(&["claimed by", "partitions"]);
    status.processes.iter().for_each(|(process, partitions)| processes.row(vec![process.clone(), partitions.to_string()]));
    let none = "no partition was claimed yet\n".to_owned();
    text.push_str(&if status.processes.is_empty() { none } else { format!("{processes}\n{}", partitions(&status.partitions)) });
    text.push_str(&format!("\n{}\n{}", tables(&status.tables), letters(counts)));
    text
}

fn known(number: Option<i64>) -> String {
    number.map_or("?".to_owned(), |number| number.to_string())
}

fn partitions(partitions: &[PartitionStatus]) -> String {
    let mut table =
        Table::new(&["topic", "partition", "next", "end", "lag", "lag s", "applied", "stale", "ignored", "dead", "claimed by", "state"]);
    for of in partitions {
        let mut cells = vec![of.topic.clone(), of.partition.to_string(), of.next_offset.to_string()];
        cells.extend([of.end, of.lag, of.lag_seconds].map(known));
        cells.extend([of.applied, of.stale, of.ignored, of.dead_lettered].map(|count| count.to_string()));
        cells.extend([of.claimed_by.clone(), of.stopped.as_ref().map_or("ok".to_owned(), |why| format!("STOPPED: {why}"))]);
        table.row(cells);
    }
    let total: Option<i64> = partitions.iter().map(|of| of.lag).sum();
    format!("{table}lag {}\n", known(total))
}

fn tables(tables: &[TableStatus]) -> String {
    if tables.is_empty() {
        return "tables     none was met yet\n".to_owned();
    }
    let mut shown = Table::new(&["table", "in the target", "rows about", "open letters", "last change", "state"]);
    for of in tables {
        let state = of.waits.as_ref().map_or("ok".to_owned(), |why| format!("WAITS: {why}"));
        let last = of.last_change.clone().unwrap_or_else(|| "-".to_owned());
        shown.row(vec![of.source.clone(), of.target.clone(), known(of.rows), of.open_letters.to_string(), last, state]);
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use change::fate::Fates;
    use change::record::Landmark;
    use kafka::source::{TopicPartition, Watermarks};

    use super::*;

    fn entry(next_offset: i64) -> Entry {
        Entry {
            topic: "cdc.t".into(),
            partition: 0,
            next_offset,
            generation: 1,
            claimed_by: "host/1".into(),
            claimed_at: DateTime::UNIX_EPOCH,
            cluster_id: None,
            fates: Fates::default(),
            landmark: Some(Landmark { offset: next_offset - 1, timestamp_ms: 5_000 }),
            stopped: Some("too many letters".into()),
        }
    }

    #[test]
    fn the_lag_is_told_in_records_and_seconds_and_is_unknown_without_kafka() {
        let log = (TopicPartition { topic: "cdc.t".into(), number: 0 }, Watermarks { low: 0, high: 30 });
        let survey = Survey { cluster_id: None, logs: [log].into() };
        let now = DateTime::from_timestamp_millis(65_000).unwrap();
        for (next, survey, expected) in [
            (30, Some(&survey), (Some(30), Some(0), Some(0))),
            (20, Some(&survey), (Some(30), Some(10), Some(60))),
            (20, None, (None, None, None)),
        ] {
            let of = partition(&entry(next), survey, now);
            assert_eq!((of.end, of.lag, of.lag_seconds), expected, "{next}");
        }
        let text = text(&status(0, vec!["kafka: away".into()], &[entry(20)], None, Vec::new(), &[]), &[]);
        let row = text.lines().find(|line| line.starts_with("cdc.t")).unwrap();
        assert!(row.matches('?').count() == 3 && row.contains("STOPPED: too many letters"), "{text}");
        assert!(text.starts_with("AWAY       kafka: away\n") && text.contains("lag ?\n"), "{text}");
    }
}

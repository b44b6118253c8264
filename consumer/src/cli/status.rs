//! `orderstream status`: prints how everything stands, for people. Each server that is away is named, and the rest is shown all the same.
//!
//! - [`process`]: what the process on this machine says of itself and of the source
//! - [`text`]: what is printed of the processes and of the source
//! - [`watch`]: prints it again every second

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::Context;
use chrono::Utc;
use kafka::source::survey::Survey;
use ledger::StoreError;
use ledger::letters::LetterCount;
use ledger::offsets::Entry;

use super::table::Table;
use super::{FAILED, offsets, print};
use crate::config::Config;
use crate::health::{Comparison, Heard, plural};
use crate::redis::progress::Point;
use crate::results::summary::{DueCount, RefusedRows};
use crate::run::assemble::assemble;
use crate::run::comparison;
use crate::shared::Shared;
use process::Process;

mod process;
mod text;
mod watch;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Show it again every second, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// What Postgres knows.
struct Stored {
    entries: Vec<Entry>,
    processes: Vec<Heard>,
    comparison: Option<Comparison>,
    letters: Vec<LetterCount>,
    due: DueCount,
    refused: Vec<RefusedRows>,
}

pub(super) async fn run(arguments: &Arguments, config: Config) -> anyhow::Result<ExitCode> {
    let shared = assemble(&config)?.shared;
    let outcome = if arguments.watch { watch::run(&shared, &config).await } else { once(&shared, &config).await };
    shared.results.ledger.close().await;
    outcome
}

async fn once(shared: &Shared, config: &Config) -> anyhow::Result<ExitCode> {
    let shown = look(shared, config).await;
    print(&shown.text)?;
    shown.failure.map_or(Ok(()), Err).context("nothing more can be shown without Postgres")?;
    Ok(if shown.is_whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What one look shows.
struct Shown {
    text: String,
    /// Whether every server has answered.
    is_whole: bool,
    /// Why Postgres has not answered.
    failure: Option<StoreError>,
}

async fn look(shared: &Shared, config: &Config) -> Shown {
    let stored = stored(shared, &config.kafka.group_id);
    let (process, stored, survey, redis) =
        tokio::join!(process::ask(config.http.listen.as_deref()), stored, comparison::survey(config), shared.redis_progress.read());
    let away = [
        stored.as_ref().err().map(|error| format!("postgres: {error}")),
        survey.as_ref().err().map(|error| format!("kafka: {error:#}")),
        redis.as_ref().err().map(|error| format!("redis: {error}")),
    ];
    let away: Vec<String> = away.into_iter().flatten().collect();
    let (mut text, is_whole) = (heading(&process, &away), away.is_empty());
    let failure = match stored {
        Ok(stored) => {
            text.push_str(&text::processes(&stored.processes));
            text.push_str(&format!("\n{}", partitions(&stored.entries, survey.as_ref().ok(), redis.as_ref().ok(), &process)));
            text.push_str(&stored.comparison.as_ref().map(text::comparison).unwrap_or_default());
            text.push_str(&format!("\n{}{}{}", due(&stored.due), refused(&stored.refused), letters(&stored.letters)));
            None
        }
        Err(error) => Some(error),
    };
    Shown { text, is_whole, failure }
}

async fn stored(shared: &Shared, group: &str) -> Result<Stored, StoreError> {
    let entries = shared.results.ledger.entries(shared.decoder.epoch).await?;
    let (processes, comparison) = (shared.results.processes(group).await?, shared.results.last_comparison().await?);
    let (letters, due) = (shared.results.ledger.letters_by_reason().await?, shared.results.due_count().await?);
    Ok(Stored { entries, processes, comparison, letters, due, refused: shared.results.refused_by_reason().await? })
}

fn heading(process: &Result<Process, String>, away: &[String]) -> String {
    let mut text = match process {
        Ok(process) => process.heading() + &process.source.as_ref().map(text::source).unwrap_or_default(),
        Err(why) => format!("process    {why}; what follows is what the servers know\n"),
    };
    away.iter().for_each(|server| text.push_str(&format!("AWAY       {server}\n")));
    text
}

fn partitions(
    entries: &[Entry],
    survey: Option<&Survey>,
    redis: Option<&HashMap<String, Point>>,
    process: &Result<Process, String>,
) -> String {
    let mut table = Table::new(&[
        "topic",
        "partition",
        "next",
        "end",
        "lag",
        "lag s",
        "applied",
        "stale",
        "ignored",
        "dead",
        "redis",
        "claimed by",
        "state",
    ]);
    let mut total = Some(0);
    for entry in entries {
        let end = survey.and_then(|survey| survey.logs.iter().find(|(known, _)| offsets::is_of(entry, known))).map(|(_, log)| log.high);
        let lag = end.map(|end| (end - entry.next_offset).max(0));
        total = total.zip(lag).map(|(total, lag)| total + lag);
        let known = |number: Option<i64>| number.map_or("?".to_owned(), |number| number.to_string());
        let mut cells = vec![entry.topic.to_string(), entry.partition.to_string(), entry.next_offset.to_string(), known(end), known(lag)];
        cells.push(lag_seconds(entry, lag, process).map_or("?".to_owned(), |seconds| seconds.to_string()));
        let fates = entry.fates;
        cells.extend([fates.applied, fates.stale, fates.ignored, fates.dead_lettered].map(|count| count.to_string()));
        cells.extend([follows(entry, redis), entry.claimed_by.clone()]);
        let state = process.as_ref().ok().and_then(|process| process.state(&entry.topic, entry.partition));
        let elsewhere = || entry.stopped.as_ref().map_or("not this process".to_owned(), |why| format!("stopped: {why}"));
        cells.push(state.unwrap_or_else(elsewhere));
        table.row(cells);
    }
    format!("{table}lag {}\n", total.map_or("?".to_owned(), |total: i64| total.to_string()))
}

/// For how long the oldest record has waited. Of a partition of another process only the age of the last processed record is known, which
/// is more.
fn lag_seconds(entry: &Entry, lag: Option<i64>, process: &Result<Process, String>) -> Option<i64> {
    if let Some(seconds) = process.as_ref().ok().and_then(|process| process.lag_seconds(&entry.topic, entry.partition)) {
        return Some(seconds);
    }
    match lag? {
        0 => Some(0),
        _ => entry.landmark.map(|last| (Utc::now().timestamp_millis() - last.timestamp_ms).max(0) / 1000),
    }
}

/// How far Redis reflects the partition (P8).
fn follows(entry: &Entry, redis: Option<&HashMap<String, Point>>) -> String {
    let Some(redis) = redis else { return "?".into() };
    match redis.get(&format!("{}:{}", entry.topic, entry.partition)) {
        None => "has nothing".into(),
        Some(point) if point.next_offset >= entry.next_offset => "follows".into(),
        Some(point) => format!("{} behind", entry.next_offset - point.next_offset),
    }
}

fn due(due: &DueCount) -> String {
    let DueCount { orders, now, customers } = due;
    let (of_orders, of_customers) = (plural(*orders, "order", "orders"), plural(*customers, "changed customer", "changed customers"));
    format!("repair     {orders} {of_orders} to complete or to write to Redis ({now} now), {customers} {of_customers} to look through\n")
}

/// The rows whose change Postgres refuses, by the reason. The rows stay as they are until somebody removes the reason, or until their order
/// or customer changes.
fn refused(refused: &[RefusedRows]) -> String {
    refused
        .iter()
        .map(|RefusedRows { orders, refusal }| {
            let keep = plural(*orders, "order keeps", "orders keep");
            format!("REFUSED    {orders} {keep} the customer of before: {refusal}\n")
        })
        .collect()
}

/// The letters by reason, with the number of those that are open.
pub(super) fn letters(letters: &[LetterCount]) -> String {
    if letters.is_empty() {
        return "letters    none\n".into();
    }
    let open: i64 = letters.iter().map(|count| count.open).sum();
    let mut table = Table::new(&["reason", "open", "resolved", "newest (UTC)"]);
    for count in letters {
        let newest = count.newest.format("%Y-%m-%d %H:%M:%S").to_string();
        table.row(vec![count.reason.clone(), count.open.to_string(), count.resolved.to_string(), newest]);
    }
    format!("letters    {open} open\n\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use change::fate::Fates;

    fn entry() -> Entry {
        Entry {
            topic: "orders".into(),
            partition: 0,
            next_offset: 20,
            generation: 1,
            claimed_by: "host/1".into(),
            claimed_at: chrono::DateTime::UNIX_EPOCH,
            cluster_id: None,
            fates: Fates::default(),
            landmark: None,
            stopped: None,
        }
    }

    #[test]
    fn how_far_redis_is_behind_is_told() {
        let at = |next_offset| HashMap::from([("orders:0".to_owned(), Point { epoch: 0, next_offset })]);
        assert_eq!(follows(&entry(), Some(&at(20))), "follows");
        assert_eq!(follows(&entry(), Some(&at(15))), "5 behind");
        assert_eq!(follows(&entry(), Some(&HashMap::new())), "has nothing");
        assert_eq!(follows(&entry(), None), "?");
    }

    #[test]
    fn what_is_not_known_is_a_question_mark_and_not_a_zero() {
        let text = partitions(&[entry()], None, None, &Err("away".into()));
        assert!(text.lines().nth(1).unwrap().matches('?').count() == 4 && text.ends_with("lag ?\n"), "{text}");
    }
}

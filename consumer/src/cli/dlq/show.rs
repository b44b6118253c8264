//! `orderstream dlq show`: shows where a record failed and why. The record's bytes are shown only with `--payload` (P11).

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use change::record::Record;
use kafka::reread::Reread;

use super::unreadable;
use crate::cli::print;
use crate::config::Config;
use crate::results::dead_letters::Letter;
use crate::run::assemble::Parts;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The letter's id, as `dlq list` shows it
    id: String,
    /// Also print the record's key, value and headers; they may hold personal data
    #[arg(long)]
    payload: bool,
}

pub(super) async fn run(arguments: &Arguments, config: &Config, parts: &Parts) -> anyhow::Result<ExitCode> {
    let Some(letter) = unreadable(parts.shared.results.letter(&arguments.id).await)? else {
        bail!("no letter {}; `orderstream dlq list --all` lists them", arguments.id);
    };
    print(facts(&letter))?;
    let reread = Reread { properties: parts.kafka.clone(), group: config.kafka.group_id.clone() };
    let record = read(&letter, &reread).await.with_context(|| format!("the letter itself cannot be read from {}", letter.dlq_topic))?;
    print(sizes(&record))?;
    if arguments.payload {
        print(payload(&record))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(letter: &Letter, reread: &Reread) -> anyhow::Result<Record> {
    let topic: Arc<str> = letter.dlq_topic.as_str().into();
    let mut batches = reread.start(&topic, letter.dlq_partition, letter.dlq_offset..letter.dlq_offset + 1);
    let records = batches.next().await.transpose()?.unwrap_or_default();
    records.into_iter().next().context("it is gone from the topic")
}

fn facts(letter: &Letter) -> String {
    let key = letter.key().unwrap_or_else(|| "unknown".into());
    let end = match (&letter.resolution, letter.resolved_at) {
        (Some(resolution), Some(at)) => format!("{resolution} at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        _ => "open".into(),
    };
    let lines = [
        ("id", letter.id.clone()),
        ("key", key),
        ("reason", letter.reason.clone()),
        ("stage", letter.stage.clone()),
        ("message", letter.message.clone()),
        ("since", letter.created_at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("replays", letter.replays.to_string()),
        ("state", end),
        ("stands at", format!("{} partition {} offset {}", letter.dlq_topic, letter.dlq_partition, letter.dlq_offset)),
    ];
    lines.iter().map(|(name, value)| format!("{name:<10} {value}\n")).collect()
}

fn sizes(record: &Record) -> String {
    let size = |bytes: Option<&[u8]>| bytes.map_or("none".to_owned(), |bytes| format!("{} bytes", bytes.len()));
    format!(
        "{:<10} {}\n{:<10} {}\n{:<10} {}\n",
        "key",
        size(record.key.as_deref()),
        "value",
        size(record.value.as_deref()),
        "headers",
        record.headers.iter().count()
    )
}

fn payload(record: &Record) -> String {
    let text = |bytes: Option<&[u8]>| bytes.map_or("null".into(), |bytes| String::from_utf8_lossy(bytes).escape_debug().to_string());
    let mut out = String::from("\n");
    for (name, value) in &record.headers {
        writeln!(out, "header {}: {}", name.escape_debug(), text(value)).ok();
    }
    writeln!(out, "key: {}\nvalue: {}", text(record.key.as_deref()), text(record.value.as_deref())).ok();
    out
}

//! `orderstream dlq show`: shows where a record failed and why. The record's bytes are shown only with `--payload` (P11).

use std::process::ExitCode;

use anyhow::{Context, bail};
use change::record::Record;
use kafka::reread::Reread;
use ledger::letters::{About, Letter};

use super::unreadable;
use crate::cli::job::Job;
use crate::cli::print;
use crate::trace::payload::Payload;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The letter's id, as `dlq list` shows it
    id: String,
    /// Also print the record's key, value and headers; they may hold personal data
    #[arg(long)]
    payload: bool,
}

pub(in crate::cli) async fn run<A: About>(arguments: &Arguments, job: &Job) -> anyhow::Result<ExitCode> {
    let Some(letter) = unreadable(job.ledger.letter::<A>(&arguments.id).await)? else {
        bail!("no letter {}; `{} dlq list --all` lists them", arguments.id, job.program);
    };
    print(facts(&letter))?;
    let reread = Reread { properties: job.kafka.clone(), group: job.group.clone() };
    let read = reread.one(&letter.dlq_topic, letter.dlq_partition, letter.dlq_offset).await.map_err(anyhow::Error::from);
    let record = read.and_then(|record| record.context("it is gone from the topic"));
    let record = record.with_context(|| format!("the letter itself cannot be read from {}", letter.dlq_topic))?;
    print(sizes(&record))?;
    if arguments.payload {
        print(format_args!("\n{}", Payload::of(&record, usize::MAX)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn facts<A: About>(letter: &Letter<A>) -> String {
    let key = letter.about.key().unwrap_or_else(|| "unknown".into());
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

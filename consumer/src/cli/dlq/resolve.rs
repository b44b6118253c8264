//! `orderstream dlq resolve`: closes dead letters by hand, because their order or customer was put right in another way.
//!
//! Nothing is processed and no row changes; the table `dead_letters` keeps the reason that the operator gave. The next `orderstream reconcile` tells
//! whether an order is right, and an open dead letter does not hold that up either.

use std::process::ExitCode;

use anyhow::bail;
use chrono::Utc;
use ledger::letters::Filter;

use super::{Meant, histogram, unreadable};
use crate::cli::job::Job;
use crate::cli::print;

/// Dead letters in one statement.
const CHUNK: i64 = 10_000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments<M: Meant> {
    /// The ids of the dead letters, as `dlq list` shows them
    ids: Vec<String>,
    #[command(flatten)]
    which: M,
    /// Why no replay is needed; the reason stays with the dead letters
    #[arg(long, value_name = "TEXT", value_parser = words)]
    because: String,
    /// Do it; without this nothing is changed
    #[arg(long)]
    execute: bool,
}

fn words(text: &str) -> Result<String, &'static str> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty()).ok_or("say why, in a few words")
}

pub(in crate::cli) async fn run<M: Meant>(arguments: &Arguments<M>, job: &Job) -> anyhow::Result<ExitCode> {
    let ledger = &job.ledger;
    let mut filter = Filter { ids: arguments.ids.clone(), ..arguments.which.filter(false) };
    if is_unlimited(&filter) {
        bail!("say which letters: by id, or by --reason, --topic, {}, --since or --until", M::KEY);
    }
    if !filter.ids.is_empty() {
        let open = unreadable(ledger.newest_letters::<M::About>(&filter, filter.ids.len() as i64).await)?;
        let unknown: Vec<&str> = filter.ids.iter().filter(|id| open.iter().all(|letter| letter.id != **id)).map(String::as_str).collect();
        if !unknown.is_empty() {
            bail!("no open letter {}; nothing was changed", unknown.join(", "));
        }
    }
    // Only dead letters that are counted now are closed, and none that arrives meanwhile.
    filter.until.get_or_insert_with(Utc::now);
    print(histogram(&unreadable(ledger.letter_counts::<M::About>(&filter).await)?))?;
    if !arguments.execute {
        return print("Nothing was changed; add --execute to close them.\n");
    }
    let (resolution, mut closed) = (format!("by hand: {}", arguments.because), 0);
    loop {
        let some = unreadable(ledger.resolve_letters::<M::About>(&filter, &resolution, CHUNK).await)?;
        closed += some;
        if some == 0 {
            return print(format_args!("closed: {closed}\n"));
        }
    }
}

/// Whether the filter means every open dead letter of every topic: nobody has looked at all of them one by one.
fn is_unlimited(filter: &Filter) -> bool {
    let Filter { reasons, topic, key, since, until, resolved: _, only_resolved: _, ids } = filter;
    reasons.is_empty() && topic.is_none() && key.is_none() && since.is_none() && until.is_none() && ids.is_empty()
}

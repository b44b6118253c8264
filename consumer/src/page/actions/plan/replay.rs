//! The plan of a replay.

use super::{Draft, counted, number};
use crate::flow::replay::alone::{Alone, left_alone};
use crate::health::plural;
use crate::page::actions::refusal::Refusal;
use crate::page::actions::request::{Letters, MAX_REPLAYS};
use crate::results::dead_letters::Count;
use crate::results::replay::Tally;

/// What a replay is planned on.
#[derive(Debug, Clone, Default)]
pub struct ReplayFacts {
    /// The letters that are meant, by kind.
    pub counts: Vec<Count>,
    /// The topics whose letters are replayed.
    pub topics: Vec<String>,
    /// The present epoch.
    pub epoch: i32,
    /// What came of trying the first of them.
    pub dry: DryRun,
}

/// What came of trying some letters in a transaction that was rolled back.
#[derive(Debug, Clone, Default)]
pub struct DryRun {
    /// How many were read.
    pub taken: u64,
    /// What came of those of orders.
    pub tally: Tally,
    /// Those of customers, which are not tried.
    pub only_counted: u64,
    /// Those that the topic does not have any more, or whose headers do not say where they come from.
    pub left: u64,
    /// Why it has ended early.
    pub ended_early: Option<String>,
}

impl ReplayFacts {
    /// The letters that would be tried without a limit.
    #[must_use]
    pub fn letters(&self) -> u64 {
        let all: u64 = self.counts.iter().map(|count| count.letters.unsigned_abs()).sum();
        all - self.alone().iter().map(|(_, letters)| letters).sum::<u64>()
    }

    fn alone(&self) -> Vec<(Alone, u64)> {
        left_alone(&self.counts, &self.topics, self.epoch, MAX_REPLAYS)
    }
}

/// What would be done: `Process 1 dead letter again`, `Process 10 of 1,180 dead letters again at 5 a second`.
fn effect(tried: u64, letters: u64, rate: Option<u32>) -> String {
    let speed = rate.map_or(String::new(), |rate| format!(" at {rate} a second"));
    let of_all = if tried < letters { format!(" of {}", number(letters)) } else { String::new() };
    let noun = plural(letters, "letter", "letters");
    format!("Process {}{of_all} dead {noun} again{speed}, the oldest of each partition first.", number(tried))
}

/// The plan of a replay.
///
/// # Errors
/// No letter would be tried.
pub fn replay(asked: &Letters, facts: &ReplayFacts) -> Result<Draft, Refusal> {
    let alone = facts.alone();
    let alone_words =
        || alone.iter().map(|(why, letters)| format!("{} {}", number(*letters), why.why(&facts.topics, facts.epoch, MAX_REPLAYS)));
    let letters = facts.letters();
    if letters == 0 {
        let why = alone_words().collect::<Vec<_>>().join("; ");
        let why = if why.is_empty() { "no open letter is meant".to_owned() } else { why };
        return Err(Refusal::invalid(format!("there is nothing to replay: {why}")));
    }
    let tried = letters.min(asked.max.unwrap_or(u64::MAX));
    let mut draft = Draft {
        effect: effect(tried, letters, asked.rate),
        confirm: Some(tried.to_string()),
        letters: Some(letters),
        epoch: facts.epoch,
        ..Draft::default()
    };
    for (reason, letters) in by_reason(&facts.counts) {
        draft = draft.with(&reason, format!("{} open", number(letters)));
    }
    if let Some(rate) = asked.rate {
        draft = draft.with("takes at least", format!("{} s", tried.div_ceil(u64::from(rate))));
    }
    draft = alone_words().fold(draft, |draft, words| draft.warned(format!("Left alone: {words}.")));
    Ok(told_of_dry_run(draft, &facts.dry, tried))
}

fn by_reason(counts: &[Count]) -> Vec<(String, u64)> {
    let mut all: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for count in counts {
        *all.entry(&count.reason).or_default() += count.letters.unsigned_abs();
    }
    all.into_iter().map(|(reason, letters)| (reason.to_owned(), letters)).collect()
}

fn told_of_dry_run(draft: Draft, dry: &DryRun, tried: u64) -> Draft {
    let Tally { applied, stale, ignored, refused, .. } = dry.tally;
    let of_orders = dry.taken - dry.only_counted.min(dry.taken);
    let which = if dry.taken < tried { format!("the first {} of {}", number(dry.taken), number(tried)) } else { "all".to_owned() };
    let mut draft = draft.with(
        "tried and rolled back",
        format!(
            "{which}: {} would apply, {} are stale, {} need nothing, {} would be refused again",
            number(applied),
            number(stale),
            number(ignored),
            number(refused)
        ),
    );
    if dry.only_counted > 0 {
        draft = draft.with("of customers", format!("{}: they go to Redis and were not tried", number(dry.only_counted)));
    }
    if dry.left > 0 {
        let gone = "the topic does not have them any more, or their headers do not say where they come from";
        draft = draft.warned(format!("{} of those that were looked at cannot be replayed: {gone}.", number(dry.left)));
    }
    if of_orders > 0 && refused == of_orders {
        draft = draft.warned("All that were tried would be refused again: what they were refused for is still so.");
    }
    match &dry.ended_early {
        Some(why) => draft.warned(format!("The dry run has ended early, after {}: {why}.", counted(dry.taken, "letter", "letters"))),
        None => draft,
    }
}

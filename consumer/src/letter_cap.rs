//! When dead letters are too many: a wrong schema deployed is not a million poison records (P7). Pure.
//!
//! The window is the last records of a partition, by offset. It is counted in the ledger and not remembered, so that neither a restart
//! nor another process that takes the partition over begins anew. Letters that were dealt with no longer count.

use std::collections::BTreeMap;

use crate::changes::Refusals;
use crate::rejection::Reason;

/// How many dead letters a partition may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LetterCap {
    /// `dead_letters.max_share`; 1 is no cap.
    pub max_share: f64,
    /// `dead_letters.window_records`; with fewer nothing is judged.
    pub window: u64,
}

/// Records, and how many of them are letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Records, or offsets where some are gone.
    pub records: u64,
    /// Dead letters among them.
    pub letters: u64,
}

impl LetterCap {
    /// How many records before a batch of so many are in the window with it.
    #[must_use]
    pub fn before(&self, records: usize) -> u64 {
        self.window.saturating_sub(records as u64)
    }

    /// Whether the batch and what stands before it have too many letters.
    #[must_use]
    pub fn is_exceeded(&self, before: Stretch, batch: Stretch) -> bool {
        let (records, letters) = (before.records + batch.records, before.letters + batch.letters);
        records >= self.window && letters as f64 > self.max_share * records as f64
    }
}

/// The refused records that count. What became a letter because the operator wants it so is no sign of a wrong schema.
#[must_use]
pub fn counted(refusals: &Refusals) -> u64 {
    refusals.values().filter(|refusal| !BY_CHOICE.contains(&refusal.rejection.reason)).count() as u64
}

/// Letters that `enrichment.*` asks for.
pub const BY_CHOICE: [Reason; 2] = [Reason::CustomerMissing, Reason::RedisDown];

/// What an operator reads when a partition stops.
#[must_use]
pub fn message(cap: &LetterCap, before: Stretch, batch: Stretch, refusals: &Refusals, at: (&str, i32, i64)) -> String {
    let (topic, partition, next) = at;
    let (records, letters) = (before.records + batch.records, before.letters + batch.letters);
    format!(
        "{letters} of the last {records} records cannot be processed, most often {}. More than dead_letters.max_share = {} allows: this \
         looks like a wrong schema or setting, not like single bad records. Nothing is lost or skipped. Put the source or the settings \
         right and restart; or let these records become dead letters: restart with dead_letters.max_share = 1; or skip them: \
         orderstream offsets reset --topic {topic} --partition {partition} --to OFFSET --force (the next one is {next})",
        most_often(refusals),
        cap.max_share
    )
}

/// Reason and message of most refusals. Messages never quote a record (P11).
fn most_often(refusals: &Refusals) -> String {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for refusal in refusals.values() {
        *counts.entry((refusal.rejection.reason.as_str(), &refusal.rejection.message)).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|((reason, message), _)| format!("{reason} ({message})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Refusal;
    use crate::rejection::{Rejection, Stage};

    const CAP: LetterCap = LetterCap { max_share: 0.5, window: 1_000 };

    fn stretch(records: u64, letters: u64) -> Stretch {
        Stretch { records, letters }
    }

    fn refusals(reasons: &[Reason]) -> Refusals {
        let refusal = |reason: &Reason| {
            let rejection = Rejection { reason: *reason, stage: Stage::Decode, message: "after.price: expected a number".into() };
            Refusal::of_order(rejection, None)
        };
        reasons.iter().map(refusal).enumerate().collect()
    }

    #[test]
    fn the_window_is_filled_up_with_what_stands_before_the_batch() {
        assert_eq!(CAP.before(1), 999);
        assert_eq!(CAP.before(1_000), 0);
        assert_eq!(CAP.before(4_000), 0);
    }

    #[test]
    fn more_than_the_share_is_too_many_and_the_share_itself_is_not() {
        assert!(!CAP.is_exceeded(stretch(600, 300), stretch(400, 200)));
        assert!(CAP.is_exceeded(stretch(600, 300), stretch(400, 201)));
        assert!(CAP.is_exceeded(stretch(0, 0), stretch(4_000, 4_000)));
        assert!(!CAP.is_exceeded(stretch(999, 0), stretch(1, 1)));
    }

    #[test]
    fn a_short_partition_is_not_judged_and_one_is_no_cap() {
        assert!(!CAP.is_exceeded(stretch(499, 499), stretch(500, 500)));
        assert!(!LetterCap { max_share: 1.0, ..CAP }.is_exceeded(stretch(0, 0), stretch(4_000, 4_000)));
    }

    #[test]
    fn letters_by_choice_do_not_count() {
        assert_eq!(counted(&refusals(&[Reason::RedisDown, Reason::Invalid, Reason::CustomerMissing, Reason::Invalid])), 2);
    }

    #[test]
    fn the_message_says_what_is_wrong_and_what_can_be_done() {
        let text = message(&CAP, stretch(600, 500), stretch(400, 400), &refusals(&[Reason::Invalid; 3]), ("orders", 2, 77));
        for part in [
            "900 of the last 1000 records",
            "invalid (after.price: expected a number)",
            "dead_letters.max_share = 0.5",
            "dead_letters.max_share = 1",
            "offsets reset --topic orders --partition 2",
            "(the next one is 77)",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

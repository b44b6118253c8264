//! Tells when a partition has too many dead letters: the deployment of a wrong schema must not become a million poison records (P7). The
//! functions are pure.
//!
//! There are two rules. Among the last records of a partition no more than a share may be letters. And a partition with too few records for
//! the first rule stops where nothing but letters comes: letters of ten different orders in a row, however long the row takes. Single bad
//! records stand between good ones: even if every third order were bad by itself, ten in a row would be one chance in sixty thousand. An
//! order that stays broken and is changed again and again counts once. Letters that are followed by good records in the same batch are no
//! row.
//!
//! The window of the first rule is the last records of a partition, by offset. The ledger counts the letters in the window, so that the
//! count survives a restart and a change of the owner. Letters that were closed no longer count.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use change::record::Record;
use change::rejection::{Reason, Rejection};

/// A record that becomes a dead letter.
pub trait Refused {
    /// Why the record was refused.
    fn rejection(&self) -> &Rejection;

    /// Whom the record is about, if it could be read that far: an order, a customer, a table.
    fn whom(&self) -> Option<String>;
}

/// The dead letters of a batch, by index of the record.
pub type Refusals<R> = BTreeMap<usize, R>;

/// The number of dead letters that a partition may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LetterCap {
    /// The setting `dead_letters.max_share`; 1 means no cap.
    pub max_share: f64,
    /// The setting `dead_letters.window_records`. With fewer records nothing is judged.
    pub window: u64,
}

/// The number of letters in a row, each about something else, that stops a partition.
pub const ROW: usize = 10;

/// Why the dead letters are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Too many of the last records are letters.
    Share(LetterShare),
    /// The last records are nothing but letters, about too many different rows.
    Row,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(LetterShare { records, letters }) => write!(f, "{letters} of the last {records} records cannot be processed"),
            Self::Row => write!(f, "the last records in a row cannot be processed (about {ROW} or more different rows)"),
        }
    }
}

/// A number of records, and the number of letters among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterShare {
    /// The number of records, or of offsets where some records are gone.
    pub records: u64,
    /// The number of dead letters among them.
    pub letters: u64,
}

impl LetterCap {
    /// The number of records before a batch of `records` that are in the window with it.
    #[must_use]
    pub fn before(&self, records: u64) -> u64 {
        self.window.saturating_sub(records)
    }

    /// The excess, if the batch and the records before it have too many letters.
    #[must_use]
    pub fn excess(&self, before: LetterShare, batch: LetterShare) -> Option<Excess> {
        let all = LetterShare { records: before.records + batch.records, letters: before.letters + batch.letters };
        (all.records >= self.window && all.letters as f64 > self.max_share * all.records as f64).then_some(Excess::Share(all))
    }

    /// The excess, if the batch ends with too many letters in a row. `before` names whom the letters directly before the batch are about.
    /// The letters in `before` count if the batch holds nothing but letters.
    #[must_use]
    pub fn row<R: Refused>(&self, before: Vec<String>, records: usize, refusals: &Refusals<R>) -> Option<Excess> {
        let letter = |index: usize| refusals.get(&index).filter(|refusal| counts(*refusal)).map(|refusal| (index, refusal));
        let whom = |(index, refusal): (usize, &R)| refusal.whom().unwrap_or_else(|| format!("record {index}"));
        let mut row: HashSet<String> = (0..records).rev().map_while(letter).map(whom).collect();
        if counted(refusals) == records as u64 {
            row.extend(before);
        }
        (row.len() >= ROW && self.max_share < 1.0).then_some(Excess::Row)
    }
}

/// The offset behind the last record that is no dead letter; `None` if all records are dead letters. A letter by choice counts as a good
/// record.
#[must_use]
pub fn clean_to<R: Refused>(records: &[Record], refusals: &Refusals<R>) -> Option<i64> {
    let is_clean = |index: &usize| !refusals.get(index).is_some_and(counts);
    (0..records.len()).rev().find(is_clean).map(|index| records[index].offset + 1)
}

fn counts<R: Refused>(refusal: &R) -> bool {
    !BY_CHOICE.contains(&refusal.rejection().reason)
}

/// The number of refused records that count. A record that became a letter because the operator chose so is no sign of a wrong schema.
#[must_use]
pub fn counted<R: Refused>(refusals: &Refusals<R>) -> u64 {
    refusals.values().filter(|refusal| counts(*refusal)).count() as u64
}

/// The reasons of letters by choice: the settings `enrichment.*` ask for them.
pub const BY_CHOICE: [Reason; 2] = [Reason::CustomerMissing, Reason::RedisDown];

/// The message for an operator when a partition stops. The first sentence says why, the others say what to do; `repair` is what brings in the rows of
/// letters that were made on purpose.
#[must_use]
pub fn message<R: Refused>(cap: &LetterCap, excess: Excess, refusals: &Refusals<R>, repair: &str, at: (&str, i32, i64)) -> String {
    let (topic, partition, next) = at;
    format!(
        "{excess}, most often {}. This looks like a wrong schema or setting (dead_letters.max_share = {}), not like single bad records. Nothing \
         is lost or skipped. If a setting here is wrong, put it right and restart: the records are processed. If the source is wrong, put \
         it right first; what is in Kafka already stays as it is: restart with dead_letters.max_share = 1 until the lag is zero, which \
         makes dead letters of these records, restart without it, and {repair}. Or skip \
         records: orderstream offsets reset --topic {topic} --partition {partition} --to OFFSET --force (the next one is {next})",
        most_often(refusals),
        cap.max_share
    )
}

/// The most frequent reason and message of the refusals. Messages never quote a record (P11).
fn most_often<R: Refused>(refusals: &Refusals<R>) -> String {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for refusal in refusals.values() {
        *counts.entry((refusal.rejection().reason.as_str(), &refusal.rejection().message)).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|((reason, message), _)| format!("{reason} ({message})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use change::rejection::Stage;

    struct Refusal(Rejection, Option<i64>);

    impl Refused for Refusal {
        fn rejection(&self) -> &Rejection {
            &self.0
        }

        fn whom(&self) -> Option<String> {
            self.1.map(|id| id.to_string())
        }
    }

    type Refusals = super::Refusals<Refusal>;

    const CAP: LetterCap = LetterCap { max_share: 0.5, window: 1_000 };

    fn stretch(records: u64, letters: u64) -> LetterShare {
        LetterShare { records, letters }
    }

    fn refusals(reasons: &[Reason]) -> Refusals {
        let refusal = |reason: &Reason| {
            let rejection = Rejection { reason: *reason, stage: Stage::Decode, message: "after.price: expected a number".into() };
            Refusal(rejection, None)
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
        assert_eq!(CAP.excess(stretch(600, 300), stretch(400, 200)), None);
        assert_eq!(CAP.excess(stretch(600, 300), stretch(400, 201)), Some(Excess::Share(stretch(1_000, 501))));
        assert_eq!(CAP.excess(stretch(0, 0), stretch(4_000, 4_000)), Some(Excess::Share(stretch(4_000, 4_000))));
        assert_eq!(CAP.excess(stretch(999, 0), stretch(1, 1)), None);
    }

    #[test]
    fn a_short_partition_is_not_judged_and_one_is_no_cap() {
        assert_eq!(CAP.excess(stretch(499, 499), stretch(500, 500)), None);
        assert_eq!(LetterCap { max_share: 1.0, ..CAP }.excess(stretch(0, 0), stretch(4_000, 4_000)), None);
    }

    #[test]
    fn letters_of_ten_orders_in_a_row_are_too_many_and_many_letters_of_few_orders_are_not() {
        let of = |orders: &[Option<i64>]| -> Refusals {
            let refusal = |order_id: &Option<i64>| Refusal(Rejection::invalid("no price"), *order_id);
            orders.iter().map(refusal).enumerate().collect()
        };
        let many: Vec<Option<i64>> = (0..10).map(Some).collect();
        assert_eq!(CAP.row(Vec::new(), 10, &of(&many)), Some(Excess::Row));
        assert_eq!(CAP.row(Vec::new(), 9, &of(&many[..9])), None);
        assert_eq!(CAP.row(vec!["77".into()], 9, &of(&many[..9])), Some(Excess::Row));
        assert_eq!(CAP.row(Vec::new(), 10, &of(&[None; 10])), Some(Excess::Row), "of which nobody knows whose they are");
        assert_eq!(CAP.row(vec!["8".into()], 20, &of(&[Some(7); 20])), None, "two orders that are broken");
        assert_eq!(CAP.row(vec!["77".into(); 5], 10, &of(&many[..9])), None, "the last one of the batch is good");
        let mut with_a_good_one = of(&many);
        with_a_good_one.remove(&4);
        assert_eq!(CAP.row(vec!["77".into(), "78".into(), "79".into(), "80".into(), "81".into()], 10, &with_a_good_one), None);
        assert_eq!(LetterCap { max_share: 1.0, ..CAP }.row(Vec::new(), 10, &of(&many)), None);
    }

    #[test]
    fn letters_by_choice_do_not_count() {
        assert_eq!(counted(&refusals(&[Reason::RedisDown, Reason::Invalid, Reason::CustomerMissing, Reason::Invalid])), 2);
    }

    #[test]
    fn the_message_says_what_is_wrong_and_what_can_be_done() {
        let text = message(&CAP, Excess::Share(stretch(1_000, 900)), &refusals(&[Reason::Invalid; 3]), "repair", ("orders", 2, 77));
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

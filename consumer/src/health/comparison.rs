//! The last comparison of the shop with `results` and Redis that a process of the group has made by itself (P2, P8).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use super::verdict::seconds;

/// How long after its time a comparison may end.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// A comparison, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// When it ended.
    pub ended: Instant,
    /// How long it took, pauses included.
    pub took: Duration,
    /// Orders of the shop that were compared.
    pub orders: i64,
    /// Whether so much differed that the rest was not looked at.
    pub ended_early: bool,
    /// Each kind of difference, with how many are wrong and stay so.
    pub differences: BTreeMap<String, i64>,
    /// Differences that were not judged, because changes are still to come.
    pub not_judged: i64,
    /// Differences that were found and set right.
    pub repaired: i64,
    /// The process that has compared.
    pub by: String,
}

impl Comparison {
    /// How many differences are wrong and stay so.
    #[must_use]
    pub fn found(&self) -> i64 {
        self.differences.values().sum()
    }

    /// What is wrong, with what to do.
    pub(super) fn finding(&self, now: Instant) -> Option<Finding> {
        let finding = |kind, what| Finding::degrades(kind, "comparison", what).since(self.ended);
        if self.ended_early && self.found() == 0 {
            let what = format!(
                "comparison: {} s ago so much differed for a while that the rest was not looked at: `orderstream reconcile` compares all",
                seconds(self.ended, now)
            );
            return Some(finding(FindingKind::ComparisonEndedEarly, what));
        }
        let kinds: Vec<String> =
            self.differences.iter().filter(|(_, count)| **count > 0).map(|(kind, count)| format!("{count} {kind}")).collect();
        let what = || {
            format!(
                "comparison: {} ({}): `orderstream reconcile` shows them, and with --repair sets them right",
                said(self.orders, seconds(self.ended, now), self.found()),
                kinds.join(", ")
            )
        };
        (!kinds.is_empty()).then(|| finding(FindingKind::Differences, what()))
    }
}

/// What is wrong if the last comparison, or the start of the process, was at `last`: a day is enough for a hundred million orders.
pub(super) fn overdue(last: Instant, every: Duration, now: Instant) -> Option<Finding> {
    (now.saturating_duration_since(last) > every + PATIENCE).then(|| {
        let what = format!(
            "comparison: none has come to its end for {} s, though one is due every {} s: the log says why",
            seconds(last, now),
            every.as_secs()
        );
        Finding::degrades(FindingKind::ComparisonOverdue, "comparison", what).since(last)
    })
}

/// The comparison in one clause, for people.
#[must_use]
pub fn said(orders: i64, seconds_ago: u64, differences: i64) -> String {
    let noun = if differences == 1 { "difference" } else { "differences" };
    format!("{} orders compared {seconds_ago} s ago, {} {noun}", grouped(orders), grouped(differences))
}

/// A number for people: 1,204.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The word for one or for more of something, as the number says: `record`, `records`.
pub(crate) fn plural<'w, N: Copy + PartialEq + From<u8>>(number: N, one: &'w str, many: &'w str) -> &'w str {
    if number == N::from(1) { one } else { many }
}

/// The last comparison in `/health` and `/status`. Scripts read its names.
#[derive(Debug, Serialize, Deserialize)]
pub struct ComparisonView {
    /// The seconds since it ended.
    pub seconds_ago: u64,
    /// How long it took, pauses included.
    pub took_seconds: u64,
    /// Orders of the shop that were compared.
    pub orders: i64,
    /// Whether so much differed that the rest was not looked at.
    #[serde(default)]
    pub ended_early: bool,
    /// All differences that are wrong and stay so.
    pub found: i64,
    /// The same by kind.
    pub differences: BTreeMap<String, i64>,
    /// Differences that were not judged, because changes are still to come.
    pub not_judged: i64,
    /// Differences that were found and set right.
    pub repaired: i64,
    /// The process that has compared.
    pub by: String,
}

impl ComparisonView {
    /// The comparison as of `now`.
    #[must_use]
    pub fn new(comparison: &Comparison, now: Instant) -> Self {
        Self {
            seconds_ago: seconds(comparison.ended, now),
            took_seconds: comparison.took.as_secs(),
            orders: comparison.orders,
            ended_early: comparison.ended_early,
            found: comparison.found(),
            differences: comparison.differences.clone(),
            not_judged: comparison.not_judged,
            repaired: comparison.repaired,
            by: comparison.by.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_has_another_word_than_none_or_more_of_it() {
        let words: Vec<&str> = [0, 1, 2, -1].iter().map(|number| plural(*number, "letter", "letters")).collect();
        assert_eq!(words, ["letters", "letter", "letters", "letters"]);
    }

    #[test]
    fn what_an_operator_reads_is_one_clause() {
        assert_eq!(said(1_000_006, 40, 0), "1,000,006 orders compared 40 s ago, 0 differences");
        assert_eq!(said(999, 1, 1), "999 orders compared 1 s ago, 1 difference");
    }

    #[test]
    fn differences_are_told_by_kind_and_none_is_nothing_wrong() {
        let now = Instant::now();
        let differences = |missing| BTreeMap::from([("missing".to_owned(), missing), ("different".to_owned(), 0)]);
        let comparison = |missing| Comparison {
            ended: now,
            took: Duration::ZERO,
            orders: 7,
            ended_early: false,
            differences: differences(missing),
            not_judged: 3,
            repaired: 0,
            by: "host/1".into(),
        };
        assert_eq!(comparison(0).finding(now), None);
        let told = comparison(2).finding(now + Duration::from_secs(5)).unwrap().what;
        assert!(told.starts_with("comparison: 7 orders compared 5 s ago, 2 differences (2 missing): "), "{told}");
        let half = Comparison { ended_early: true, ..comparison(0) };
        assert!(half.finding(now).unwrap().what.contains("the rest was not looked at"));
    }

    #[test]
    fn a_comparison_that_does_not_come_is_told_a_day_after_it_was_due() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        assert_eq!(overdue(now, minute, now + minute + PATIENCE), None);
        let told = overdue(now, minute, now + minute + PATIENCE + minute).unwrap().what;
        assert!(told.starts_with("comparison: none has come to its end for 86520 s, though one is due every 60 s"), "{told}");
    }
}

//! The last comparison of the shop with `results` and Redis that a process of the group has made by itself (P2, P8).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::verdict::seconds;

/// A comparison, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// When it ended.
    pub ended: Instant,
    /// How long it took, pauses included.
    pub took: Duration,
    /// Orders of the shop that were compared.
    pub orders: i64,
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

    /// What is wrong, in one line with what to do.
    pub(super) fn degraded(&self, now: Instant) -> Option<String> {
        let kinds: Vec<String> =
            self.differences.iter().filter(|(_, count)| **count > 0).map(|(kind, count)| format!("{count} {kind}")).collect();
        (!kinds.is_empty()).then(|| {
            format!(
                "comparison: {} ({}): `orderstream reconcile` shows them, and with --repair sets them right",
                said(self.orders, seconds(self.ended, now), self.found()),
                kinds.join(", ")
            )
        })
    }
}

/// The comparison in one clause, for people.
#[must_use]
pub fn said(orders: i64, seconds_ago: u64, differences: i64) -> String {
    let noun = if differences == 1 { "difference" } else { "differences" };
    format!("{} orders compared {seconds_ago} s ago, {} {noun}", grouped(orders), grouped(differences))
}

/// A number with a comma between groups of three digits.
fn grouped(number: i64) -> String {
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

/// The last comparison in `/health` and `/status`. Scripts read its names.
#[derive(Debug, Serialize, Deserialize)]
pub struct ComparisonView {
    /// The seconds since it ended.
    pub seconds_ago: u64,
    /// How long it took, pauses included.
    pub took_seconds: u64,
    /// Orders of the shop that were compared.
    pub orders: i64,
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
            differences: differences(missing),
            not_judged: 3,
            repaired: 0,
            by: "host/1".into(),
        };
        assert_eq!(comparison(0).degraded(now), None);
        let told = comparison(2).degraded(now + Duration::from_secs(5)).unwrap();
        assert!(told.starts_with("comparison: 7 orders compared 5 s ago, 2 differences (2 missing): "), "{told}");
    }
}

//! What is kept of a comparison for all processes to tell of (P2, P8).

use std::time::{Duration, Instant};

use crate::flow::claim;
use crate::health::Comparison;
use crate::reconcile::report::Report;

/// What is kept of a comparison that has just ended. What was set right is no difference any more.
pub(crate) fn outcome(report: &Report, took: Duration) -> Comparison {
    let found = report.findings();
    let is_mended = report.repair.as_ref().is_some_and(|repair| repair.left.count == 0);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let differences = report.by_kind().into_iter().map(|(kind, number)| (kind.to_owned(), if is_mended { 0 } else { count(number) }));
    Comparison {
        ended: Instant::now(),
        took,
        orders: report.orders,
        ended_early: report.ended_early,
        differences: differences.collect(),
        not_judged: count(report.undecided()),
        repaired: if is_mended { count(found) } else { 0 },
        by: claim::process(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::report::Repair;
    use crate::reconcile::verdict::{Difference, Verdict};

    #[test]
    fn what_was_set_right_is_no_difference_any_more_and_what_is_in_motion_never_was() {
        let mut report = Report { orders: 9, ..Report::default() };
        report.add(0, 1, &Difference::Missing, Verdict::Finding);
        report.add(0, 2, &Difference::Missing, Verdict::InFlight);
        let comparison = outcome(&report, Duration::ZERO);
        assert_eq!((comparison.found(), comparison.differences["missing"], comparison.not_judged, comparison.repaired), (1, 1, 1, 0));
        report.repair = Some(Repair::default());
        let comparison = outcome(&report, Duration::ZERO);
        assert_eq!((comparison.found(), comparison.repaired), (0, 1));
    }
}

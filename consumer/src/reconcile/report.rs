//! The report of a reconciliation, for people and for machines. The report names ids and columns, never a value (P11).

mod listed;
mod text;

pub use listed::{Id, Listed};
use serde::Serialize;

use super::customers::CustomerDifference;
use super::verdict::{Difference, Verdict};

/// How the customers of the source and their hashes compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CustomerHashes {
    /// Customers of the source.
    pub compared: i64,
    /// The source has these customers, Redis does not.
    pub missing: Listed,
    /// Redis has these customers, the source does not.
    pub extra: Listed,
    /// Both have these customers, and they are not the same.
    pub different: Listed,
    /// Not judged: changes are still to come.
    pub in_flight: Listed,
    /// Not judged: Redis is being made whole.
    pub being_repaired: Listed,
    /// Not the same, and a change of the customer is an open dead letter.
    pub dead_letters: Listed,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Orders that Debezium was asked for.
    pub asked_for: u64,
    /// How many signals were sent to ask for orders.
    pub signals: u64,
    /// Rows of `results` that the source does not have, removed.
    pub removed: u64,
    /// Hashes to be written again.
    pub hashes: u64,
    /// Hashes of orders that have no row, removed.
    pub hashes_removed: u64,
    /// Customers that Debezium was asked for.
    pub customers_asked_for: u64,
    /// Customers removed from Redis.
    pub customers_removed: u64,
    /// Orders and customers that do not agree yet.
    pub left: Listed,
}

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Whether all agree: nothing was found, and nothing was left out because changes are still to come. After a repair: all agree now.
    pub equal: bool,
    /// Rows of the source.
    pub orders: i64,
    /// Rows of `results`.
    pub results: i64,
    /// Hashes compared; `None` with `--no-redis`.
    pub hashes: Option<u64>,
    /// Whether the customers' columns were compared.
    pub customers: bool,
    /// The source has these orders, `results` does not.
    pub missing: Listed,
    /// `results` has these orders, the source does not.
    pub extra: Listed,
    /// Both have these orders, and they are not the same.
    pub different: Listed,
    /// Rows without a hash.
    pub hashes_absent: Listed,
    /// Rows whose hash is not what the row says.
    pub hashes_different: Listed,
    /// Hashes without a row.
    pub hashes_extra: Listed,
    /// The customers in Redis; `None` with `--no-redis`, and where another program keeps the customers.
    pub customer_hashes: Option<CustomerHashes>,
    /// Not judged: changes are still to come.
    pub in_flight: Listed,
    /// Not judged: the sweep or the rebuild of Redis is about to set them right.
    pub being_repaired: Listed,
    /// Not the same, and a change of the order is an open dead letter.
    pub dead_letters: Listed,
    /// Absent hashes that have expired: their rows were written longer ago than hashes live.
    pub expired: u64,
    /// Absent hashes that Redis may have evicted.
    pub evicted: u64,
    /// Whether so much differed that the comparison did not look at the rest.
    pub ended_early: bool,
    /// What an operator should know besides.
    pub notes: Vec<String>,
    /// What was done about the differences; `None` without `--repair`, or if there was nothing to do.
    pub repair: Option<Repair>,
    /// How long the comparison took.
    pub seconds: f64,
}

impl Report {
    /// Notes that the comparison did not look at the rest, and why.
    pub fn end_early(&mut self, why: &str) {
        self.ended_early = true;
        self.notes.push(format!("{why} that the comparison ended early"));
    }

    /// Takes in a judged difference.
    pub fn add(&mut self, limit: usize, order_id: i64, difference: &Difference, verdict: Verdict) {
        let list = match (verdict, difference) {
            (Verdict::InFlight, _) => &mut self.in_flight,
            (Verdict::BeingRepaired, _) => &mut self.being_repaired,
            (Verdict::DeadLetter, _) => &mut self.dead_letters,
            (Verdict::Finding, Difference::Missing) => &mut self.missing,
            (Verdict::Finding, Difference::Extra) => &mut self.extra,
            (Verdict::Finding, Difference::Different(_)) => &mut self.different,
            (Verdict::Finding, Difference::HashAbsent) => &mut self.hashes_absent,
            (Verdict::Finding, Difference::HashDifferent) => &mut self.hashes_different,
            (Verdict::Finding, Difference::HashExtra) => &mut self.hashes_extra,
        };
        let columns = if let Difference::Different(columns) = difference { columns.clone() } else { Vec::new() };
        list.add(limit, order_id, columns);
    }

    /// Takes in a judged difference of a customer.
    pub fn add_customer(&mut self, limit: usize, customer_id: &str, difference: &CustomerDifference, verdict: Verdict) {
        let hashes = self.customer_hashes.get_or_insert_default();
        let list = match (verdict, difference) {
            (Verdict::InFlight, _) => &mut hashes.in_flight,
            (Verdict::BeingRepaired, _) => &mut hashes.being_repaired,
            (Verdict::DeadLetter, _) => &mut hashes.dead_letters,
            (Verdict::Finding, CustomerDifference::Missing) => &mut hashes.missing,
            (Verdict::Finding, CustomerDifference::Extra) => &mut hashes.extra,
            (Verdict::Finding, CustomerDifference::Different(_)) => &mut hashes.different,
        };
        let columns = if let CustomerDifference::Different(columns) = difference { columns.clone() } else { Vec::new() };
        list.add(limit, customer_id, columns);
    }

    /// How many differences are wrong and stay so. Differences that a dead letter explains count too, because the dead letter does not mend
    /// them.
    #[must_use]
    pub fn findings(&self) -> u64 {
        let rows = [&self.missing, &self.extra, &self.different, &self.dead_letters];
        let orders = rows.into_iter().chain([&self.hashes_absent, &self.hashes_different, &self.hashes_extra]);
        let of_customers =
            |hashes: &'_ CustomerHashes| [&hashes.missing, &hashes.extra, &hashes.different, &hashes.dead_letters].map(|list| list.count);
        let customers: u64 = self.customer_hashes.iter().flat_map(of_customers).sum();
        orders.map(|list| list.count).sum::<u64>() + customers
    }

    /// Every kind of difference, with how many are wrong and stay so. The kinds are a closed set: dashboards match on them.
    #[must_use]
    pub fn by_kind(&self) -> [(&'static str, u64); 11] {
        let none = CustomerHashes::default();
        let customers = self.customer_hashes.as_ref().unwrap_or(&none);
        [
            ("missing", &self.missing),
            ("extra", &self.extra),
            ("different", &self.different),
            ("dead_letter", &self.dead_letters),
            ("hash_absent", &self.hashes_absent),
            ("hash_different", &self.hashes_different),
            ("hash_extra", &self.hashes_extra),
            ("customer_missing", &customers.missing),
            ("customer_extra", &customers.extra),
            ("customer_different", &customers.different),
            ("customer_dead_letter", &customers.dead_letters),
        ]
        .map(|(kind, list)| (kind, list.count))
    }

    /// How many differences were not judged because changes are still to come.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let customers = self.customer_hashes.as_ref().map_or(0, |hashes| hashes.in_flight.count + hashes.being_repaired.count);
        self.in_flight.count + self.being_repaired.count + customers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_are_listed_with_their_columns() {
        let mut report = Report { orders: 5, results: 4, ..Report::default() };
        for id in 1..=3 {
            report.add(2, id, &Difference::Missing, Verdict::Finding);
        }
        report.add(2, 9, &Difference::Different(vec!["quantity", "total"]), Verdict::Finding);
        report.add(2, 10, &Difference::Missing, Verdict::InFlight);
        let text = report.to_string();
        assert!(text.contains("missing     3 orders in the source and not in results: 1, 2, ..\n"), "{text}");
        assert!(text.contains("different   1 orders not the same in results: 9 (quantity, total)\n"), "{text}");
        assert!(text.contains("not judged  1 orders still on their way: 10\n"), "{text}");
        assert!(text.ends_with("4 differences; `--repair` sets them right\n"), "{text}");
        let by_kind = report.by_kind();
        assert_eq!((by_kind[0], by_kind[2]), (("missing", 3), ("different", 1)));
        assert_eq!(by_kind.iter().map(|(_, count)| count).sum::<u64>(), report.findings());
    }

    #[test]
    fn what_was_not_judged_is_not_called_equal() {
        let mut report = Report::default();
        assert!(report.to_string().ends_with("\nequal\n"));
        report.add(2, 1, &Difference::HashAbsent, Verdict::BeingRepaired);
        assert!(report.to_string().ends_with("1 could not be judged yet: run it again\n"));
        assert_eq!((report.findings(), report.undecided()), (0, 1));
    }

    #[test]
    fn what_a_dead_letter_explains_is_not_equal_either() {
        let mut report = Report::default();
        report.add(2, 1, &Difference::Missing, Verdict::DeadLetter);
        report.add_customer(2, "C1", &CustomerDifference::Missing, Verdict::DeadLetter);
        let text = report.to_string();
        assert!(
            text.contains("letters     1 orders not the same, with an open dead letter (`orderstream dlq list --key ID`): 1\n"),
            "{text}"
        );
        assert!(text.ends_with("2 differences; `--repair` sets them right\n"), "{text}");
    }
}

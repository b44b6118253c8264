//! What a reconciliation says in the end, for people and for machines. Ids and names of columns, never a value (P11).

use std::fmt;

use serde::Serialize;

use super::verdict::{Difference, Verdict};

/// Orders of one kind: all are counted, the first are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Example>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The order.
    pub order_id: i64,
    /// The columns that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<&'static str>,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Orders that Debezium was asked for.
    pub asked_for: u64,
    /// In so many signals.
    pub signals: u64,
    /// Ghosts removed.
    pub removed: u64,
    /// Hashes to be written again.
    pub hashes: u64,
    /// Orders that do not agree yet.
    pub left: Listed,
}

/// The whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Nothing was found, and nothing was left out because more is to come; after a repair: all agree now.
    pub equal: bool,
    /// Rows of the source.
    pub orders: i64,
    /// Rows of `results`.
    pub results: i64,
    /// Hashes compared; none with `--no-redis`.
    pub hashes: Option<u64>,
    /// Whether the customers' columns were compared.
    pub customers: bool,
    /// The source has them, `results` does not.
    pub missing: Listed,
    /// `results` has them, the source does not.
    pub extra: Listed,
    /// Both have them, and they are not the same.
    pub different: Listed,
    /// Rows without a hash.
    pub hashes_absent: Listed,
    /// Rows with another hash.
    pub hashes_different: Listed,
    /// Not judged: more is to come.
    pub in_flight: Listed,
    /// Not judged: the sweep or the rebuild of Redis is at it.
    pub being_repaired: Listed,
    /// Not judged: a change of them is an open dead letter.
    pub dead_letters: Listed,
    /// Absent hashes of rows that were written longer ago than hashes live.
    pub expired: u64,
    /// Absent hashes that Redis may have evicted.
    pub evicted: u64,
    /// What an operator should know besides.
    pub notes: Vec<String>,
    /// What was done about it.
    pub repair: Option<Repair>,
    /// How long it took.
    pub seconds: f64,
}

impl Listed {
    /// Counts one more; lists it while there are fewer than `limit`.
    pub fn add(&mut self, limit: usize, order_id: i64, columns: Vec<&'static str>) {
        self.count += 1;
        if self.first.len() < limit {
            self.first.push(Example { order_id, columns });
        }
    }
}

impl Report {
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
        };
        let columns = if let Difference::Different(columns) = difference { columns.clone() } else { Vec::new() };
        list.add(limit, order_id, columns);
    }

    /// How many differences are wrong and stay so.
    #[must_use]
    pub fn findings(&self) -> u64 {
        [&self.missing, &self.extra, &self.different, &self.hashes_absent, &self.hashes_different].iter().map(|list| list.count).sum()
    }

    /// How many were not judged because more is to come.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.in_flight.count + self.being_repaired.count
    }

    fn conclusion(&self) -> String {
        match (&self.repair, self.findings(), self.undecided()) {
            (Some(repair), _, _) if repair.left.count > 0 => format!("{} orders do not agree after the repair", repair.left.count),
            (Some(_), _, 0) => "repaired: all agree".into(),
            (Some(_), _, some) => format!("repaired; {some} could not be judged yet: run it again"),
            (None, 0, 0) => "equal".into(),
            (None, 0, some) => format!("nothing wrong was found, {some} could not be judged yet: run it again"),
            (None, found, _) => format!("{found} differences; `--repair` sets them right"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hashes = self.hashes.map_or("without Redis".to_owned(), |hashes| format!("{hashes} hashes"));
        writeln!(f, "compared    {} orders, {} rows of results, {hashes}, in {:.1} s", self.orders, self.results, self.seconds)?;
        for (name, list, meaning) in [
            ("missing", &self.missing, "in the source and not in results"),
            ("extra", &self.extra, "in results and not in the source"),
            ("different", &self.different, "not the same in results"),
            ("redis", &self.hashes_absent, "without their hash in Redis"),
            ("redis", &self.hashes_different, "with a hash that is not their row"),
            ("not judged", &self.in_flight, "still on their way"),
            ("not judged", &self.being_repaired, "being repaired already; `orderstream status` shows how many wait"),
            ("not judged", &self.dead_letters, "with an open dead letter; see `orderstream dlq list --key ID`"),
        ] {
            if list.count > 0 {
                writeln!(f, "{name:<11} {} orders {meaning}: {list}", list.count)?;
            }
        }
        if self.expired > 0 {
            writeln!(f, "redis       {} hashes are absent because they lived as long as redis.order_ttl_seconds says", self.expired)?;
        }
        if self.evicted > 0 {
            writeln!(f, "redis       {} hashes are absent and may have been evicted: this Redis evicts", self.evicted)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note        {note}"))?;
        if let Some(Repair { asked_for, signals, removed, hashes, left }) = &self.repair {
            writeln!(
                f,
                "repair      {asked_for} orders asked for in {signals} signals, {removed} ghosts removed, {hashes} hashes written again"
            )?;
            if left.count > 0 {
                writeln!(f, "not yet     {} orders do not agree: {left}", left.count)?;
                writeln!(
                    f,
                    "            Is a process running, and Debezium? If only the customers are wrong: `orderstream rebuild customers`"
                )?;
            }
        }
        writeln!(f, "{}", self.conclusion())
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Example { order_id, columns }) in self.first.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{order_id}")?;
            if !columns.is_empty() {
                write!(f, " ({})", columns.join(", "))?;
            }
        }
        if self.count > self.first.len() as u64 { write!(f, ", ..") } else { Ok(()) }
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
    }

    #[test]
    fn what_was_not_judged_is_not_called_equal() {
        let mut report = Report::default();
        assert!(report.to_string().ends_with("\nequal\n"));
        report.add(2, 1, &Difference::HashAbsent, Verdict::BeingRepaired);
        assert!(report.to_string().ends_with("1 could not be judged yet: run it again\n"));
        assert_eq!((report.findings(), report.undecided()), (0, 1));
    }
}

//! The report of a reconciliation, for people and for machines. The report names keys and columns, never another value (P11).

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Key;
use super::shape::LeftOut;
use super::verdict::{Difference, Verdict};

/// The rows of one kind of difference.
pub type Listed = comparison::listed::Listed<Key, String>;

/// How a table and its source compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// The name in the source.
    pub source: String,
    /// The name in the target.
    pub target: String,
    /// Rows of the source.
    pub source_rows: i64,
    /// Rows of the target.
    pub target_rows: i64,
    /// The source has these rows, the target does not.
    pub missing: Listed,
    /// The target has these rows, the source does not.
    pub extra: Listed,
    /// Both have these rows, and they are not the same.
    pub different: Listed,
    /// Not the same only in columns whose old values the source has changed without any event.
    pub stale: Listed,
    /// Not the same, and an open dead letter of the table may be why.
    pub dead_letters: Listed,
    /// Not judged: changes are still to come.
    pub in_flight: Listed,
    /// Not judged: the table waits.
    pub waiting: Listed,
    /// Not the same only in columns of which the plan says that some values cannot arrive.
    pub inexact: Listed,
    /// In how many of the wrong rows each column differs.
    pub columns: BTreeMap<String, u64>,
    /// The columns that are not compared.
    pub left_out: Vec<LeftOut>,
    /// The columns whose old values the source has changed without any event.
    pub stale_columns: Vec<String>,
    /// Why the table waits.
    pub waits: Option<String>,
    /// Whether the table has no key: then its rows are counted by their contents, and no row is named.
    pub keyless: bool,
    /// Whether so much differs that the rest of the table was not looked at.
    pub ended_early: bool,
    /// What an operator should know besides.
    pub notes: Vec<String>,
}

/// What a repair did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Whether it was done, or only said.
    pub executed: bool,
    /// Rows that Debezium was asked for.
    pub asked_for: u64,
    /// Tables of which Debezium was asked for every row.
    pub whole_tables: Vec<String>,
    /// How many signals were sent to ask for them.
    pub signals: u64,
    /// Rows of the target that the source does not have, removed.
    pub removed: u64,
    /// Rows that do not agree yet.
    pub left: u64,
    /// Tables whose columns are not stale any more.
    pub re_read: Vec<String>,
}

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Whether all agree, but for what the plan says beforehand. After a repair: all agree now.
    pub equal: bool,
    /// The tables, by their names in the source.
    pub tables: Vec<TableReport>,
    /// What an operator should know besides.
    pub notes: Vec<String>,
    /// What was done about the differences; `None` without `--repair`, or if there was nothing to do.
    pub repair: Option<Repair>,
    /// How long the comparison took.
    pub seconds: f64,
}

impl TableReport {
    /// Takes in a judged difference.
    pub fn add(&mut self, limit: usize, key: &Key, difference: &Difference, verdict: Verdict) {
        let columns = if let Difference::Different(columns) = difference { columns.clone() } else { Vec::new() };
        if verdict.is_wrong() {
            columns.iter().for_each(|column| *self.columns.entry(column.clone()).or_default() += 1);
        }
        let list = match (verdict, difference) {
            (Verdict::Waiting, _) => &mut self.waiting,
            (Verdict::InFlight, _) => &mut self.in_flight,
            (Verdict::Inexact, _) => &mut self.inexact,
            (Verdict::Stale, _) => &mut self.stale,
            (Verdict::DeadLetter, _) => &mut self.dead_letters,
            (Verdict::Finding, Difference::Missing) => &mut self.missing,
            (Verdict::Finding, Difference::Extra) => &mut self.extra,
            (Verdict::Finding, Difference::Different(_)) => &mut self.different,
        };
        list.add(limit, key.clone(), columns);
    }

    /// How many differences are wrong and stay so.
    #[must_use]
    pub fn findings(&self) -> u64 {
        [&self.missing, &self.extra, &self.different, &self.stale, &self.dead_letters].iter().map(|list| list.count).sum()
    }

    /// How many differences were not judged, because changes are still to come.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.in_flight.count + self.waiting.count
    }

    fn is_equal(&self) -> bool {
        self.findings() + self.undecided() == 0 && !self.ended_early
    }
}

impl Report {
    /// How many differences are wrong and stay so.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.tables.iter().map(TableReport::findings).sum()
    }

    /// How many differences were not judged, because changes are still to come.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.tables.iter().map(TableReport::undecided).sum()
    }

    pub(super) fn conclude(&mut self) {
        self.equal = self.tables.iter().all(TableReport::is_equal);
    }

    fn conclusion(&self) -> String {
        match (&self.repair, self.findings(), self.undecided()) {
            (Some(repair), ..) if repair.executed && self.equal => "repaired: all agree".into(),
            (Some(repair), ..) if repair.executed && repair.left > 0 => format!("{} rows do not agree after the repair", repair.left),
            (Some(repair), ..) if repair.executed => "repaired, but not all: see above, and run it again".into(),
            (Some(_), ..) => "nothing was changed: `--execute` does what is said above".into(),
            (None, 0, 0) if self.equal => "equal".into(),
            (None, 0, some) if some > 0 => format!("nothing wrong was found, {some} rows could not be judged yet: run it again"),
            (None, found, _) => format!("{found} differences; `--repair` says how they are set right"),
        }
    }
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_equal() { "equal" } else { "NOT EQUAL" };
        writeln!(f, "{}: {} rows, {} in {}: {verdict}", self.source, self.source_rows, self.target_rows, self.target)?;
        for (name, list, meaning) in [
            ("missing", &self.missing, "in the source and not in the target"),
            ("extra", &self.extra, "in the target and not in the source"),
            ("different", &self.different, "not the same in the target"),
            ("stale", &self.stale, "not the same only in columns that the source has changed without an event"),
            ("letters", &self.dead_letters, "not the same, and an open dead letter of the table may be why"),
            ("not judged", &self.in_flight, "still on their way"),
            ("not judged", &self.waiting, "behind the change that the table waits for"),
            ("inexact", &self.inexact, "not the same only where `orderstream mirror plan` says that values cannot arrive"),
        ] {
            if list.count > 0 {
                let some = if self.keyless { String::new() } else { format!(": {list}") };
                writeln!(f, "  {name:<11} {} rows {meaning}{some}", list.count)?;
            }
        }
        for left in &self.left_out {
            writeln!(f, "  left out    column {}: {}", left.column, left.why)?;
        }
        if !self.stale_columns.is_empty() {
            writeln!(f, "  stale       columns {}: old rows may have other values", self.stale_columns.join(", "))?;
        }
        if let Some(waits) = &self.waits {
            writeln!(f, "  waits       {waits}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note        {note}"))
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executed, asked_for, whole_tables, signals, removed, left, re_read } = self;
        let verb = if *executed { ("asked for", "removed") } else { ("to be asked for", "to be removed") };
        writeln!(f, "repair      {asked_for} rows {} in {signals} signals, {removed} rows {}", verb.0, verb.1)?;
        if !whole_tables.is_empty() {
            writeln!(f, "repair      every row {} of {}", verb.0, whole_tables.join(", "))?;
        }
        if !re_read.is_empty() {
            writeln!(f, "repair      no stale columns any more in {}", re_read.join(", "))?;
        }
        if *left > 0 {
            writeln!(f, "not yet     {left} rows do not agree. Is a process running, and Debezium?")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tables.iter().try_for_each(|table| table.fmt(f))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note        {note}"))?;
        writeln!(f, "compared    {} tables in {:.1} s", self.tables.len(), self.seconds)?;
        self.repair.iter().try_for_each(|repair| repair.fmt(f))?;
        writeln!(f, "{}", self.conclusion())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key { key: vec![text.to_owned()] }
    }

    #[test]
    fn what_is_wrong_is_listed_with_its_columns_and_what_cannot_arrive_is_no_finding() {
        let mut table = TableReport { source: "a.b".into(), target: "c.d".into(), ..TableReport::default() };
        table.add(5, &key("7"), &Difference::Different(vec!["iv".into()]), Verdict::Inexact);
        let mut report = Report { tables: vec![table.clone()], ..Report::default() };
        report.conclude();
        assert!(report.equal && report.to_string().ends_with("\nequal\n"), "{report}");
        table.add(5, &key("8"), &Difference::Different(vec!["name".into(), "born".into()]), Verdict::Finding);
        table.add(5, &Key { key: vec!["9".into(), "x".into()] }, &Difference::Missing, Verdict::Finding);
        report.tables = vec![table];
        report.conclude();
        let text = report.to_string();
        assert!(!report.equal && text.contains("different   1 rows not the same in the target: 8 (name, born)\n"), "{text}");
        assert!(text.contains("missing     1 rows in the source and not in the target: (9, x)\n"), "{text}");
        assert!(text.ends_with("2 differences; `--repair` says how they are set right\n"), "{text}");
        assert_eq!(report.tables[0].columns, BTreeMap::from([("born".to_owned(), 1), ("name".to_owned(), 1)]));
    }

    #[test]
    fn what_was_not_judged_or_not_looked_at_is_not_called_equal() {
        let mut table = TableReport::default();
        table.add(5, &key("7"), &Difference::Missing, Verdict::InFlight);
        let mut report = Report { tables: vec![table], ..Report::default() };
        report.conclude();
        assert!(!report.equal && report.to_string().ends_with("1 rows could not be judged yet: run it again\n"), "{report}");
        report.tables = vec![TableReport { ended_early: true, ..TableReport::default() }];
        report.conclude();
        assert!(!report.equal);
    }
}

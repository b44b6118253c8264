//! The tables that a run prints for people.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::goals::{self, Reached, number};
use crate::machine;
use crate::measures::{Measures, Spread};
use crate::report::{CaseResult, Run};

/// The columns of the table: title, measure, decimals.
const COLUMNS: [(&str, &str, usize); 10] = [
    ("events/s", "events_per_second", 0),
    ("from start", "from_start_per_second", 0),
    ("orderstream us", "cpu_us.orderstream", 2),
    ("postgres us", "cpu_us.postgres", 2),
    ("redis us", "cpu_us.redis", 2),
    ("kafka us", "cpu_us.kafka", 2),
    ("bench us", "cpu_us.bench", 2),
    ("peak MB", "peak_mb", 0),
    ("WAL bytes", "wal_bytes", 0),
    ("others %", "others_percent", 0),
];

/// Measures that the tables leave out, because people need them only when something is strange; the file has them.
const SILENT: [&str; 4] = ["machine_busy_percent", "stolen_percent", "cpu_us.connect", "times_debezium_alone"];

impl Run {
    /// The table of the cases: medians, costs per event, and in brackets the spread of the rate.
    pub(crate) fn table(&self) -> String {
        let mut rows = vec![self.heading()];
        for result in &self.results {
            let mut row = vec![result.name.clone()];
            for (at, (_, measure, decimals)) in COLUMNS.iter().enumerate() {
                row.push(result.spread(measure).map_or("-".to_owned(), |spread| format!("{:.decimals$}", spread.median)));
                if at == 0 {
                    row.push(result.spread(measure).map_or(String::new(), |spread| format!("{:.0} to {:.0}", spread.min, spread.max)));
                }
            }
            rows.push(row);
        }
        let repetitions = self.results.iter().map(|result| result.repetitions.len()).max().unwrap_or(0);
        let mut table = format!("\n{}, revision {}", machine::in_words(&self.machine), self.revision);
        infallible(write!(table, "; medians of {repetitions}, per event; {} events in drain-create\n\n", self.events));
        table + &aligned(&rows) + &self.details() + &self.goals()
    }

    /// The measures that have no column, case by case.
    fn details(&self) -> String {
        let mut out = String::from("\n");
        for result in &self.results {
            let shown = |name: &&str| !SILENT.contains(name) && COLUMNS.iter().all(|(_, column, _)| column != name);
            let measures = result.repetitions.first().into_iter().flat_map(Measures::names).filter(shown);
            let words: Vec<String> = measures.filter_map(|name| Some(format!("{name} {}", in_words(result.spread(name)?)))).collect();
            if !words.is_empty() {
                infallible(writeln!(out, "{}: {}", result.name, words.join(", ")));
            }
        }
        out
    }

    /// The goals beside the figures.
    fn goals(&self) -> String {
        let mut rows = vec![["case", "figure", "median", "from to", "goal", "met"].map(str::to_owned).to_vec()];
        rows.extend(goals::reached(&self.results).iter().map(Reached::row));
        format!("\n{}", aligned(&rows))
    }

    fn heading(&self) -> Vec<String> {
        let mut heading = vec!["case".to_owned()];
        for (at, (title, _, _)) in COLUMNS.iter().enumerate() {
            heading.push((*title).to_owned());
            if at == 0 {
                heading.push("from to".to_owned());
            }
        }
        heading
    }

    /// The change of each rate and cost against an earlier run.
    pub(crate) fn change_since(&self, base: &Path) -> Result<String> {
        let text = fs::read_to_string(base).with_context(|| format!("{} cannot be read", base.display()))?;
        let earlier: Value = serde_json::from_str(&text).with_context(|| format!("{} is not a run", base.display()))?;
        let cases: Vec<CaseResult> = earlier["cases"].as_array().into_iter().flatten().filter_map(CaseResult::from_json).collect();
        let heading = ["case", "measure", "then (from to)", "now (from to)", "change", "beyond the spread"].map(str::to_owned).to_vec();
        let mut rows = vec![heading];
        for result in &self.results {
            let Some(then) = cases.iter().find(|case| case.name == result.name) else { continue };
            let measures = result.repetitions.first().into_iter().flat_map(Measures::names);
            rows.extend(measures.filter_map(|measure| change(&result.name, measure, then.spread(measure)?, result.spread(measure)?)));
        }
        let revision = earlier["revision"].as_str().unwrap_or_default();
        Ok(format!("\nagainst {revision}, {} events\n\n{}", earlier["events"], aligned(&rows)))
    }
}

/// One line of the comparison; `None` for a measure that is not worth a line.
fn change(case: &str, measure: &str, then: Spread, now: Spread) -> Option<Vec<String>> {
    let worth = ["per_second", "cpu_us.", "_ms", "_mb", "wal_bytes"];
    if !worth.iter().any(|part| measure.contains(part)) || then.median == 0.0 {
        return None;
    }
    let percent = 100.0 * (now.median / then.median - 1.0);
    let beyond = if now.min > then.max || now.max < then.min { "yes" } else { "" };
    Some(vec![case.into(), measure.into(), in_words(then), in_words(now), format!("{percent:+.1} %"), beyond.into()])
}

/// The median, and in brackets the smallest and the largest number.
fn in_words(spread: Spread) -> String {
    format!("{} ({} to {})", number(spread.median), number(spread.min), number(spread.max))
}

/// Aligns the columns, with numbers to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let result = if column == 0 { write!(line, "{cell:<width$}") } else { write!(line, "  {cell:>width$}") };
            infallible(result);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Writing into a `String` does not fail.
fn infallible(result: std::fmt::Result) {
    debug_assert!(result.is_ok());
}

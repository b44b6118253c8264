//! One run as a table for people and as a file for the next run to compare with.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::machine;
use crate::measures::{Measures, Spread};

/// A run: where, of what, and what each case gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) date: DateTime<Utc>,
    pub(crate) revision: String,
    pub(crate) machine: Value,
    pub(crate) versions: Value,
    /// Events of drain-create.
    pub(crate) events: u64,
    pub(crate) seed: u64,
    pub(crate) results: Vec<CaseResult>,
}

/// All repetitions of a case.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) name: String,
    pub(crate) repetitions: Vec<Measures>,
}

impl CaseResult {
    fn spread(&self, measure: &str) -> Option<Spread> {
        Spread::of(self.repetitions.iter().filter_map(|measures| measures.get(measure)))
    }

    fn to_json(&self) -> Value {
        let names = self.repetitions.first().into_iter().flat_map(Measures::names);
        let spreads = names.filter_map(|name| {
            let Spread { min, median, max } = self.spread(name)?;
            let mut of_measure = Measures::default();
            [("min", min), ("median", median), ("max", max)].iter().for_each(|(name, value)| of_measure.put(name, *value));
            Some((name.to_owned(), of_measure.to_json()))
        });
        let repetitions: Vec<Value> = self.repetitions.iter().map(Measures::to_json).collect();
        json!({"case": self.name, "measures": spreads.collect::<serde_json::Map<_, _>>(), "repetitions": repetitions})
    }

    fn from_json(value: &Value) -> Option<Self> {
        let repetitions = value["repetitions"].as_array()?.iter().map(Measures::from_json).collect();
        Some(Self { name: value["case"].as_str()?.to_owned(), repetitions })
    }
}

/// The columns of the table: title, measure, decimals.
const COLUMNS: [(&str, &str, usize); 9] = [
    ("events/s", "events_per_second", 0),
    ("from start", "from_start_per_second", 0),
    ("orderstream us", "cpu_us.orderstream", 2),
    ("postgres us", "cpu_us.postgres", 2),
    ("redis us", "cpu_us.redis", 2),
    ("kafka us", "cpu_us.kafka", 2),
    ("peak MB", "peak_mb", 0),
    ("WAL bytes", "wal_bytes", 0),
    ("others %", "others_percent", 0),
];

impl Run {
    /// The table: per event, medians; in brackets the spread of the rate.
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
        table + &aligned(&rows)
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
        let heading = ["case", "measure", "then", "now", "change", "beyond the spread"].map(str::to_owned).to_vec();
        let mut rows = vec![heading];
        for result in &self.results {
            let Some(then) = cases.iter().find(|case| case.name == result.name) else { continue };
            let measures = result.repetitions.first().into_iter().flat_map(Measures::names);
            rows.extend(measures.filter_map(|measure| change(&result.name, measure, then.spread(measure)?, result.spread(measure)?)));
        }
        let revision = earlier["revision"].as_str().unwrap_or_default();
        Ok(format!("\nagainst {revision}, {} events\n\n{}", earlier["events"], aligned(&rows)))
    }

    /// Writes the run into `folder` and returns the file.
    pub(crate) fn save(&self, folder: &Path) -> Result<PathBuf> {
        let file = folder.join(format!("{}-{}.json", self.date.format("%Y-%m-%dT%H%M"), self.revision));
        let run = json!({
            "date": self.date.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "revision": self.revision,
            "machine": self.machine,
            "versions": self.versions,
            "events": self.events,
            "seed": self.seed,
            "cases": self.results.iter().map(CaseResult::to_json).collect::<Vec<_>>(),
        });
        fs::create_dir_all(folder)?;
        fs::write(&file, serde_json::to_string_pretty(&run)? + "\n").with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }
}

/// One line of the comparison; `None` for what is not worth one.
fn change(case: &str, measure: &str, then: Spread, now: Spread) -> Option<Vec<String>> {
    let worth = ["per_second", "cpu_us.", "_ms", "_mb", "wal_bytes"];
    if !worth.iter().any(|part| measure.contains(part)) || then.median == 0.0 {
        return None;
    }
    let percent = 100.0 * (now.median / then.median - 1.0);
    let beyond = if now.min > then.max || now.max < then.min { "yes" } else { "" };
    let number = |value: f64| if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    Some(vec![case.into(), measure.into(), number(then.median), number(now.median), format!("{percent:+.1} %"), beyond.into()])
}

/// Columns of one width, numbers to the right.
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

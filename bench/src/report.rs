//! A run of the benchmark and its file, with which a later run can be compared.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::goals::{self, Reached};
use crate::measures::{Measures, Spread};

/// A run: the machine, what was measured, and the results of each case.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) date: DateTime<Utc>,
    pub(crate) revision: String,
    pub(crate) machine: Value,
    pub(crate) versions: Value,
    /// How many events drain-create has.
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

/// Adds a repetition to the case of that name.
pub(crate) fn add(results: &mut Vec<CaseResult>, name: &str, measures: Measures) {
    match results.iter_mut().find(|result| result.name == name) {
        Some(result) => result.repetitions.push(measures),
        None => results.push(CaseResult { name: name.to_owned(), repetitions: vec![measures] }),
    }
}

impl CaseResult {
    /// The spread of a measure over the repetitions.
    pub(crate) fn spread(&self, measure: &str) -> Option<Spread> {
        Spread::of(self.values(measure).into_iter())
    }

    /// The measure's number in each repetition in which it was taken.
    pub(crate) fn values(&self, measure: &str) -> Vec<f64> {
        self.repetitions.iter().filter_map(|measures| measures.get(measure)).collect()
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

    /// Reads an entry of `cases` in a file.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let repetitions = value["repetitions"].as_array()?.iter().map(Measures::from_json).collect();
        Some(Self { name: value["case"].as_str()?.to_owned(), repetitions })
    }
}

impl Run {
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
            "goals": goals::reached(&self.results).into_iter().map(Reached::to_json).collect::<Vec<_>>(),
            "cases": self.results.iter().map(CaseResult::to_json).collect::<Vec<_>>(),
        });
        fs::create_dir_all(folder)?;
        fs::write(&file, serde_json::to_string_pretty(&run)? + "\n").with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }
}

//! What to run, from the environment: `make bench CASE=.. BASE=.. REPEAT=.. N=..`.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use crate::case::Case;

/// Enough for a median and a spread.
const REPEAT: usize = 5;
/// The size of the cases that the goals speak of.
const EVENTS: u64 = 1_000_000;
/// A batch of each partition at least.
const FEWEST_EVENTS: u64 = 1_000;

/// What to run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The cases, in the order in which they run.
    pub(crate) cases: Vec<Case>,
    /// How often each.
    pub(crate) repeat: usize,
    /// Events of drain-create; the other cases keep their proportion to it.
    pub(crate) events: u64,
    /// A file of an earlier run to compare with.
    pub(crate) base: Option<PathBuf>,
    /// Makes the events what they are.
    pub(crate) seed: u64,
}

impl Settings {
    /// Reads the environment; unset and empty are the same.
    pub(crate) fn from_environment() -> Result<Self> {
        let names = text("CASE").unwrap_or_default();
        let asked: Vec<Case> =
            names.split([',', ' ']).filter(|name| !name.is_empty()).map(Case::from_str).collect::<Result<_>>().context("CASE")?;
        let wanted = |case: &Case| asked.is_empty() || asked.contains(case);
        let events = number("N", EVENTS)?;
        if events < FEWEST_EVENTS {
            bail!("N = {events}: at least {FEWEST_EVENTS}");
        }
        Ok(Self {
            cases: Case::ALL.into_iter().filter(wanted).collect(),
            repeat: number("REPEAT", REPEAT)?.max(1),
            events,
            base: text("BASE").map(PathBuf::from),
            seed: number("SEED", 1)?,
        })
    }
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn number<T: FromStr>(name: &str, default: T) -> Result<T> {
    let Some(value) = text(name) else { return Ok(default) };
    value.replace('_', "").parse().ok().with_context(|| format!("{name} = {value}: a number is needed"))
}

//! The settings of a run, from the environment: `make bench CASE=.. BASE=.. REPEAT=.. N=..`, SECONDS of the outage, and the PEER of the
//! mirror; for trials also SEED, CUSTOMERS, RESULTS (a folder) and PEER_SETTINGS (`name=value name=value`).

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::case::Case;
use crate::mirror::jdbc_sink::JdbcSink;

/// How often each case is measured: enough for a median and a spread.
const REPEAT: usize = 5;
/// How many events a full run has, which is the size that the goals are for.
const EVENTS: u64 = 1_000_000;
const CUSTOMERS: u32 = 20_000;
/// The smallest number of events, which is at least a batch for each partition.
const FEWEST_EVENTS: u64 = 1_000;

/// How long `latency` inserts in a full run; `BURST_ROWS` is how many rows `burst` inserts, and `OUTAGE_SECONDS` how long `outage` lasts.
const LATENCY_SECONDS: u64 = 60;
const BURST_ROWS: u64 = 300_000;
const OUTAGE_SECONDS: u64 = 300;

/// What to run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The cases, in the order in which they run.
    pub(crate) cases: Vec<Case>,
    /// How often each case is measured.
    pub(crate) repeat: usize,
    /// Events of drain-create; the other cases keep their proportion to it.
    pub(crate) events: u64,
    /// A file of an earlier run to compare with.
    pub(crate) base: Option<PathBuf>,
    /// The seed from which the events are made.
    pub(crate) seed: u64,
    /// How many customers the shop has.
    pub(crate) customers: u32,
    /// How long `outage` keeps Postgres away.
    pub(crate) outage: Duration,
    /// Who works the loads of `mirror` off beside the mirror.
    pub(crate) peer: Option<JdbcSink>,
    /// The folder that the run is written to.
    pub(crate) results: PathBuf,
}

impl Settings {
    /// Reads the environment; unset and empty are the same.
    pub(crate) fn from_environment() -> Result<Self> {
        let names = text("CASE").unwrap_or_default();
        let asked: Vec<Case> =
            names.split([',', ' ']).filter(|name| !name.is_empty()).map(Case::from_str).collect::<Result<_>>().context("CASE")?;
        let wanted = |case: &Case| if asked.is_empty() { *case != Case::Outage } else { asked.contains(case) };
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
            customers: number("CUSTOMERS", CUSTOMERS)?.max(1),
            outage: Duration::from_secs(number("SECONDS", OUTAGE_SECONDS)?),
            peer: peer()?,
            results: text("RESULTS").map_or_else(|| stack::root().join("bench/results"), PathBuf::from),
        })
    }

    /// How long `latency` inserts.
    pub(crate) fn latency_seconds(&self) -> u32 {
        u32::try_from(self.scaled(LATENCY_SECONDS)).unwrap_or(u32::MAX).max(5)
    }

    /// How many rows `burst` inserts.
    pub(crate) fn burst_rows(&self) -> u64 {
        self.scaled(BURST_ROWS).max(FEWEST_EVENTS)
    }

    /// How much of `full` there is in a run of this size.
    fn scaled(&self, full: u64) -> u64 {
        full * self.events / EVENTS
    }
}

fn peer() -> Result<Option<JdbcSink>> {
    match text("PEER").as_deref() {
        None => Ok(None),
        Some("jdbc-sink") => {
            let settings = text("PEER_SETTINGS").unwrap_or_default();
            let pair = |setting: &str| {
                let (name, value) = setting.split_once('=').with_context(|| format!("PEER_SETTINGS: {setting} has no ="))?;
                Ok((name.to_owned(), value.to_owned()))
            };
            Ok(Some(JdbcSink { settings: settings.split_whitespace().map(pair).collect::<Result<_>>()? }))
        }
        Some(other) => bail!("PEER = {other}: there is jdbc-sink"),
    }
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn number<T: FromStr>(name: &str, default: T) -> Result<T> {
    let Some(value) = text(name) else { return Ok(default) };
    value.replace('_', "").parse().ok().with_context(|| format!("{name} = {value}: a number is needed"))
}

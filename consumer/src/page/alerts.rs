//! What is wrong now and what to do about it: by the same rules as readiness, and what only a look over some minutes or over all processes
//! shows. Pure: everything is a value, and `now` is an argument.
//!
//! - `advice`: the one table of what orderstream does by itself, what an operator does, and where the documentation says more
//! - [`due`]: whether the list of the sweep shrinks

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

mod advice;
pub mod due;

use crate::health::{Finding, Group, Heard, plural};
use crate::results::letter_pages::{MOST_OF_A_REASON, Run};
pub use advice::{Advice, AlertKind, Harm, Severity};
use due::NotShrinking;

/// How many alerts are told at most: the worst of them (P10).
const MOST: usize = 100;

/// How many reasons of another process are told.
const REASONS: usize = 3;

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Alert {
    /// The same for as long as it lasts: its kind, and what it is about.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// Since when, in milliseconds since 1970; null if that is not known.
    pub since: Option<i64>,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What tells so, where the sentence does not say it all.
    pub evidence: Option<String>,
    /// What orderstream does by itself.
    pub self_heals: &'static str,
    /// What the operator does.
    #[serde(rename = "do")]
    pub to_do: &'static str,
    /// The page of the docs that says more, with its heading.
    pub runbook: &'static str,
}

/// What alerts are made of.
#[derive(Debug)]
pub struct Known<'a> {
    /// What this process has found.
    pub findings: &'a [Finding],
    /// What all processes know together.
    pub group: &'a Group,
    /// The name of this start of the process.
    pub instance: &'a str,
    /// The reasons whose open letters are rising, with their runs.
    pub rising: &'a BTreeMap<String, Run>,
    /// That the list of the sweep does not shrink, if it does not.
    pub not_shrinking: Option<NotShrinking>,
    /// Now.
    pub now: Instant,
    /// The same moment, in milliseconds since 1970.
    pub at: i64,
}

/// An alert before it gets its texts.
struct Raised {
    kind: AlertKind,
    subject: String,
    since: Option<i64>,
    what: String,
    evidence: Option<String>,
}

/// Everything that is wrong, the worst first.
#[must_use]
pub fn alerts(known: &Known<'_>) -> Vec<Alert> {
    let found = known.findings.iter().map(|finding| of_finding(known, finding));
    let all = found.chain(rising(known)).chain(not_shrinking(known)).chain(others(known));
    let mut all: Vec<(Harm, Alert)> = all.map(Raised::told).collect();
    // Of equal harm the oldest stands first; what has no time stands last.
    all.sort_by(|(harm, one), (other_harm, other)| {
        let key = |alert: &Alert| (alert.severity, alert.since.is_none(), alert.since, alert.id.clone());
        (harm, key(one)).cmp(&(other_harm, key(other)))
    });
    all.truncate(MOST);
    all.into_iter().map(|(_, alert)| alert).collect()
}

impl Raised {
    fn told(self) -> (Harm, Alert) {
        let Advice { harm, severity, self_heals, to_do, runbook } = self.kind.advice();
        let id = format!("{}:{}", self.kind.as_str(), self.subject);
        (harm, Alert { id, severity, since: self.since, what: self.what, evidence: self.evidence, self_heals, to_do, runbook })
    }
}

impl Known<'_> {
    /// An instant in milliseconds since 1970.
    fn wall(&self, instant: Instant) -> i64 {
        self.ago(self.now.saturating_duration_since(instant))
    }

    fn ago(&self, age: Duration) -> i64 {
        self.at.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    }
}

fn of_finding(known: &Known<'_>, finding: &Finding) -> Raised {
    Raised {
        kind: AlertKind::of(finding),
        subject: finding.subject.clone(),
        since: finding.since.map(|since| known.wall(since)),
        what: finding.what.clone(),
        evidence: None,
    }
}

fn rising(known: &Known<'_>) -> impl Iterator<Item = Raised> {
    known.rising.iter().map(|(reason, run)| Raised {
        kind: AlertKind::LettersRising,
        subject: reason.clone(),
        since: Some(run.since),
        what: format!("Dead letters of reason {reason} keep coming"),
        evidence: DateTime::from_timestamp_millis(run.since).map(|since| {
            let at_least = if run.letters >= MOST_OF_A_REASON { "at least " } else { "" };
            let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("{at_least}{} came since {since}, none of them more than 10 minutes after the one before it", run.letters)
        }),
    })
}

fn not_shrinking(known: &Known<'_>) -> Option<Raised> {
    let NotShrinking { since, before, orders, now } = known.not_shrinking.as_ref()?;
    let (are, were) = (plural(*orders, "order is", "orders are"), plural(*before, "was", "were"));
    Some(Raised {
        kind: AlertKind::DueNotShrinking,
        subject: "sweep".to_owned(),
        since: Some(known.wall(*since)),
        what: "The list of the sweep does not become shorter, although orders on it are due".to_owned(),
        evidence: Some(format!("{orders} {are} on it, {now} of them due now; 10 minutes ago there {were} {before}")),
    })
}

/// The other processes that are silent or not ready, as far as their reports can be read. What this process finds of itself is among its findings.
fn others(known: &Known<'_>) -> Vec<Raised> {
    let Some((read, heard)) = &known.group.processes else { return Vec::new() };
    let other = |heard: &Heard| {
        let (report, silence) = (&heard.report, heard.silence(*read, known.now));
        let heard_at = known.ago(silence);
        let raised = |kind, since, what, evidence| Some(Raised { kind, subject: report.instance.clone(), since, what, evidence });
        match heard.told(*read, known.now) {
            "silent" => {
                let what = format!("Process {} was not heard of for {} s", report.process, silence.as_secs());
                let had = (!report.partitions.is_empty()).then(|| format!("it had {}", report.partitions.join(", ")));
                raised(AlertKind::ProcessSilent, Some(heard_at), what, had)
            }
            "not_ready" => {
                let reasons: Vec<&str> = report.reasons.iter().take(REASONS).map(String::as_str).collect();
                let evidence = (!reasons.is_empty()).then(|| reasons.join("; "));
                raised(AlertKind::ProcessNotReady, None, format!("Process {} is not ready", report.process), evidence)
            }
            _ => None,
        }
    };
    heard.iter().filter(|heard| heard.report.instance != known.instance).filter_map(other).collect()
}

#[cfg(test)]
mod tests;

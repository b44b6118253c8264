//! What an operator is shown before anything is done: what would happen, in numbers, and what to think of. Pure: facts in, words out.

use serde::{Deserialize, Serialize};

use crate::health::{grouped, plural};

mod holds;
mod replay;
mod works;

pub use holds::{BreakerFacts, Kept, PartitionFacts, hold, pause, release, resume};
pub use replay::{DryRun, ReplayFacts, replay};
pub use works::{connector, rebuild};

/// How long a plan may be executed: long enough to read it and to ask somebody.
pub const LIVES_SECONDS: u32 = 600;

/// The share by which the number of letters may move between a plan and its execution, in percent.
const MAY_MOVE: u64 = 10;

/// What would happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// In one sentence.
    pub effect: String,
    /// Numbers and names.
    pub details: Vec<Detail>,
    /// What to think of before.
    pub warnings: Vec<String>,
    /// What the operator types to confirm; `None` if a click is enough.
    pub confirm: Option<String>,
    /// The number of letters that the plan rests on.
    pub letters: Option<u64>,
    /// The epoch that the plan rests on.
    pub epoch: i32,
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Detail {
    /// What it is.
    pub label: String,
    /// How it is.
    pub value: String,
}

/// A plan, as it is shown: the answer to `POST /api/actions/preview`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Plan {
    /// Under this id it is executed.
    pub plan_id: String,
    /// The action.
    pub action: String,
    /// What would happen, in one sentence.
    pub effect: String,
    /// Numbers and names.
    pub details: Vec<Detail>,
    /// What to think of before.
    pub warnings: Vec<String>,
    /// What the operator types to confirm; null: a click is enough.
    pub confirm: Option<String>,
    /// Until when it may be executed, in Unix milliseconds.
    pub expires_at: i64,
}

impl Draft {
    fn with(mut self, label: &str, value: impl Into<String>) -> Self {
        self.details.push(Detail { label: label.to_owned(), value: value.into() });
        self
    }

    fn warned(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// The plan with its id and its end.
    #[must_use]
    pub fn plan(self, plan_id: String, action: &str, expires_at: i64) -> Plan {
        let Self { effect, details, warnings, confirm, .. } = self;
        Plan { plan_id, action: action.to_owned(), effect, details, warnings, confirm, expires_at }
    }

    /// Why the plan does not hold any more, where there are so many letters now; `None` if it holds.
    #[must_use]
    pub fn is_outdated(&self, letters: Option<u64>, epoch: i32) -> Option<String> {
        if self.epoch != epoch {
            return Some(format!("the plan was made in epoch {}, and this is epoch {epoch}: make a new preview", self.epoch));
        }
        let (planned, now) = self.letters.zip(letters)?;
        let moved = planned.abs_diff(now) * 100 > planned * MAY_MOVE;
        moved.then(|| {
            let (letters, are) = (plural(planned, "letter", "letters"), plural(now, "is", "are"));
            format!("the plan was made for {planned} {letters}, and there {are} {now} now: make a new preview")
        })
    }
}

/// Minutes for people.
fn minutes(minutes: u32) -> String {
    match minutes {
        60.. if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{minutes} min"),
    }
}

/// A number for people.
fn number(of: u64) -> String {
    grouped(i64::try_from(of).unwrap_or(i64::MAX))
}

/// `1 record`, `1,180 records`.
fn counted(of: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(of), plural(of, one, many))
}

#[cfg(test)]
mod tests;

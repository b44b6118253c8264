//! What an operator asks for: which action, to what, why. Pure: everything that can be said without asking a server is said here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;
use crate::flow::replay::How;
use crate::flow::replay::run::Wanted;
use crate::health::HeldState;
use crate::results::dead_letters::Filter;

/// The longest pause of a partition in minutes, and the usual one.
const LONGEST_PAUSE: u32 = 24 * 60;
const USUAL: u32 = 15;

/// The longest hold of the breaker in minutes.
const LONGEST_HOLD: u32 = 30;

/// The letters, reasons and characters that a request may name (P10).
const MOST_IDS: usize = 1_000;
const MOST_REASONS: usize = 50;
const LONGEST: usize = 500;

/// Letters that were replayed in vain this often are left alone, as by the command without `--max-replays`.
pub const MAX_REPLAYS: i32 = 3;

/// A request for a plan: `POST /api/actions/preview`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Request {
    /// What is to be done.
    #[serde(flatten)]
    pub wish: Wish,
    /// Why, in the operator's words.
    #[serde(default)]
    pub reason: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", content = "parameters", rename_all = "snake_case")]
pub enum Wish {
    /// Process dead letters again.
    Replay(Letters),
    /// Read a partition no more for a while.
    Pause(Pause),
    /// Read it again.
    Resume(Place),
    /// Hold the breaker around Redis in a state for a while.
    HoldBreaker(Hold),
    /// Let it go.
    ReleaseBreaker(Nothing),
    /// Write hashes in Redis anew.
    Rebuild(Rebuild),
    /// Have the connector's failed tasks started again.
    RestartConnector(Nothing),
}

/// Which letters are replayed, how many of them, and how fast. A field that is not there leaves all letters in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Letters {
    /// Only these reasons.
    pub reasons: Vec<String>,
    /// Only records of this topic.
    pub topic: Option<String>,
    /// Only records of this order or customer.
    pub key: Option<String>,
    /// Only letters from this moment on, in Unix milliseconds.
    pub since: Option<i64>,
    /// Only letters from before this moment.
    pub until: Option<i64>,
    /// Only these letters.
    pub ids: Vec<String>,
    /// The most letters a second.
    pub rate: Option<u32>,
    /// The most letters.
    pub max: Option<u64>,
    /// Part of the list's filter: closed letters are never replayed.
    #[serde(skip_serializing)]
    pub resolved: Option<bool>,
    /// Part of the list's filter, where a page of the list begins: all that are meant are replayed.
    #[serde(skip_serializing)]
    pub after: Option<String>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
}

/// A partition, and for how long it is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// For how many minutes.
    #[serde(default = "usual")]
    pub minutes: u32,
}

/// In which state the breaker is held, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// `open` or `closed`.
    pub state: BreakerState,
    /// For how many minutes.
    #[serde(default = "usual")]
    pub minutes: u32,
}

/// A state that the breaker is held in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// No call is made.
    Open,
    /// Every call is made.
    Closed,
}

/// What is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// `cache` or `customers`.
    pub what: What,
}

/// The hashes that are written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Those of orders, and `recent_orders`.
    Cache,
    /// Those of customers.
    Customers,
}

/// No parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

fn usual() -> u32 {
    USUAL
}

impl From<BreakerState> for HeldState {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Open => Self::Open,
            BreakerState::Closed => Self::Closed,
        }
    }
}

impl Request {
    /// Looks whether the request can be meant so. `topics` are those that this process reads.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(mut self, topics: &[String]) -> Result<Self, Refusal> {
        self.reason = self.reason.trim().to_owned();
        if self.reason.chars().count() > LONGEST {
            return Err(Refusal::invalid(format!("the reason may have {LONGEST} characters")));
        }
        if self.reason.is_empty() && !matches!(self.wish, Wish::Replay(_)) {
            return Err(Refusal::invalid("say why, in a few words: the reason is kept"));
        }
        let is_read = |topic: &str| match topics.iter().any(|read| read == topic) {
            true => Ok(()),
            false => Err(Refusal::invalid(format!("that topic is not read, only {}", topics.join(" and ")))),
        };
        match &mut self.wish {
            Wish::Replay(letters) => {
                letters.topic.iter().try_for_each(|topic| is_read(topic))?;
                letters.checked()?;
                (letters.resolved, letters.after) = (None, None);
            }
            Wish::Pause(pause) => {
                is_read(&pause.topic)?;
                within("a pause", pause.minutes, LONGEST_PAUSE)?;
            }
            Wish::Resume(place) => is_read(&place.topic)?,
            Wish::HoldBreaker(hold) => within("a hold", hold.minutes, LONGEST_HOLD)?,
            Wish::ReleaseBreaker(_) | Wish::RestartConnector(_) | Wish::Rebuild(_) => {}
        }
        Ok(self)
    }
}

fn within(what: &str, minutes: u32, longest: u32) -> Result<(), Refusal> {
    match minutes {
        1.. if minutes <= longest => Ok(()),
        _ => Err(Refusal::invalid(format!("{what} takes 1 to {longest} minutes"))),
    }
}

impl Letters {
    fn checked(&self) -> Result<(), Refusal> {
        let texts = self.reasons.iter().chain(&self.ids).chain(&self.key);
        if self.ids.len() > MOST_IDS || self.reasons.len() > MOST_REASONS || texts.into_iter().any(|text| text.len() > LONGEST) {
            let limits = format!("at most {MOST_IDS} ids and {MOST_REASONS} reasons, of {LONGEST} bytes each");
            return Err(Refusal::invalid(limits));
        }
        if self.resolved == Some(true) {
            return Err(Refusal::invalid("closed letters are not replayed"));
        }
        if self.rate == Some(0) || self.max == Some(0) {
            return Err(Refusal::invalid("rate and max begin at 1"));
        }
        if [self.since, self.until].into_iter().flatten().any(|ms| DateTime::from_timestamp_millis(ms).is_none()) {
            return Err(Refusal::invalid("since and until are Unix milliseconds"));
        }
        Ok(())
    }

    /// From `now` on only letters are meant that are there already, so that what is shown is what is replayed. `now` is told by Postgres, as the
    /// times of letters are: the clock of this process may be another.
    pub fn until_now(&mut self, now: DateTime<Utc>) {
        // The letters of this millisecond are there too.
        self.until.get_or_insert(now.timestamp_millis() + 1);
    }

    /// Which letters a replay means.
    #[must_use]
    pub fn wanted(&self, how: How) -> Wanted {
        let Self { reasons, topic, key, since, until, ids, rate, max, .. } = self.clone();
        let at = |ms: Option<i64>| ms.and_then(DateTime::from_timestamp_millis);
        let filter = Filter { reasons, topic, key, since: at(since), until: at(until), resolved: false, only_resolved: false, ids };
        Wanted { filter, rate, max, max_replays: MAX_REPLAYS, how }
    }
}

impl Wish {
    /// The name of the action.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Replay(_) => "replay",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::HoldBreaker(_) => "hold_breaker",
            Self::ReleaseBreaker(_) => "release_breaker",
            Self::Rebuild(_) => "rebuild",
            Self::RestartConnector(_) => "restart_connector",
        }
    }

    /// The parameters as they are kept.
    #[must_use]
    pub fn parameters(&self) -> Value {
        let mut whole = serde_json::to_value(self).unwrap_or_default();
        whole.get_mut("parameters").map(Value::take).unwrap_or_default()
    }

    /// The wish that was kept so.
    #[must_use]
    pub fn kept(action: &str, parameters: &Value) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ "action": action, "parameters": parameters })).ok()
    }
}

#[cfg(test)]
mod tests;

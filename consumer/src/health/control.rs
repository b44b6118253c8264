//! What an operator holds for a while: partitions that are paused, and the breaker around Redis.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};

/// A partition that is not read until a time, because an operator has said so. It keeps its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When the pause ends by itself, by this process's clock.
    pub ends: Instant,
    /// The same moment, for people.
    pub until: DateTime<Utc>,
    /// Who has paused the partition.
    pub by: String,
    /// Why, in the operator's words, which may name anybody: they are shown to whoever has a role and are in no log (P11).
    pub reason: String,
}

/// The breaker around Redis, held in a state by an operator until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The state.
    pub state: HeldState,
    /// When the hold ends by itself, by this process's clock.
    pub ends: Instant,
    /// The same moment, for people.
    pub until: DateTime<Utc>,
    /// Who holds the breaker.
    pub by: String,
    /// Why, in the operator's words.
    pub reason: String,
}

/// The state that a breaker can be held in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldState {
    /// No call is made.
    Open,
    /// Every call is made.
    Closed,
}

impl HeldState {
    /// The text in JSON and in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The state with this text.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|state| state.as_str() == text)
    }
}

/// Everything that operators hold at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Controls {
    /// The paused partitions, by topic and number.
    pub pauses: BTreeMap<(Arc<str>, i32), Pause>,
    /// The hold of the breaker.
    pub hold: Option<Hold>,
}

impl Controls {
    /// Without what has ended by itself.
    #[must_use]
    pub fn at(mut self, now: Instant) -> Self {
        self.pauses.retain(|_, pause| now < pause.ends);
        self.hold = self.hold.filter(|hold| now < hold.ends);
        self
    }

    /// The same, with the end of what was known before as it was then: two looks at one clock from afar differ by some milliseconds.
    #[must_use]
    pub fn after(mut self, known: &Self) -> Self {
        for (key, pause) in &mut self.pauses {
            known.pauses.get(key).filter(|before| before.until == pause.until).iter().for_each(|before| pause.ends = before.ends);
        }
        if let (Some(hold), Some(before)) = (&mut self.hold, &known.hold)
            && hold.until == before.until
        {
            hold.ends = before.ends;
        }
        self
    }

    /// The pause of a partition that is still in force.
    #[must_use]
    pub fn pause(&self, topic: &Arc<str>, partition: i32, now: Instant) -> Option<&Pause> {
        self.pauses.get(&(Arc::clone(topic), partition)).filter(|pause| now < pause.ends)
    }
}

impl Pause {
    /// Who has paused the partition and until when, without the operator's words.
    #[must_use]
    pub fn said(&self) -> String {
        format!("paused by {} until {}", self.by, moment(self.until))
    }
}

impl Hold {
    /// Who holds the breaker and until when, without the operator's words.
    #[must_use]
    pub fn said(&self) -> String {
        format!("the breaker around Redis is held {} by {} until {}", self.state.as_str(), self.by, moment(self.until))
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_held_ends_by_itself() {
        let now = Instant::now();
        let (topic, until): (Arc<str>, _) = ("orders".into(), DateTime::UNIX_EPOCH);
        let ends = now + Duration::from_secs(60);
        let pause = Pause { ends, until, by: "ann".into(), reason: "Mr Smith called".into() };
        let hold = Hold { state: HeldState::Open, ends, until, by: "ann".into(), reason: String::new() };
        let controls = Controls { pauses: BTreeMap::from([((Arc::clone(&topic), 0), pause)]), hold: Some(hold) };
        let just_before = ends - Duration::from_millis(1);
        assert!(controls.pause(&topic, 0, just_before).is_some() && controls.pause(&topic, 1, just_before).is_none());
        assert_eq!(controls.clone().at(just_before), controls);
        assert!(controls.pause(&topic, 0, ends).is_none());
        assert_eq!(controls.at(ends), Controls::default());
    }

    #[test]
    fn a_second_look_at_the_same_pause_changes_nothing() {
        let now = Instant::now();
        let (later, until) = (now + Duration::from_millis(7), DateTime::UNIX_EPOCH);
        let known = |ends, until| Controls {
            pauses: BTreeMap::from([(("orders".into(), 0), Pause { ends, until, by: "ann".into(), reason: String::new() })]),
            hold: Some(Hold { state: HeldState::Open, ends, until, by: "ann".into(), reason: String::new() }),
        };
        assert_eq!(known(later, until).after(&known(now, until)), known(now, until));
        let longer = until + Duration::from_secs(1);
        assert_eq!(known(later, longer).after(&known(now, until)), known(later, longer), "it was made longer");
    }

    #[test]
    fn the_operators_words_are_not_said_to_everybody() {
        let pause = Pause { ends: Instant::now(), until: DateTime::UNIX_EPOCH, by: "ann".into(), reason: "Mr Smith called".into() };
        assert_eq!(pause.said(), "paused by ann until 1970-01-01T00:00:00Z");
    }
}

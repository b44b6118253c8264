//! The plans of what holds for a while: pauses of partitions, and the breaker.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Draft, counted, minutes, number};
use crate::health::{self, HeldState, OrdersWithoutRedis};
use crate::page::actions::refusal::Refusal;
use crate::page::actions::request::{Hold, Pause, Place};

/// What a pause is planned on.
#[derive(Debug, Clone, Default)]
pub struct PartitionFacts {
    /// The process that has claimed it, and the next offset. `None`: nobody ever did.
    pub claimed: Option<(String, i64)>,
    /// The end of the partition, if Kafka has told it.
    pub end: Option<i64>,
    /// How long Kafka keeps the topic's records.
    pub kept: Kept,
    /// For how long the oldest record has waited that is not committed, if that is known.
    pub behind: Option<Duration>,
    /// Whether its records are customers.
    pub is_of_customers: bool,
    /// The pause that holds now.
    pub pause: Option<health::Pause>,
}

/// How long Kafka keeps the records of a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// Kafka does not tell.
    #[default]
    Unknown,
    /// For ever, or the last of each key.
    ForEver,
    /// For this time.
    For(Duration),
    /// Until the partition is larger than a size, and for this time at most, if there is a limit. How long that is nobody knows.
    UpToSize(Option<Duration>),
}

impl Kept {
    /// By the settings of the topic.
    #[must_use]
    pub fn by(settings: &BTreeMap<String, String>) -> Self {
        if settings.get("cleanup.policy").is_some_and(|policy| !policy.contains("delete")) {
            return Self::ForEver;
        }
        let number = |name| settings.get(name).and_then(|value: &String| value.parse::<i64>().ok());
        let Some(millis) = number("retention.ms") else { return Self::Unknown };
        // Minus one means for ever, or any size.
        let time = u64::try_from(millis).ok().map(Duration::from_millis);
        match number("retention.bytes") {
            Some(0..) => Self::UpToSize(time),
            _ => time.map_or(Self::ForEver, Self::For),
        }
    }
}

/// What a hold of the breaker is planned on.
#[derive(Debug, Clone, Default)]
pub struct BreakerFacts {
    /// What becomes of orders while Redis is not asked.
    pub orders: OrdersWithoutRedis,
    /// How long a batch may wait for its customers.
    pub deadline: Duration,
    /// The hold that there is now.
    pub hold: Option<health::Hold>,
    /// How many processes there are.
    pub processes: usize,
}

/// The plan of a pause.
///
/// # Errors
/// There is no such partition.
pub fn pause(asked: &Pause, facts: &PartitionFacts) -> Result<Draft, Refusal> {
    let name = format!("{}-{}", asked.topic, asked.partition);
    let Some((owner, next)) = &facts.claimed else { return Err(nobody_has(&name)) };
    let lag = facts.end.map(|end| u64::try_from(end - next).unwrap_or(0));
    let mut draft = Draft {
        effect: format!(
            "Partition {name} is not read for {}. {owner} has it, begins no batch any more within about a second, and keeps its claim.",
            minutes(asked.minutes)
        ),
        ..Draft::default()
    }
    .with("next offset", next.to_string())
    .with("behind now", lag.map_or("not known".to_owned(), |lag| counted(lag, "record", "records")));
    if let Some(known) = &facts.pause {
        draft = draft.with("now", format!("{}: the new end replaces it", known.said()));
    }
    draft = draft.warned("The lag grows meanwhile. The process is degraded and stays ready, and the pause ends by itself.");
    if facts.is_of_customers {
        draft = draft.warned("Orders of customers that come meanwhile are written as missing, and completed after the pause.");
    }
    if lag != Some(0) {
        let waited = facts.behind.map_or("not known".to_owned(), |behind| minutes(whole_minutes(behind)));
        draft = draft.with("the oldest of them has waited", waited);
    }
    Ok(draft.warned(retention(asked, facts)))
}

/// What Kafka may remove before it is read. The oldest record that is not read has waited before the pause, and waits through it.
fn retention(asked: &Pause, facts: &PartitionFacts) -> String {
    let waits = Duration::from_secs(u64::from(asked.minutes) * 60) + facts.behind.unwrap_or_default();
    match facts.kept {
        Kept::Unknown => {
            "How long Kafka keeps the records of this topic is not known: what it removes before it is read is lost.".to_owned()
        }
        Kept::ForEver => "Kafka keeps the records of this topic for ever, or the last of each key: none is lost.".to_owned(),
        Kept::For(kept) | Kept::UpToSize(Some(kept)) if waits * 2 >= kept => format!(
            "Kafka removes records of this topic after {}: WITH THIS PAUSE RECORDS MAY BE LOST before they are read.",
            minutes(whole_minutes(kept))
        ),
        Kept::UpToSize(_) => {
            "Kafka removes the oldest records of this topic by size (retention.bytes), so after which time is not known: what it \
                              removes before it is read is lost."
                .to_owned()
        }
        Kept::For(kept) => {
            let behind = match facts.behind {
                Some(_) => "",
                None => " How long the oldest record has waited already is not known.",
            };
            let kept = minutes(whole_minutes(kept));
            format!("Kafka removes records of this topic after {kept}: the partition has to be read again before that.{behind}")
        }
    }
}

fn whole_minutes(time: Duration) -> u32 {
    u32::try_from(time.as_secs() / 60).unwrap_or(u32::MAX)
}

/// The plan of the end of a pause.
///
/// # Errors
/// The partition is not paused.
pub fn resume(asked: &Place, facts: &PartitionFacts) -> Result<Draft, Refusal> {
    let name = format!("{}-{}", asked.topic, asked.partition);
    let Some(pause) = &facts.pause else { return Err(Refusal::conflict(format!("{name} is not paused"))) };
    let behind = facts.claimed.as_ref().and_then(|(_, next)| facts.end.map(|end| u64::try_from(end - next).unwrap_or(0)));
    let draft = Draft { effect: format!("Partition {name} is read again, within about a second."), ..Draft::default() };
    let draft = draft.with("now", pause.said()).with("because", pause.reason.clone());
    Ok(draft.with("behind now", behind.map_or("not known".to_owned(), |lag| counted(lag, "record", "records"))))
}

/// The plan of a hold of the breaker.
#[must_use]
pub fn hold(asked: &Hold, facts: &BreakerFacts) -> Draft {
    let state = HeldState::from(asked.state);
    let (what, warning) = match state {
        HeldState::Open => (
            "No process asks Redis for anything",
            match facts.orders {
                OrdersWithoutRedis::Pending => {
                    "New orders become pending, and are completed by themselves afterwards. Changes of customers wait.".to_owned()
                }
                OrdersWithoutRedis::Wait => {
                    "Orders wait until the end (enrichment.when_redis_is_down is hold), and the processes are not ready meanwhile."
                        .to_owned()
                }
                OrdersWithoutRedis::DeadLetters => {
                    "NEW ORDERS BECOME DEAD LETTERS: enrichment.when_redis_is_down is dead_letter.".to_owned()
                }
            },
        ),
        HeldState::Closed => (
            "Every process asks Redis whatever its answers are",
            format!("While Redis hangs, each batch waits for it, up to {} ms.", facts.deadline.as_millis()),
        ),
    };
    let draft = Draft { effect: format!("{what} for {}.", minutes(asked.minutes)), ..Draft::default() };
    let draft = draft.with("processes", format!("{}: each follows within about a second", number(facts.processes as u64))).warned(warning);
    match &facts.hold {
        Some(known) => draft.with("now", format!("{}: the new hold replaces it", known.said())),
        None => draft,
    }
}

/// The plan of the end of a hold.
///
/// # Errors
/// Nobody holds the breaker.
pub fn release(facts: &BreakerFacts) -> Result<Draft, Refusal> {
    let Some(hold) = &facts.hold else { return Err(Refusal::conflict("nobody holds the breaker by the page; breaker.held is a setting")) };
    let effect = "The breaker decides by itself again, or as breaker.held says, in every process.".to_owned();
    Ok(Draft { effect, ..Draft::default() }.with("now", hold.said()).with("because", hold.reason.clone()))
}

fn nobody_has(name: &str) -> Refusal {
    Refusal::invalid(format!("nothing of a partition {name} was ever processed"))
}

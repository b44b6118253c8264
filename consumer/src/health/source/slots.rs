//! What the shop's Postgres says of its replication slots, and what is wrong with them.

use std::time::Instant;

use super::super::finding::{Finding, FindingKind as Kind};
use super::super::verdict::seconds;
use super::{SILENCE, SourceRules};

/// A logical replication slot of the shop's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotReading {
    /// Its name.
    pub name: String,
    /// Whether somebody is connected to it.
    pub is_active: bool,
    /// Whether Postgres has thrown away log that the slot's reader had still to read.
    pub is_lost: bool,
    /// Bytes of the log that Postgres keeps because of the slot.
    pub retained_bytes: u64,
    /// Bytes of the log that the slot's reader has not confirmed.
    pub lag_bytes: u64,
}

/// The answer of the shop's Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotsReading {
    /// The shop's Postgres was not asked yet.
    Unasked,
    /// The shop's Postgres did not answer; the class of the error.
    Away(&'static str),
    /// All logical slots of the database.
    Known(Vec<SlotReading>),
}

/// The slots, and since when they are read or not.
#[derive(Debug, Clone)]
pub struct SlotsHealth {
    /// The last answer.
    pub reading: SlotsReading,
    /// Since when Postgres is silent, or nobody is connected to a slot, or somebody is.
    pub since: Instant,
    /// When the last answer came; `None` before the first.
    pub asked: Option<Instant>,
}

impl SlotsHealth {
    /// Slots that nobody has asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self { reading: SlotsReading::Unasked, since: Instant::now(), asked: None }
    }

    /// Takes in an answer.
    pub fn answered(&mut self, reading: SlotsReading, now: Instant) {
        if kind(&self.reading) != kind(&reading) {
            self.since = now;
        }
        self.reading = reading;
        self.asked = Some(now);
    }

    /// The slots as they were last seen; none while Postgres is silent, because what was true then may not be true now.
    #[must_use]
    pub fn slots(&self) -> &[SlotReading] {
        if let SlotsReading::Known(slots) = &self.reading { slots } else { &[] }
    }

    /// The slot that keeps the most of the log.
    #[must_use]
    pub fn heaviest(&self) -> Option<&SlotReading> {
        self.slots().iter().max_by_key(|slot| slot.retained_bytes)
    }

    /// Whether somebody is connected to a slot.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.slots().iter().any(|slot| slot.is_active)
    }

    pub(super) fn findings(&self, rules: &SourceRules, now: Instant) -> Vec<Finding> {
        let age = seconds(self.since, now);
        let lasts = now.saturating_duration_since(self.since) > SILENCE;
        match &self.reading {
            SlotsReading::Away(error) if lasts => {
                let what = format!("slot: the shop's Postgres has not answered for {age} s ({error}); see source.url");
                vec![Finding::degrades(Kind::SlotsUnknown, "slots", what).since(self.since)]
            }
            SlotsReading::Known(slots) => {
                let unread = (lasts && !self.is_read()).then(|| unread(slots, age).since(self.since));
                unread.into_iter().chain(slots.iter().filter_map(|slot| heavy(slot, rules))).collect()
            }
            SlotsReading::Unasked | SlotsReading::Away(_) => Vec::new(),
        }
    }
}

impl Default for SlotsHealth {
    fn default() -> Self {
        Self::new()
    }
}

/// What makes an answer another one: silence, slots that are read, and slots that are not.
fn kind(reading: &SlotsReading) -> u8 {
    match reading {
        SlotsReading::Unasked => 0,
        SlotsReading::Away(_) => 1,
        SlotsReading::Known(slots) if slots.iter().any(|slot| slot.is_active) => 2,
        SlotsReading::Known(_) => 3,
    }
}

fn unread(slots: &[SlotReading], age: u64) -> Finding {
    if slots.is_empty() {
        let what = format!(
            "slot: the shop's database has had no logical replication slot for {age} s: no change arrives, and those of that time never \
             will; see the connector's state and source.url"
        );
        return Finding::degrades(Kind::SlotAbsent, "slots", what);
    }
    let what = format!("slot: nobody has been connected to a replication slot of the shop for {age} s: see the connector's state");
    Finding::degrades(Kind::SlotUnread, "slots", what)
}

fn heavy(slot: &SlotReading, rules: &SourceRules) -> Option<Finding> {
    let SlotReading { name, is_lost, retained_bytes, .. } = slot;
    if *is_lost {
        let what = format!(
            "slot: replication slot {name} has lost its place: changes of the shop never arrive; let the connector make another slot with a \
             new snapshot, then `orderstream reconcile`"
        );
        return Some(Finding::degrades(Kind::SlotLost, name, what));
    }
    (*retained_bytes >= rules.slot_retained_bytes).then(|| {
        let what = format!(
            "slot: replication slot {name} keeps {} MB of the log of the shop's Postgres: start its connector, or drop the slot if nobody \
             needs it, before the disk is full",
            retained_bytes >> 20
        );
        Finding::degrades(Kind::SlotHeavy, name, what)
    })
}

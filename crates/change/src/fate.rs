//! The fate of a record (P1): every record that is delivered has exactly one.

use std::ops::AddAssign;

/// The fate of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The record took effect, or a later change of the same batch that took effect overtook it.
    Applied,
    /// The record was older than what is stored.
    Stale,
    /// There was nothing to do: the record was a tombstone or a heartbeat.
    Ignored,
    /// The record is on the dead letter topic.
    DeadLettered,
}

impl Fate {
    /// Every fate, for metrics that show zeros too.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Stale, Self::Ignored, Self::DeadLettered];

    /// The text in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Ignored => "ignored",
            Self::DeadLettered => "dead_lettered",
        }
    }
}

/// The number of records by fate: in a batch, or in a partition since its first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Fates {
    /// [`Fate::Applied`]
    pub applied: u64,
    /// [`Fate::Stale`]
    pub stale: u64,
    /// [`Fate::Ignored`]
    pub ignored: u64,
    /// [`Fate::DeadLettered`]
    pub dead_lettered: u64,
}

impl Fates {
    /// The number of records with one fate.
    #[must_use]
    pub fn of(&self, fate: Fate) -> u64 {
        match fate {
            Fate::Applied => self.applied,
            Fate::Stale => self.stale,
            Fate::Ignored => self.ignored,
            Fate::DeadLettered => self.dead_lettered,
        }
    }

    /// The number of all records that have a fate.
    #[must_use]
    pub fn total(&self) -> u64 {
        Fate::ALL.into_iter().map(|fate| self.of(fate)).sum()
    }
}

impl AddAssign for Fates {
    fn add_assign(&mut self, more: Self) {
        self.applied += more.applied;
        self.stale += more.stale;
        self.ignored += more.ignored;
        self.dead_lettered += more.dead_lettered;
    }
}

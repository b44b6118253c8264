//! What is not as it should be, one finding each. The verdicts, and with them the lines of `/readyz`, are made of findings, and whoever wants to
//! tell more than a line reads the findings themselves (P9).

use std::time::Instant;

/// The kinds of findings. The set is closed: each kind has its text for operators, and a test holds that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// The thread that reads a topic is silent.
    NotPolled,
    /// The process is about to end although nobody asked it to.
    ProcessEnds,
    /// The process was asked to end.
    ShuttingDown,
    /// A server was not asked yet.
    NotConnected,
    /// A server does not answer.
    ServerDown,
    /// Redis does not answer, and orders become dead letters.
    RedisDownLetters,
    /// A topic has a setting with which the work cannot go on.
    Topic,
    /// A server answers, and does not do something.
    Impaired,
    /// No topic is read yet.
    NotRead,
    /// The consumer group has given the reader of a topic no assignment.
    NoAssignment,
    /// Events lack columns of the contract.
    AbsentColumns,
    /// Debezium has written no heartbeat for long.
    HeartbeatOld,
    /// Kafka Connect does not answer.
    ConnectAway,
    /// Kafka Connect has no such connector.
    ConnectorAbsent,
    /// The connector, or a task of it, does not run.
    ConnectorNotRunning,
    /// The shop's Postgres does not tell of its slots.
    SlotsUnknown,
    /// The shop's database has no slot.
    SlotAbsent,
    /// Nobody is connected to a slot.
    SlotUnread,
    /// A slot has lost its place: changes of the shop never arrive.
    SlotLost,
    /// A slot keeps much of the log.
    SlotHeavy,
    /// The last comparison has looked at a part only.
    ComparisonEndedEarly,
    /// The last comparison has found differences that stay.
    Differences,
    /// No comparison has come to its end for long.
    ComparisonOverdue,
    /// A partition has stopped, and an operator has to act.
    PartitionStopped,
    /// A partition waits for something, and goes on by itself.
    PartitionWaiting,
    /// A partition is being claimed.
    PartitionClaiming,
    /// The group was out of reach for so long that another process may have the partition.
    PartitionLost,
    /// A partition has lag and no commit.
    PartitionStalled,
    /// A partition works, and nobody told where it began.
    PartitionUntold,
    /// Kafka does not tell where a partition ends.
    PartitionEndUnknown,
    /// An operator has paused a partition.
    PartitionPaused,
    /// An operator holds the breaker around Redis.
    BreakerHeld,
    /// An operator holds the breaker around Redis open, and orders wait.
    BreakerHeldWaits,
    /// An operator holds the breaker around Redis open, and orders become dead letters.
    BreakerHeldLetters,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 34] = [
        Self::NotPolled,
        Self::ProcessEnds,
        Self::ShuttingDown,
        Self::NotConnected,
        Self::ServerDown,
        Self::RedisDownLetters,
        Self::Topic,
        Self::Impaired,
        Self::NotRead,
        Self::NoAssignment,
        Self::AbsentColumns,
        Self::HeartbeatOld,
        Self::ConnectAway,
        Self::ConnectorAbsent,
        Self::ConnectorNotRunning,
        Self::SlotsUnknown,
        Self::SlotAbsent,
        Self::SlotUnread,
        Self::SlotLost,
        Self::SlotHeavy,
        Self::ComparisonEndedEarly,
        Self::Differences,
        Self::ComparisonOverdue,
        Self::PartitionStopped,
        Self::PartitionWaiting,
        Self::PartitionClaiming,
        Self::PartitionLost,
        Self::PartitionStalled,
        Self::PartitionUntold,
        Self::PartitionEndUnknown,
        Self::PartitionPaused,
        Self::BreakerHeld,
        Self::BreakerHeldWaits,
        Self::BreakerHeldLetters,
    ];

    /// The text in ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPolled => "not_polled",
            Self::ProcessEnds => "process_ends",
            Self::ShuttingDown => "shutting_down",
            Self::NotConnected => "not_connected",
            Self::ServerDown => "server_down",
            Self::RedisDownLetters => "redis_down_letters",
            Self::Topic => "topic",
            Self::Impaired => "impaired",
            Self::NotRead => "not_read",
            Self::NoAssignment => "no_assignment",
            Self::AbsentColumns => "absent_columns",
            Self::HeartbeatOld => "heartbeat_old",
            Self::ConnectAway => "connect_away",
            Self::ConnectorAbsent => "connector_absent",
            Self::ConnectorNotRunning => "connector_not_running",
            Self::SlotsUnknown => "slots_unknown",
            Self::SlotAbsent => "slot_absent",
            Self::SlotUnread => "slot_unread",
            Self::SlotLost => "slot_lost",
            Self::SlotHeavy => "slot_heavy",
            Self::ComparisonEndedEarly => "comparison_ended_early",
            Self::Differences => "differences",
            Self::ComparisonOverdue => "comparison_overdue",
            Self::PartitionStopped => "partition_stopped",
            Self::PartitionWaiting => "partition_waiting",
            Self::PartitionClaiming => "partition_claiming",
            Self::PartitionLost => "partition_lost",
            Self::PartitionStalled => "partition_stalled",
            Self::PartitionUntold => "partition_untold",
            Self::PartitionEndUnknown => "partition_end_unknown",
            Self::PartitionPaused => "partition_paused",
            Self::BreakerHeld => "breaker_held",
            Self::BreakerHeldWaits => "breaker_held_waits",
            Self::BreakerHeldLetters => "breaker_held_letters",
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// What it is about: a server, a topic, `<topic>-<partition>`, a connector, a slot. Together with the kind it names the finding for as long
    /// as the finding lasts.
    pub subject: String,
    /// Whether the process does not do its work because of it.
    pub stops: bool,
    /// Since when, if that is known.
    pub since: Option<Instant>,
    /// The line of `/readyz`, with what to do where a line has room for it.
    pub what: String,
}

impl Finding {
    /// A finding because of which the process does not do its work.
    pub(super) fn stops(kind: FindingKind, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), stops: true, since: None, what: what.into() }
    }

    /// A finding that does no harm yet.
    pub(super) fn degrades(kind: FindingKind, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { stops: false, ..Self::stops(kind, subject, what) }
    }

    /// The same, and since when.
    #[must_use]
    pub(super) fn since(self, since: Instant) -> Self {
        Self { since: Some(since), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_is_listed_once_and_has_a_text_of_its_own() {
        let texts: BTreeSet<&str> = FindingKind::ALL.map(FindingKind::as_str).into();
        let kinds: BTreeSet<FindingKind> = FindingKind::ALL.into();
        assert_eq!((texts.len(), kinds.len()), (FindingKind::ALL.len(), FindingKind::ALL.len()));
    }
}

//! Why a record cannot be processed: the closed set of reasons that a dead letter carries (P7).

use std::fmt;

/// The value of the header `x-dlq-reason`. The set is closed, because scripts and dashboards match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The record is not JSON, or not a change event.
    Malformed,
    /// The record is a change event whose fields are missing, of a wrong type or out of range.
    Invalid,
    /// The record is a change event of a kind that is not processed.
    Unsupported,
    /// The record has an unchanged TOAST column whose value is nowhere to be found.
    UnresolvedToast,
    /// Postgres refused the row.
    RejectedByDatabase,
    /// The record is over `source.max_record_bytes`.
    TooLarge,
    /// The customer is unknown and `enrichment.when_customer_is_missing` is `dead_letter`.
    CustomerMissing,
    /// Redis is away and `enrichment.when_redis_is_down` is `dead_letter`.
    RedisDown,
}

impl Reason {
    /// Every reason, for metrics that show zeros too.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unsupported,
        Self::UnresolvedToast,
        Self::RejectedByDatabase,
        Self::TooLarge,
        Self::CustomerMissing,
        Self::RedisDown,
    ];

    /// The text in headers, in `dead_letters.reason` and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Unsupported => "unsupported",
            Self::UnresolvedToast => "unresolved_toast",
            Self::RejectedByDatabase => "rejected_by_database",
            Self::TooLarge => "too_large",
            Self::CustomerMissing => "customer_missing",
            Self::RedisDown => "redis_down",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The step of the flow that refused a record: `__connect.errors.stage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From bytes to a change.
    Decode,
    /// From a change to an enriched order.
    Enrich,
    /// From an enriched order to a row.
    Store,
}

impl Stage {
    /// The text in headers and in `dead_letters.stage`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Enrich => "enrich",
            Self::Store => "store",
        }
    }
}

/// What makes a record a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Rejection {
    /// The reason, from the closed set.
    pub reason: Reason,
    /// The step that refused the record.
    pub stage: Stage,
    /// What is wrong and where, for a person: field names, types and limits, never a value of the record (P11).
    pub message: String,
}

impl Rejection {
    /// The rejection of a record that is not a readable change event.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { reason: Reason::Malformed, stage: Stage::Decode, message: message.into() }
    }

    /// The rejection of a change event with a field that cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { reason: Reason::Invalid, stage: Stage::Decode, message: message.into() }
    }

    /// The rejection of a change event of a kind that is not processed.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self { reason: Reason::Unsupported, stage: Stage::Decode, message: message.into() }
    }
}

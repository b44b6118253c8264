//! The records that become dead letters (P7).

use change::rejection::{Reason, Rejection, Stage};
use kafka::dead_letter::Landed;
use ledger::StoreError;
use ledger::letters::{About, Statements};
use worker::letter_cap::Refused;

use crate::catalog::TableName;

/// A record (by its index in the batch) that becomes a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why the record was refused.
    pub rejection: Rejection,
    /// The source's table, if the record could be read that far.
    pub table: Option<TableName>,
}

impl Refused for Refusal {
    fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// Each record is about a row of its own, so that the letters of ten records in a row are too many.
    fn whom(&self) -> Option<String> {
        None
    }
}

/// The dead letters of a batch, by index of the record.
pub type Refusals = worker::letter_cap::Refusals<Refusal>;

/// A dead letter that the broker has acknowledged.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// The letter's id: topic-partition-offset-epoch.
    pub id: String,
    /// The offset of the record.
    pub offset: i64,
    /// The source's table, if the record could be read that far.
    pub table: Option<TableName>,
    /// Why the record was refused.
    pub rejection: Rejection,
    /// How often the record was replayed before.
    pub replays: i32,
    /// The dead letter topic.
    pub dlq_topic: String,
    /// Where the letter stands there.
    pub landed: Landed,
}

/// The table of a letter in the ledger, if the record could be read that far.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OfTable {
    /// The schema in the source.
    pub table_schema: Option<String>,
    /// The table in the source.
    pub table_name: Option<String>,
}

impl About for OfTable {
    const STATEMENTS: Statements = ledger::letters!("table_schema || '.' || table_name = $3");

    fn key(&self) -> Option<String> {
        Some(format!("{}.{}", self.table_schema.as_ref()?, self.table_name.as_ref()?))
    }
}

/// The rejection of an event that leaves out a value which is stored nowhere.
#[must_use]
pub fn unresolved() -> Rejection {
    let message =
        "an unchanged value is left out and the row is not there: take an incremental snapshot of the table, or set REPLICA IDENTITY FULL";
    Rejection { reason: Reason::UnresolvedToast, stage: Stage::Store, message: message.into() }
}

/// The rejection of a row that Postgres refuses with a code whose message may quote the row (P11).
#[must_use]
pub fn refused_with(sqlstate: &str) -> Rejection {
    let message = format!("Postgres refused the row (SQLSTATE {sqlstate})");
    Rejection { reason: Reason::RejectedByDatabase, stage: Stage::Store, message }
}

/// The rejection of a row that Postgres refuses.
#[must_use]
pub fn refused(error: &StoreError) -> Rejection {
    Rejection { reason: Reason::RejectedByDatabase, stage: Stage::Store, message: error.refusal() }
}

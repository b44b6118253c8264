//! Processes dead letters again, each as the record that it was, with its own position, and in a transaction of its own (P5, P7).
//!
//! The record does not go to its topic again: there it would get a new offset, and look like a newer change.

use std::sync::Arc;
use std::time::Duration;

use change::record::{Ended, Record};
use change::rejection::Rejection;
use kafka::source::TopicPartition;
use ledger::letters::Tally;
use ledger::{Class, StoreError};
use service::retry::{Backoff, Policy};
use tokio::time::sleep;

use crate::batch::Batch;
use crate::catalog::TableName;
use crate::decode::Reading;
use crate::known::Entry;
use crate::letters::{Refusals, refused, refused_with, unresolved};
use crate::prepare::{Blocked, Prepared, prepare};
use crate::store::{ApplyError, Order, Replayed, Store};
use crate::tables::{Cause, LookError, Tables};

/// The tries of one letter while locks, a short outage or the shape of its table are in the way.
const TRIES: u32 = 8;

/// The waits between tries during an outage.
const WAITS: Policy = Policy { initial: Duration::from_millis(50), max: Duration::from_secs(2) };

/// A unique index does not allow a value.
const UNIQUE: &str = "23505";

/// Why a truncate of a table without a key is not replayed: its rows do not tell which of them came later (P5).
const EMPTIES: &str =
    "op: a truncate of a table without a key would remove rows that came after it; empty the table by hand and resolve the letter";

/// Why a letter was not replayed. It stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Postgres failed or refused, for no fault of the record.
    #[error("Postgres: {0}")]
    Store(#[from] StoreError),
    /// It is not known how the table is written.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The table waits for an operator.
    #[error("its table waits for an operator: {0}")]
    Waits(String),
    /// What is stored contradicts the record, or the table changed at every try.
    #[error("{0}")]
    Other(String),
}

/// What a replay needs of the job.
#[derive(Debug)]
pub struct Replays {
    /// How the events of the source are read.
    pub reading: Reading,
    /// How each table is written.
    pub tables: Tables,
    /// The tables of the target.
    pub store: Store,
}

/// What comes of one try.
enum Tried {
    Done(Replayed),
    Refused(Rejection),
    /// The next try finds things changed.
    Again,
}

impl Replays {
    /// Replays one letter: its record, with its own coordinates.
    ///
    /// # Errors
    /// [`ReplayError`]. The letter stays as it is.
    pub async fn one(&self, letter: &str, record: &Record, tally: &mut Tally) -> Result<(), ReplayError> {
        let (mut backoff, mut order) = (Backoff::new(WAITS), Order::InPlace);
        for _ in 0..TRIES {
            match self.tried(letter, record, &mut order).await {
                Ok(Tried::Done(replayed)) => {
                    match replayed {
                        Replayed::Applied => tally.applied += 1,
                        Replayed::Stale => tally.stale += 1,
                        Replayed::Ignored | Replayed::Closed => tally.ignored += 1,
                    }
                    return Ok(());
                }
                Ok(Tried::Refused(rejection)) => {
                    self.store.refused_again(letter, &rejection).await.map_err(other)?;
                    tally.refused += 1;
                    return Ok(());
                }
                Ok(Tried::Again) => {}
                Err(ReplayError::Store(error)) if error.is_outage() => sleep(backoff.next_delay()).await,
                Err(error) => return Err(error),
            }
        }
        Err(ReplayError::Other(format!("{letter}: its table or the way to Postgres changed at each of {TRIES} tries; try again later")))
    }

    async fn tried(&self, letter: &str, record: &Record, order: &mut Order) -> Result<Tried, ReplayError> {
        let known = self.tables.known();
        let partition = TopicPartition { topic: Arc::clone(&record.topic), number: record.partition };
        let mut refusals = Refusals::new();
        let records = std::slice::from_ref(record);
        let Ok(prepared) = prepare(&self.reading, &known, &partition, records, &Ended::default(), &mut refusals) else {
            return Ok(Tried::Refused(Rejection::unsupported("a value has more bytes than Postgres can take in one column")));
        };
        if let Some(refusal) = refusals.remove(&0) {
            return Ok(Tried::Refused(refusal.rejection));
        }
        let Prepared { batch, blocked, .. } = prepared;
        if let Some(blocked) = blocked {
            return self.cleared(&blocked, record).await;
        }
        if batch.truncate.as_ref().is_some_and(|(layout, _)| layout.key.is_empty()) {
            return Ok(Tried::Refused(Rejection::unsupported(EMPTIES)));
        }
        match self.store.replay(letter, &batch, *order).await {
            Ok(replayed) => Ok(Tried::Done(replayed)),
            Err(ApplyError::Unresolved(..)) => Ok(Tried::Refused(unresolved())),
            Err(ApplyError::Rounded(table)) => {
                let narrow = batch.layouts().find(|layout| layout.source == table).cloned();
                match narrow {
                    Some(layout) => self.cleared(&Blocked::Narrow(layout), record).await,
                    None => Ok(Tried::Again),
                }
            }
            Err(ApplyError::Outdated(code)) => {
                let has_changed = self.has_changed(&batch, record).await?;
                Ok(if has_changed { Tried::Again } else { Tried::Refused(refused_with(&code)) })
            }
            Err(ApplyError::Store(error)) if error.class() == Class::Row => self.of_row(&error, &batch, record, order).await,
            Err(error) => Err(other(error)),
        }
    }

    /// What comes of a row that Postgres refuses. A value of a unique index may have been the row's own.
    async fn of_row(&self, error: &StoreError, batch: &Batch, record: &Record, order: &mut Order) -> Result<Tried, ReplayError> {
        if error.sqlstate().as_deref() == Some(UNIQUE) && *order == Order::InPlace {
            *order = Order::ClearFirst;
            return Ok(Tried::Again);
        }
        let has_changed = self.has_changed(batch, record).await?;
        Ok(if has_changed { Tried::Again } else { Tried::Refused(refused(error)) })
    }

    /// Does what has to be done before the record can be read.
    async fn cleared(&self, blocked: &Blocked, record: &Record) -> Result<Tried, ReplayError> {
        match self.tables.cleared(blocked, &self.cause(record, blocked.table())).await? {
            Entry::Ready(_) | Entry::Excluded => Ok(Tried::Again),
            Entry::Nothing => Err(ReplayError::Waits("the table is not there, and the record does not tell its columns".to_owned())),
            Entry::Waits(reason) => Err(ReplayError::Waits(reason)),
        }
    }

    /// Whether a table of the batch is written in another way now.
    async fn has_changed(&self, batch: &Batch, record: &Record) -> Result<bool, ReplayError> {
        let mut has_changed = false;
        for layout in batch.layouts() {
            has_changed |= match self.tables.look(&layout.source, &self.cause(record, &layout.source)).await? {
                Entry::Ready(now) => !now.is_like(layout),
                Entry::Excluded | Entry::Nothing | Entry::Waits(_) => true,
            };
        }
        Ok(has_changed)
    }

    fn cause(&self, record: &Record, name: &TableName) -> Cause {
        Cause::of(record, name, &self.reading, &self.tables.selection)
    }
}

fn other(error: ApplyError) -> ReplayError {
    match error {
        ApplyError::Store(error) | ApplyError::Unknown { error, .. } => ReplayError::Store(error),
        error => ReplayError::Other(error.to_string()),
    }
}

//! The worker of one claimed partition: prepare, send dead letters, store, until the inbox is closed.
//!
//! ```text
//! receive ─ decode by table ─ collapse ─ dead letters, acknowledged ─ fence (offset, fates) ─ guards and rows of each table ─ commit
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use change::record::{Ended, Record};
use chrono::Utc;
use kafka::source::{Inbox, Received, TopicPartition};
use worker::letters::Letters;
use worker::{Stopped, Tenure, was_committed};

use crate::batch::Batch;
use crate::letters::{Refusal, unresolved};
use crate::metrics::Step;
use crate::prepare::{Prepared, prepare};
use crate::shared::Shared;
use crate::store::{ApplyError, Order, Stored};

mod acknowledge;
mod cap;
mod failed;
mod piece;
mod unblock;

use failed::Attempt;
use piece::Piece;

/// The worker of a partition.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    tenure: Arc<Tenure>,
    partition: TopicPartition,
    /// The next offset, as committed.
    next: i64,
    /// What the last record has ended.
    ended: Ended,
}

impl Worker {
    /// A worker that begins where the claim says.
    #[must_use]
    pub fn new(shared: Arc<Shared>, tenure: Arc<Tenure>, partition: TopicPartition) -> Self {
        let next = tenure.claim.next_offset;
        Self { shared, tenure, partition, next, ended: Ended::default() }
    }

    /// Works until the inbox is closed.
    ///
    /// # Errors
    /// [`Stopped`] says why the partition must not go on.
    pub async fn run(mut self, inbox: &Inbox) -> Result<(), Stopped> {
        loop {
            let mut records = Vec::new();
            let limits = self.shared.limits;
            let Received::UpTo(to) = self.tenure.receive(inbox, limits, &mut records).await else { return Ok(()) };
            if !records.is_empty() {
                self.shared.metrics.batches.received(records.len(), records.iter().map(Record::size).sum());
            }
            self.store_all(&records).await?;
            if self.next < to {
                self.pass(to, None).await?;
            }
        }
    }

    /// Stores the records in order, in as few transactions as possible.
    async fn store_all(&mut self, records: &[Record]) -> Result<(), Stopped> {
        let mut pieces = vec![Piece::of(0..records.len())];
        while let Some(piece) = pieces.pop() {
            if piece.records.is_empty() {
                continue;
            }
            let rest = self.store(&records[piece.records.clone()], piece).await?;
            pieces.extend(rest.into_iter().rev());
        }
        Ok(())
    }

    /// Stores as many of the piece's records as go into one transaction. Returns what is left, in order.
    async fn store(&mut self, records: &[Record], mut piece: Piece) -> Result<Vec<Piece>, Stopped> {
        let start = piece.records.start;
        let (mut backoff, mut letters, mut checked) = (self.shared.backoff(), Letters::default(), 0);
        loop {
            let known = self.shared.tables.known();
            let mut refusals = piece.refusals.clone();
            let began = Instant::now();
            let prepared = prepare(&self.shared.reading, &known, &self.partition, records, &self.ended, &mut refusals);
            self.took(Step::Prepare, began);
            let Ok(Prepared { batch, taken, blocked, ended }) = prepared else {
                self.shared.health.stopped(&self.partition, "a value has more bytes than Postgres can take in one column".to_owned());
                self.tenure.pause(backoff.next_delay()).await?;
                continue;
            };
            if taken == 0 {
                if let Some(blocked) = blocked
                    && self.unblock(&records[0], blocked).await?
                {
                    self.pass(records[0].offset + 1, Some(&records[0])).await?;
                    return Ok(piece.rest(start + 1));
                }
                continue;
            }
            if refusals.len() > checked {
                if self.was_misread(records, &refusals, &piece.refusals).await? {
                    continue;
                }
                checked = refusals.len();
            }
            let to = batch.to.unwrap_or(self.next);
            self.within_cap(taken, &refusals).await?;
            let rows = self.acknowledged(&mut letters, records, &refusals).await?;
            let began = Instant::now();
            let applied = self.shared.store.apply(&self.tenure.claim, &batch, self.next..to, &rows, piece.order()).await;
            self.took(Step::Commit, began);
            match applied {
                Ok(stored) => {
                    self.aged(&batch);
                    self.settled(to, stored, ended, &rows);
                    return Ok(piece.rest(start + taken));
                }
                Err(ApplyError::Unknown { stored, error }) => {
                    self.shared.troubled(&self.partition, &error);
                    if self.was_committed(to).await? {
                        self.aged(&batch);
                        self.settled(to, stored, ended, &rows);
                        return Ok(piece.rest(start + taken));
                    }
                }
                Err(ApplyError::Unresolved(table, indices)) => {
                    for index in indices {
                        refusals.insert(index, Refusal { rejection: unresolved(), table: Some(table.clone()) });
                    }
                    piece.refusals = refusals;
                }
                Err(error) => {
                    let attempt = Attempt { first: &records[0], batch: &batch, taken };
                    if let Some(pieces) = self.failed(error, &mut piece, &attempt, &mut backoff).await? {
                        return Ok(pieces);
                    }
                }
            }
        }
    }

    /// Moves the offset over a stretch of the log without records, or over this one, which has nothing to do.
    async fn pass(&mut self, to: i64, record: Option<&Record>) -> Result<(), Stopped> {
        let mut backoff = self.shared.backoff();
        loop {
            let batch = record.map_or_else(Batch::empty, Batch::ignoring);
            match self.shared.store.apply(&self.tenure.claim, &batch, self.next..to, &[], Order::InPlace).await {
                Ok(stored) => {
                    let ended = self.ended.clone();
                    self.settled(to, stored, ended, &[]);
                    return Ok(());
                }
                Err(ApplyError::Fenced) => return Err(Stopped::Fenced),
                Err(ApplyError::Unknown { stored, error }) => {
                    self.shared.troubled(&self.partition, &error);
                    if self.was_committed(to).await? {
                        let ended = self.ended.clone();
                        self.settled(to, stored, ended, &[]);
                        return Ok(());
                    }
                }
                Err(ApplyError::Store(error)) => self.shared.troubled(&self.partition, &error),
                Err(other) => tracing::warn!(error = %other, "An empty batch is not stored"),
            }
            self.tenure.pause(backoff.next_delay()).await?;
        }
    }

    fn settled(&mut self, to: i64, stored: Stored, ended: Ended, letters: &[crate::letters::LetterRow]) {
        (self.next, self.ended) = (to, ended);
        self.tenure.progress().done_up_to(to);
        letters.iter().for_each(|letter| self.shared.metrics.batches.dead_letter(letter.rejection.reason));
        self.shared.health.committed(&self.partition, to, stored, letters);
    }

    fn took(&self, step: Step, began: Instant) {
        self.shared.metrics.batches.took(step.as_str(), began.elapsed());
    }

    /// Counts how old the oldest change of a committed batch is.
    fn aged(&self, batch: &Batch) {
        let Some(oldest) = batch.oldest_ms() else { return };
        let age = Utc::now().timestamp_millis().saturating_sub(oldest);
        self.shared.metrics.batches.committed(Duration::from_millis(u64::try_from(age).unwrap_or(0)));
    }

    async fn was_committed(&self, to: i64) -> Result<bool, Stopped> {
        let mut backoff = self.shared.backoff();
        let report = |error: &ledger::StoreError| self.shared.troubled(&self.partition, error);
        was_committed(&self.shared.store.ledger, &self.tenure, to, report, || backoff.next_delay()).await
    }
}

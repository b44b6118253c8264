//! The worker of one claimed partition: prepare, send dead letters, store, until the inbox is closed.
//!
//! ```text
//! receive ─ decode by table ─ collapse ─ dead letters, acknowledged ─ fence (offset, fates) ─ guards and rows of each table ─ commit
//! ```

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use change::record::{Ended, Record};
use kafka::source::{Inbox, Received, TopicPartition};
use service::retry::Backoff;
use worker::{Stopped, Tenure, delay, was_committed};

use crate::batch::Batch;
use crate::catalog::TableName;
use crate::known::Entry;
use crate::letters::{Refusal, Refusals, refused, refused_with, unresolved};
use crate::prepare::{Blocked, Prepared, prepare};
use crate::shared::Shared;
use crate::store::{ApplyError, Order, Stored};
use crate::tables::Cause;

mod acknowledge;
mod cap;

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

/// Records that are to be stored, with what is known of them by now.
#[derive(Debug)]
struct Piece {
    records: Range<usize>,
    refusals: Refusals,
    /// How long the piece has been waiting for a value of a unique index that another row still has.
    conflict: Conflict,
}

/// What is known of a value that another row has, which a unique index of the target does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conflict {
    /// There was none.
    None,
    /// The other row may be in this batch, or its change may be on its way in another partition.
    Since(Instant),
    /// The other row has kept its value, so that one of the records is a dead letter.
    Lasting,
}

/// The time for which a row may wait for a value that another row still has.
const CONFLICT: Duration = Duration::from_secs(10);

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
            self.store_all(&records).await?;
            if self.next < to {
                self.pass(to).await?;
            }
        }
    }

    /// Stores the records in order, in as few transactions as possible.
    async fn store_all(&mut self, records: &[Record]) -> Result<(), Stopped> {
        let mut pieces = vec![Piece { records: 0..records.len(), refusals: Refusals::new(), conflict: Conflict::None }];
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
        let (mut backoff, mut landed) = (self.shared.backoff(), HashMap::new());
        loop {
            let known = self.shared.tables.known();
            let mut refusals = piece.refusals.clone();
            let prepared = prepare(&self.shared.reading, &known, &self.partition, records, &self.ended, &mut refusals);
            let Ok(Prepared { batch, taken, blocked, ended }) = prepared else {
                self.shared.health.stopped(&self.partition, "a value has more bytes than Postgres can take in one column".to_owned());
                self.tenure.pause(backoff.next_delay()).await?;
                continue;
            };
            if taken == 0 {
                if let Some(blocked) = blocked {
                    self.unblock(&records[0], blocked).await?;
                }
                continue;
            }
            let to = batch.to.unwrap_or(self.next);
            self.within_cap(taken, &refusals).await?;
            let rows = self.acknowledged(records, &refusals, &mut landed).await?;
            let outcome = self.shared.store.apply(&self.tenure.claim, &batch, self.next..to, &rows, piece.order()).await;
            let error = match outcome {
                Ok(stored) => {
                    self.settled(to, stored, ended, &rows);
                    return Ok(left(piece.records, start + taken));
                }
                Err(ApplyError::Fenced) => return Err(Stopped::Fenced),
                Err(ApplyError::OtherSpace(found)) => return Err(Stopped::OtherSpace(found)),
                Err(ApplyError::Outdated(code)) => {
                    if self.has_changed(&records[0], &batch).await? {
                        self.tenure.pause(backoff.next_delay()).await?;
                        continue;
                    }
                    // The tables are as they were read, so that it is a value of a row that the server refuses in this way.
                    match self.split(&piece, start, taken, &code) {
                        Some(halves) => return Ok(halves),
                        None => piece.refusals.insert(0, Refusal { rejection: refused_with(&code), table: table_of(&batch) }),
                    };
                    continue;
                }
                Err(ApplyError::Rounded(table)) => {
                    if let Some(written) = batch.tables.iter().find(|written| written.layout.source == table) {
                        self.unblock(&records[0], Blocked::Narrow(Arc::clone(&written.layout))).await?;
                    }
                    continue;
                }
                Err(ApplyError::Unresolved(table, indices)) => {
                    for index in indices {
                        refusals.insert(index, Refusal { rejection: unresolved(), table: Some(table.clone()) });
                    }
                    piece.refusals = refusals;
                    continue;
                }
                Err(ApplyError::Unknown { stored, error }) => {
                    self.shared.health.troubled(&self.partition, &error);
                    if self.was_committed(to).await? {
                        self.settled(to, stored, ended, &rows);
                        return Ok(left(piece.records, start + taken));
                    }
                    continue;
                }
                Err(ApplyError::Store(error)) => error,
            };
            if self.waits_for_value(&mut piece, &error, &mut backoff).await? {
                continue;
            }
            self.shared.health.troubled(&self.partition, &error);
            if error.class() == ledger::Class::Row || error.is_too_slow() || error.sqlstate().as_deref() == Some("21000") {
                match self.split(&piece, start, taken, &error.sqlstate().unwrap_or_default()) {
                    Some(halves) => return Ok(halves),
                    None if error.class() == ledger::Class::Row && self.has_changed(&records[0], &batch).await? => continue,
                    None if error.class() == ledger::Class::Row => {
                        piece.refusals.insert(0, Refusal { rejection: refused(&error), table: table_of(&batch) });
                        continue;
                    }
                    None => {}
                }
            }
            self.tenure.pause(delay(&error, backoff.next_delay())).await?;
        }
    }

    /// Whether the batch is to be tried again because a unique index of the target does not allow a value: at once with all rows taken away first,
    /// and then for some time, because the row that has the value may be about to change in another partition.
    async fn waits_for_value(&self, piece: &mut Piece, error: &ledger::StoreError, backoff: &mut Backoff) -> Result<bool, Stopped> {
        if error.sqlstate().as_deref() != Some("23505") {
            return Ok(false);
        }
        match piece.conflict {
            Conflict::None => piece.conflict = Conflict::Since(Instant::now()),
            Conflict::Since(since) if since.elapsed() < CONFLICT => {
                self.shared.health.waiting(&self.partition, format!("another row still has a value of a unique index: {error}"));
                self.tenure.pause(backoff.next_delay()).await?;
            }
            Conflict::Since(_) => {
                piece.conflict = Conflict::Lasting;
                return Ok(false);
            }
            Conflict::Lasting => return Ok(false),
        }
        Ok(true)
    }

    /// Halves the records that were taken together, so that each half is a transaction of its own; `None` if there is only one.
    fn split(&self, piece: &Piece, start: usize, taken: usize, sqlstate: &str) -> Option<Vec<Piece>> {
        let middle = taken / 2;
        if middle == 0 {
            return None;
        }
        tracing::debug!(records = taken, sqlstate, "A batch is halved to find the rows that Postgres refuses");
        let part = |range: Range<usize>| {
            let refusals = piece.refusals.iter().filter(|(index, _)| range.contains(&(start + **index)));
            let refusals = refusals.map(|(index, refusal)| (start + index - range.start, refusal.clone())).collect();
            Piece { records: range, refusals, conflict: piece.conflict }
        };
        let border = start + middle;
        Some([start..border, border..start + taken, start + taken..piece.records.end].into_iter().map(part).collect())
    }

    /// Moves the offset over a stretch of the log without records.
    async fn pass(&mut self, to: i64) -> Result<(), Stopped> {
        let mut backoff = self.shared.backoff();
        loop {
            let batch = Batch::empty();
            match self.shared.store.apply(&self.tenure.claim, &batch, self.next..to, &[], Order::InPlace).await {
                Ok(stored) => {
                    let ended = self.ended.clone();
                    self.settled(to, stored, ended, &[]);
                    return Ok(());
                }
                Err(ApplyError::Fenced) => return Err(Stopped::Fenced),
                Err(ApplyError::Unknown { stored, error }) => {
                    self.shared.health.troubled(&self.partition, &error);
                    if self.was_committed(to).await? {
                        let ended = self.ended.clone();
                        self.settled(to, stored, ended, &[]);
                        return Ok(());
                    }
                }
                Err(ApplyError::Store(error)) => self.shared.health.troubled(&self.partition, &error),
                Err(other) => tracing::warn!(error = %other, "An empty batch is not stored"),
            }
            self.tenure.pause(backoff.next_delay()).await?;
        }
    }

    fn settled(&mut self, to: i64, stored: Stored, ended: Ended, letters: &[crate::letters::LetterRow]) {
        (self.next, self.ended) = (to, ended);
        self.tenure.progress().done_up_to(to);
        self.shared.health.committed(&self.partition, to, stored, letters);
    }

    async fn was_committed(&self, to: i64) -> Result<bool, Stopped> {
        let mut backoff = self.shared.backoff();
        let report = |error: &ledger::StoreError| self.shared.health.troubled(&self.partition, error);
        was_committed(&self.shared.store.ledger, &self.tenure, to, report, || backoff.next_delay()).await
    }

    /// Does what has to be done before the record can be read, and waits for as long as an operator has to do it.
    async fn unblock(&self, record: &Record, blocked: Blocked) -> Result<(), Stopped> {
        let cause = self.cause(record);
        let mut backoff = self.shared.backoff();
        let mut is_told = false;
        loop {
            let tables = &self.shared.tables;
            let looked = match &blocked {
                Blocked::Unknown(name) | Blocked::Waits(name, _) => tables.look(name, &cause).await,
                Blocked::Grown(name, others) => tables.grown(name, others, &cause).await,
                Blocked::Narrow(layout) => tables.widened(layout, &cause).await,
                Blocked::AnotherKey(name) => tables.rekeyed(name, &cause).await,
            };
            match looked {
                Ok(Entry::Ready(_) | Entry::Excluded) => {
                    self.shared.health.running(&self.partition);
                    return Ok(());
                }
                Ok(Entry::Waits(reason)) => {
                    if !is_told {
                        is_told = true;
                        if let Err(error) = self.shared.tables.note_waits(blocked.table(), &reason).await {
                            tracing::debug!(%error, "That a table waits was not noted in the target");
                        }
                        tracing::error!(topic = %self.partition.topic, partition = self.partition.number, reason, "A table waits for an operator; the other tables go on");
                    }
                    self.shared.health.waiting(&self.partition, reason);
                    self.tenure.pause(backoff.next_delay()).await?;
                }
                Err(error) => {
                    self.shared.health.waiting(&self.partition, error.to_string());
                    self.tenure.pause(backoff.next_delay()).await?;
                }
            }
        }
    }

    /// Whether a table of the batch is written in another way now, or waits. A wider type in the source makes no event of its own: the first value
    /// that does not fit tells of it.
    async fn has_changed(&self, record: &Record, batch: &Batch) -> Result<bool, Stopped> {
        let cause = self.cause(record);
        let mut has_changed = false;
        for layout in batch.layouts() {
            let mut backoff = self.shared.backoff();
            loop {
                match self.shared.tables.look(&layout.source, &cause).await {
                    Ok(Entry::Ready(now)) => has_changed |= !now.is_like(layout),
                    Ok(Entry::Excluded | Entry::Waits(_)) => has_changed = true,
                    Err(error) => {
                        self.shared.health.waiting(&self.partition, error.to_string());
                        self.tenure.pause(backoff.next_delay()).await?;
                        continue;
                    }
                }
                break;
            }
        }
        Ok(has_changed)
    }

    fn cause(&self, record: &Record) -> Cause {
        Cause { topic: Arc::clone(&self.partition.topic), partition: self.partition.number, offset: record.offset }
    }
}

impl Piece {
    /// The order in which the rows are written.
    fn order(&self) -> Order {
        if self.conflict == Conflict::None { Order::InPlace } else { Order::ClearFirst }
    }
}

fn left(records: Range<usize>, from: usize) -> Vec<Piece> {
    vec![Piece { records: from..records.end, refusals: Refusals::new(), conflict: Conflict::None }]
}

/// The table of a batch that writes only one.
fn table_of(batch: &Batch) -> Option<TableName> {
    batch.tables.first().map(|table| table.layout.source.clone())
}

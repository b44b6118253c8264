//! The second stage of a partition of orders: sends the dead letters and then runs the transaction, until both have gone through or the
//! partition has to stop.

use chrono::Utc;
use ledger::Class;
use tokio::sync::mpsc;
use worker::letter_cap::clean_to;
use worker::letters::Letters;
use worker::{Stopped, delay};

use super::prepare::Prepared;
use crate::flow::cap::within;
use crate::flow::commit::was_committed;
use crate::flow::letters::acknowledged;
use crate::flow::trace::BatchTrace;
use crate::metrics::Step;
use crate::redis::customers::CustomersToken;
use crate::results::batch::Batch;
use crate::results::{Applied, ApplyError};
use crate::shared::{Place, Shared};

/// A committed batch whose hashes are still to be written. The bytes of its records are freed here (P10).
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) batch: Batch,
    pub(super) token: CustomersToken,
    pub(super) applied: Applied,
    pub(super) trace: BatchTrace,
}

impl Stored {
    fn new(prepared: Prepared, applied: Applied) -> Box<Self> {
        prepared.trace.committed(applied.fates);
        Box::new(Self { batch: prepared.batch, token: prepared.token, applied, trace: prepared.trace })
    }
}

/// The outcome of one attempt to store a batch.
enum Attempt {
    Stored(Box<Stored>),
    /// Postgres gave up a statement, or the client gave up the transaction, because it took too long.
    TooSlow(Box<Prepared>),
}

/// Stores batches until the stage before has ended.
pub(super) async fn run(
    shared: &Shared,
    place: &Place,
    mut batches: mpsc::Receiver<Prepared>,
    out: mpsc::Sender<Stored>,
) -> Result<(), Stopped> {
    while let Some(prepared) = batches.recv().await {
        let mut work = vec![prepared];
        while let Some(prepared) = work.pop() {
            let trace = prepared.trace.clone();
            let attempt = store(shared, place, prepared).await.inspect_err(|_| trace.span.given_up("the partition stopped"))?;
            match attempt {
                Attempt::Stored(stored) => {
                    place.committed(shared, stored.batch.to, stored.applied.fates);
                    place.lettered(shared, &stored.batch.letters);
                    // Only the oldest change of each batch is measured. A measurement for each change would cost more than its decoding.
                    stored.batch.age(Utc::now()).into_iter().for_each(|age| shared.metrics.event_committed(age));
                    // If the partition was taken away, nobody receives the batch. The next owner of the partition writes the hashes (P8).
                    out.send(*stored).await.ok();
                }
                Attempt::TooSlow(prepared) => work.extend(prepared.halves(shared).into_iter().rev()),
            }
        }
    }
    Ok(())
}

async fn store(shared: &Shared, place: &Place, mut prepared: Prepared) -> Result<Attempt, Stopped> {
    let mut letters = Letters::default();
    let mut backoff = shared.backoff();
    loop {
        within(shared, place, prepared.batch.from, prepared.records.len(), &prepared.refusals).await?;
        prepared.batch.clean_to = clean_to(&prepared.records, &prepared.refusals);
        prepared.batch.letters =
            acknowledged(&mut letters, shared, place, &prepared.trace.span, &prepared.records, &prepared.refusals).await?;
        let error = match shared.timed(Step::Commit, &prepared.trace.span, shared.results.apply(&place.tenure.claim, &prepared.batch)).await
        {
            Ok(applied) => return Ok(Attempt::Stored(Stored::new(prepared, applied))),
            Err(ApplyError::Fenced) => return Err(Stopped::Fenced),
            Err(ApplyError::OtherSpace(found)) => return Err(Stopped::OtherSpace(found)),
            Err(ApplyError::Unresolved(changes)) => {
                let row = shared.decoder.format.row();
                prepared.refuse(shared, changes.into_iter().map(|change| (change.record, change.rejection(row))).collect());
                continue;
            }
            Err(ApplyError::Unknown { applied, error }) => {
                place.troubled(shared, &error);
                if was_committed(shared, place, prepared.batch.to).await? {
                    return Ok(Attempt::Stored(Stored::new(prepared, *applied)));
                }
                continue;
            }
            Err(ApplyError::Store(error)) => error,
        };
        if error.class() == Class::Row {
            shared.metrics.postgres_error(error.class().as_str());
            shared.metrics.batch_bisected();
            let refused = shared.results.find_refused(&prepared.batch).await.unwrap_or_default();
            if !refused.is_empty() {
                prepared.refuse(shared, refused);
                continue;
            }
        }
        place.troubled(shared, &error);
        prepared.trace.span.trouble("Postgres does not take the batch", error.class().as_str());
        place.tenure.pause(delay(&error, backoff.next_delay())).await?;
        if error.is_too_slow() {
            return Ok(Attempt::TooSlow(Box::new(prepared)));
        }
    }
}

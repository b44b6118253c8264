//! The worker of one claimed partition of customers: writes the hashes first, and then the transaction that moves the offset and marks the
//! customers whose orders are outdated.
//!
//! While Redis is away the partition waits, because a customer that is skipped would be missing for ever (P2, P6).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use change::fate::Fates;
use change::record::{Ended, Record};
use kafka::source::{Inbox, Received};
use ledger::Class;
use worker::letter_cap::clean_to;
use worker::letters::Letters;
use worker::{Stopped, delay};

use crate::flow::cap::within;
use crate::flow::commit::was_committed;
use crate::flow::letters::acknowledged;
use crate::flow::trace::{self, BatchTrace};
use crate::follow::reflect;
use crate::orders::customer::{ChangedCustomer, CustomerChange};
use crate::orders::customers::{CustomerChanges, decode};
use crate::redis::customers::PutError;
use crate::results::ApplyError;
use crate::results::customers::CustomerBatch;
use crate::shared::{Place, Shared};

/// Runs until the inbox is closed or the partition has to stop.
///
/// # Errors
/// [`Stopped`] says why the partition must not go on.
pub async fn run(shared: Arc<Shared>, place: Arc<Place>, inbox: Inbox) -> Result<(), Stopped> {
    reflect::cover(&shared, &place, place.tenure.claim.next_offset, None).await;
    let (mut from, mut ended) = (place.tenure.claim.next_offset, Ended::default());
    loop {
        let mut records = Vec::new();
        let Received::UpTo(to) = place.receive(&shared, &inbox, &mut records).await else { return Ok(()) };
        // The key of a customer is personal data, so no span names it (P11).
        let trace = trace::begin(&shared, &place, &records, &(from..to), |_| None);
        let before = ended.clone();
        let mut batch = decode(&shared.decoder, &records, &mut ended);
        shared.tell_absent(&place, &batch.absent);
        stand_in(&shared, &place, &mut batch.changes).await?;
        let changed = trace.span.around("write_back", put(&shared, &place, &batch.changes, to)).await?;
        commit_in_parts(&shared, &place, &trace, &records, before, &changed, from..to).await?;
        shared.orders_are_due();
        from = to;
    }
}

/// Looks up in Postgres what an event leaves out of a customer, in case Redis does not have the customer. Waits while Postgres is away.
async fn stand_in(shared: &Shared, place: &Place, changes: &mut [CustomerChange]) -> Result<(), Stopped> {
    let mut backoff = shared.backoff();
    while let Err(error) = shared.results.stand_in(changes).await {
        place.troubled(shared, &error);
        place.tenure.pause(delay(&error, backoff.next_delay())).await?;
    }
    Ok(())
}

/// Writes the hashes, and waits while Redis is away. The wait ends early only if the partition is lost, or if the customers come from
/// another source database.
async fn put(shared: &Shared, place: &Place, changes: &[CustomerChange], to: i64) -> Result<Vec<ChangedCustomer>, Stopped> {
    let mut backoff = shared.backoff();
    loop {
        match reflect::put_customers(shared, place, changes, to).await {
            Ok(changed) => return Ok(changed),
            Err(PutError::OtherSpace(found)) => return Err(Stopped::OtherSpace(found)),
            Err(PutError::Redis(error)) => {
                place.redis_troubled(shared, &error);
                place.tenure.pause(backoff.next_delay()).await?;
            }
        }
    }
}

/// Commits in one transaction, or in more and smaller ones if Postgres takes too long (P10). `before` tells of the record before the first.
async fn commit_in_parts(
    shared: &Shared,
    place: &Place,
    trace: &BatchTrace,
    records: &[Record],
    mut before: Ended,
    changed: &[ChangedCustomer],
    offsets: Range<i64>,
) -> Result<(), Stopped> {
    let mut work = vec![(records, offsets)];
    while let Some((records, offsets)) = work.pop() {
        let mut ended = before.clone();
        let batch = decode(&shared.decoder, records, &mut ended);
        let spoken_of: HashSet<&str> = batch.changes.iter().map(|change| change.id.as_str()).collect();
        let changed: Vec<ChangedCustomer> = changed.iter().filter(|customer| spoken_of.contains(&*customer.id)).cloned().collect();
        if commit(shared, place, trace, records, &batch, &changed, offsets.clone()).await? == Attempt::TooSlow {
            let (first, second) = records.split_at(records.len() / 2);
            let border = second.first().map_or(offsets.end, |record| record.offset);
            work.extend([(second, border..offsets.end), (first, offsets.start..border)]);
        } else {
            before = ended;
        }
    }
    Ok(())
}

/// The outcome of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Committed,
    /// The transaction took too long and was given up, and holds more than one record.
    TooSlow,
}

/// Tries the transaction until it has gone through, until it turns out to be too large, or until the partition has to stop.
async fn commit(
    shared: &Shared,
    place: &Place,
    trace: &BatchTrace,
    records: &[Record],
    batch: &CustomerChanges,
    changed: &[ChangedCustomer],
    offsets: Range<i64>,
) -> Result<Attempt, Stopped> {
    let (mut letters, mut backoff) = (Letters::default(), shared.backoff());
    let Range { start: from, end: to } = offsets;
    let fates = Fates { applied: batch.changes.len() as u64, stale: 0, ignored: batch.ignored, dead_lettered: batch.refusals.len() as u64 };
    within(shared, place, from, records.len(), &batch.refusals).await?;
    let rows = loop {
        let rows = acknowledged(&mut letters, shared, place, &trace.span, records, &batch.refusals).await?;
        let last = records.last().and_then(Record::landmark);
        let clean_to = clean_to(records, &batch.refusals);
        let (changes, letters) = (&*batch.changes, &*rows);
        let attempt = CustomerBatch { from, to, last, clean_to, fates, changes, changed, letters, refresh: shared.refresh };
        match trace.span.around("commit", shared.results.apply_customers(&place.tenure.claim, &attempt)).await {
            Ok(()) => break rows,
            Err(ApplyError::Store(error)) => {
                place.troubled(shared, &error);
                place.tenure.pause(delay(&error, backoff.next_delay())).await?;
                if error.class() == Class::UnknownOutcome && was_committed(shared, place, to).await? {
                    break rows;
                }
                if error.is_too_slow() && records.len() > 1 {
                    return Ok(Attempt::TooSlow);
                }
            }
            Err(_fenced) => return Err(Stopped::Fenced),
        }
    };
    trace.committed(fates);
    place.committed(shared, to, fates);
    place.lettered(shared, &rows);
    Ok(Attempt::Committed)
}

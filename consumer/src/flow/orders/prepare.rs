//! The first stage of a partition of orders: makes records into a batch that can be stored.

use std::ops::Range;
use std::sync::Arc;

use change::record::{Ended, Record};
use change::rejection::Rejection;
use chrono::Utc;
use kafka::source::{Inbox, Received};
use tokio::sync::mpsc;

use crate::flow::trace::{self, BatchTrace};
use crate::metrics::Step;
use crate::orders::changes::{self, Changes};
use crate::orders::decode::Decoded;
use crate::orders::enrich::Lookup;
use crate::orders::refusal::{Refusal, Refusals};
use crate::redis::customers::CustomersToken;
use crate::results::batch::Batch;
use crate::shared::{Place, Shared};

/// A prepared batch, with everything that may be needed again while it is stored.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) records: Vec<Record>,
    /// The row that the record before the batch has ended, and the row that the last record of the batch has ended.
    before: Ended,
    ended: Ended,
    pub(super) refusals: Refusals,
    /// The answer about the customer of each record, by index of the record.
    pub(super) lookups: Vec<Lookup>,
    pub(super) token: CustomersToken,
    pub(super) batch: Batch,
    pub(super) trace: BatchTrace,
}

/// Prepares batches until the inbox is closed or the next stage is gone.
pub(super) async fn run(shared: Arc<Shared>, place: Arc<Place>, inbox: Inbox, out: mpsc::Sender<Prepared>) {
    let (mut from, mut before) = (place.tenure.claim.next_offset, Ended::default());
    // The place in the channel is reserved first. Records that cannot be handed on yet are better left in the inbox, where they make the
    // next batch larger (P10).
    while let Ok(place_in_channel) = out.reserve().await {
        let mut records = Vec::new();
        let Received::UpTo(to) = place.receive(&shared, &inbox, &mut records).await else { return };
        let Some(prepared) = prepare(&shared, &place, records, before, from..to).await else { return };
        before = prepared.ended.clone();
        place_in_channel.send(prepared);
        from = to;
    }
}

/// Prepares one batch; `None` if the partition was revoked while the batch waited for Redis.
async fn prepare(shared: &Shared, place: &Place, records: Vec<Record>, before: Ended, offsets: Range<i64>) -> Option<Prepared> {
    let mut refusals = Refusals::new();
    if !records.is_empty() {
        shared.metrics.batch_received(records.len(), records.iter().map(Record::size).sum());
    }
    let trace = trace::begin(shared, place, &records, &offsets, |record| shared.decoder.order_of_key(record));
    let changes =
        shared.timed(Step::Decode, &trace.span, async { changes::decode(&shared.decoder, &records, &before, &mut refusals) }).await;
    shared.tell_absent(place, &changes.absent);
    let (lookups, token) = shared.timed(Step::Lookup, &trace.span, look_up(shared, place, &changes.customer_ids())).await?;
    let redis_away = Lookup::is_unavailable(&lookups);
    count(shared, &lookups);
    let lookups = changes.by_record(&mut lookups.into_iter(), records.len());
    changes.refuse_unenriched(&lookups, shared.strictness, &mut refusals);
    let batch =
        Batch { last: records.last().and_then(Record::landmark), redis_away, ..Batch::empty(offsets.start, offsets.end, Utc::now()) };
    let ended = changes.ended(&records, &before);
    let mut prepared = Prepared { records, before, ended, refusals, lookups, token, batch, trace };
    prepared.fill(changes);
    Some(prepared)
}

fn count(shared: &Shared, lookups: &[Lookup]) {
    if Lookup::is_unavailable(lookups) {
        shared.metrics.customers_unavailable(lookups.len() as u64);
    } else {
        let missing = lookups.iter().filter(|lookup| **lookup == Lookup::Missing).count();
        shared.metrics.customers_looked_up((lookups.len() - missing) as u64, missing as u64);
    }
}

/// Looks up the customers of the batch. The batch waits here while an answer would make dead letters of orders that only came too early.
/// With `enrichment.when_redis_is_down = hold` the batch also waits while Redis is away. Otherwise the batch goes on without an answer
/// (P6).
async fn look_up(shared: &Shared, place: &Place, customer_ids: &[&str]) -> Option<(Vec<Lookup>, CustomersToken)> {
    let mut backoff = shared.backoff();
    loop {
        let (lookups, token) = shared.customers.look_up(customer_ids).await;
        let Some(reason) = too_early(shared, &lookups) else { return Some((lookups, token)) };
        shared.health.hindered(&place.tenure.claim.topic, place.tenure.claim.partition, reason);
        place.tenure.pause(backoff.next_delay()).await.ok()?;
    }
}

/// The reason why the batch has to wait; `None` if it goes on.
fn too_early(shared: &Shared, lookups: &[Lookup]) -> Option<&'static str> {
    if Lookup::is_unavailable(lookups) {
        if shared.hold_while_redis_is_down {
            return Some("orders wait for Redis");
        }
        // A Redis that answers is not down: it does not have all customers yet, or an operator has to repair it.
        let is_whole_soon = shared.strictness.refuse_unavailable && !shared.redis.is_away();
        return is_whole_soon.then_some("orders wait until Redis has all customers");
    }
    let may_be_unread = shared.strictness.refuse_missing && lookups.contains(&Lookup::Missing) && !shared.customers.reflect_the_start();
    may_be_unread.then_some("orders wait for the customers that were on their topic at the start")
}

impl Prepared {
    /// Takes the refused records out of the batch, and makes dead letters of them. The previous change of the same order takes the place of
    /// each.
    pub(super) fn refuse(&mut self, shared: &Shared, refused: Vec<(usize, Rejection)>) {
        for (index, rejection) in refused {
            let record = &self.records[index];
            let order_id = match shared.decoder.order(record) {
                Ok(Decoded::Change(change)) => Some(change.id),
                _ => None,
            };
            self.refusals.insert(index, Refusal::of_order(rejection, order_id).at(shared.decoder.position(record)));
        }
        self.prepare_again(shared);
    }

    /// Decodes, collapses and enriches the remaining records again.
    fn prepare_again(&mut self, shared: &Shared) {
        let changes = changes::decode(&shared.decoder, &self.records, &self.before, &mut self.refusals);
        self.ended = changes.ended(&self.records, &self.before);
        self.fill(changes);
    }

    fn fill(&mut self, changes: Changes) {
        self.batch.ignored = changes.ignored;
        self.batch.truncates.clone_from(&changes.truncates);
        (self.batch.rounds, self.batch.stale) = changes.into_rounds(&self.lookups, &self.refusals);
    }

    /// Splits the batch in two, in order. A batch of a single record stays as it is.
    pub(super) fn halves(mut self, shared: &Shared) -> Vec<Self> {
        let middle = self.records.len() / 2;
        if middle == 0 {
            return vec![self];
        }
        let second = self.records.split_off(middle);
        let second_lookups = self.lookups.split_off(middle);
        let border = second[0].offset;
        let late = self.refusals.split_off(&middle).into_iter().map(|(index, refusal)| (index - middle, refusal)).collect();
        let Batch { from, to, now, redis_away, .. } = self.batch;
        let half = |from, to, records: &[Record]| {
            let last = records.last().and_then(Record::landmark);
            Batch { last, redis_away, ..Batch::empty(from, to, now) }
        };
        let (first_batch, second_batch) = (half(from, border, &self.records), half(border, to, &second));
        let (token, trace) = (self.token.clone(), self.trace.clone());
        let mut first = Self { records: self.records, lookups: self.lookups, batch: first_batch, ..self };
        first.prepare_again(shared);
        let (before, ended) = (first.ended.clone(), Ended::default());
        let mut second =
            Self { records: second, before, ended, refusals: late, lookups: second_lookups, token, batch: second_batch, trace };
        second.prepare_again(shared);
        vec![first, second]
    }
}

//! First stage: records to a batch that can be stored.

use std::ops::Range;
use std::sync::Arc;

use chrono::Utc;
use tokio::sync::mpsc;

use crate::metrics::Step;
use crate::orders::changes::{self, Changes};
use crate::orders::decode::Decoded;
use crate::orders::enrich::Lookup;
use crate::orders::refusal::{Refusal, Refusals};
use crate::redis::customers::CustomersToken;
use crate::results::batch::Batch;
use crate::shared::{Place, Shared};
use change::record::{Ended, Record};
use change::rejection::Rejection;
use kafka::source::{Inbox, Received};

/// A batch with everything that storing it may need again.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) records: Vec<Record>,
    /// What the record before these has ended, and what the last of these has.
    before: Ended,
    ended: Ended,
    pub(super) refusals: Refusals,
    /// In the place of each record what was said about its customer.
    pub(super) lookups: Vec<Lookup>,
    pub(super) token: CustomersToken,
    pub(super) batch: Batch,
}

/// Prepares batches until the inbox is closed or the next stage is gone.
pub(super) async fn run(shared: Arc<Shared>, place: Arc<Place>, inbox: Inbox, out: mpsc::Sender<Prepared>) {
    let (mut from, mut before) = (place.claim.next_offset, Ended::default());
    // The place in the channel first: what cannot be handed on is better left in the inbox, where it makes the next batch larger (P10).
    while let Ok(place_in_channel) = out.reserve().await {
        let mut records = Vec::new();
        let Received::UpTo(to) = place.receive(shared.limits, &inbox, &mut records).await else { return };
        let Some(prepared) = prepare(&shared, &place, records, before, from..to).await else { return };
        before = prepared.ended.clone();
        place_in_channel.send(prepared);
        from = to;
    }
}

/// `None`: the partition was revoked while Redis was awaited.
async fn prepare(shared: &Shared, place: &Place, records: Vec<Record>, before: Ended, offsets: Range<i64>) -> Option<Prepared> {
    let mut refusals = Refusals::new();
    if !records.is_empty() {
        shared.metrics.batch_received(records.len(), records.iter().map(Record::size).sum());
    }
    let changes = shared.timed(Step::Decode, async { changes::decode(&shared.decoder, &records, &before, &mut refusals) }).await;
    shared.tell_absent(place, &changes.absent);
    let (lookups, token) = shared.timed(Step::Lookup, look_up(shared, place, &changes.customer_ids())).await?;
    let redis_away = Lookup::is_unavailable(&lookups);
    count(shared, &lookups);
    let lookups = changes.by_record(&mut lookups.into_iter(), records.len());
    changes.refuse_unenriched(&lookups, shared.strictness, &mut refusals);
    let batch =
        Batch { last: records.last().and_then(Record::landmark), redis_away, ..Batch::empty(offsets.start, offsets.end, Utc::now()) };
    let ended = changes.ended(&records, &before);
    let mut prepared = Prepared { records, before, ended, refusals, lookups, token, batch };
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

/// The batch waits here while an answer would make letters of orders that only came too early, and with
/// `enrichment.when_redis_is_down = hold` for Redis; else it goes on without (P6).
async fn look_up(shared: &Shared, place: &Place, customer_ids: &[&str]) -> Option<(Vec<Lookup>, CustomersToken)> {
    let mut backoff = shared.backoff();
    loop {
        let (lookups, token) = shared.customers.look_up(customer_ids).await;
        let Some(reason) = too_early(shared, &lookups) else { return Some((lookups, token)) };
        shared.health.hindered(&place.claim.topic, place.claim.partition, reason);
        place.pause(backoff.next_delay()).await.ok()?;
    }
}

/// What the batch waits for, if it does.
fn too_early(shared: &Shared, lookups: &[Lookup]) -> Option<&'static str> {
    if Lookup::is_unavailable(lookups) {
        if shared.hold_while_redis_is_down {
            return Some("orders wait for Redis");
        }
        // A Redis that answers is not down: it is told of customers that it does not have yet, or has to be mended.
        let is_whole_soon = shared.strictness.refuse_unavailable && !shared.redis.is_away();
        return is_whole_soon.then_some("orders wait until Redis has all customers");
    }
    let may_be_unread = shared.strictness.refuse_missing && lookups.contains(&Lookup::Missing) && !shared.customers.reflect_the_start();
    may_be_unread.then_some("orders wait for the customers that were on their topic at the start")
}

impl Prepared {
    /// Takes these records out: they become dead letters, and the change before takes the place of each.
    pub(super) fn refuse(&mut self, shared: &Shared, refused: Vec<(usize, Rejection)>) {
        for (index, rejection) in refused {
            let record = &self.records[index];
            let order_id = match shared.decoder.order(record) {
                Ok(Decoded::Change(change)) => Some(change.id),
                _ => None,
            };
            self.refusals.insert(index, Refusal::of_order(rejection, order_id).at(shared.decoder.position(record)));
        }
        self.rebuild(shared);
    }

    /// Decodes, collapses and enriches again.
    fn rebuild(&mut self, shared: &Shared) {
        let changes = changes::decode(&shared.decoder, &self.records, &self.before, &mut self.refusals);
        self.ended = changes.ended(&self.records, &self.before);
        self.fill(changes);
    }

    fn fill(&mut self, changes: Changes) {
        self.batch.ignored = changes.ignored;
        self.batch.truncates.clone_from(&changes.truncates);
        (self.batch.rounds, self.batch.stale) = changes.into_rounds(&self.lookups, &self.refusals);
    }

    /// Two batches in place of one, in order; a single record stays as it is.
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
        let mut first = Self { records: self.records, lookups: self.lookups, token: self.token.clone(), batch: first_batch, ..self };
        first.rebuild(shared);
        let (before, ended) = (first.ended.clone(), Ended::default());
        let mut second =
            Self { records: second, before, ended, refusals: late, lookups: second_lookups, token: self.token, batch: second_batch };
        second.rebuild(shared);
        vec![first, second]
    }
}

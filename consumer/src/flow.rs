//! What the workers of all partitions share, and where each of them stands.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::cache::OrderCache;
use crate::changes::Strictness;
use crate::customers::Customers;
use crate::dead_letter::{DeadLetterError, DeadLetters};
use crate::enrich::{Enrichment, OrderState};
use crate::envelope::Decoder;
use crate::fate::Fates;
use crate::health::{Dependency, Health};
use crate::letter_cap::LetterCap;
use crate::logging::Throttle;
use crate::metrics::{Metrics, Stage};
use crate::progress::Of;
use crate::record::Record;
use crate::redis_link::{Means, RedisError, RedisLink, Run};
use crate::results::batch::LetterRow;
use crate::results::{Claim, Class, Results, StoreError};
use crate::retry::{Backoff, Policy};
use crate::source::{Inbox, Ownership, Progress, Received};

mod absent;
mod places;

pub use places::Places;

/// A trouble that lasts is told again after this.
const QUIET: Duration = Duration::from_secs(10);

/// How much goes into one batch (P10).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records.
    pub records: usize,
    /// Bytes.
    pub bytes: usize,
}

/// What the workers share.
#[derive(Debug)]
pub struct Flow {
    /// Bytes to changes.
    pub decoder: Decoder,
    /// Postgres.
    pub results: Results,
    /// Redis: the way there.
    pub redis: Arc<RedisLink>,
    /// Redis: customers.
    pub customers: Customers,
    /// Redis: orders.
    pub cache: OrderCache,
    /// Redis: how far it is.
    pub redis_progress: crate::progress::Progress,
    /// Kafka: dead letters.
    pub letters: DeadLetters,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// What `/readyz` goes by.
    pub health: Health,
    /// The size of a batch.
    pub limits: Limits,
    /// How many dead letters a partition may have.
    pub letter_cap: LetterCap,
    /// Which orders may not be written without a customer.
    pub strictness: Strictness,
    /// `enrichment.when_redis_is_down = hold`
    pub hold_while_redis_is_down: bool,
    /// `enrichment.when_customer_changes = refresh`
    pub refresh: bool,
    /// The claimed partitions of this process.
    pub places: Places,
    /// Wakes the sweep: orders were put on its list.
    pub due: Notify,
    /// Wakes the follower: Redis has lost something.
    pub behind: Notify,
    /// Whether results changed since `recent_orders` was last written.
    pub recent_is_old: AtomicBool,
    /// Speaks of each kind of trouble at most once in a while.
    pub troubles: Mutex<HashMap<&'static str, Throttle>>,
}

impl Flow {
    /// Waiting times while a server is away: from 50 ms, so that work resumes at once when it is back, to 2 s.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff::new(Policy { initial: Duration::from_millis(50), max: Duration::from_secs(2) })
    }

    /// Orders were put on the list of the sweep.
    pub fn orders_are_due(&self) {
        self.due.notify_one();
    }

    /// Starts the clock of a step; what it returns is told when the step is over.
    pub async fn timed<T>(&self, stage: Stage, step: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let outcome = step.await;
        self.metrics.stage_took(stage, began.elapsed());
        outcome
    }

    /// Those of the compared orders whose row does not have the customer that it should: with `keep`, complete rows are as they should be.
    #[must_use]
    pub fn to_refresh(&self, outdated: Vec<i64>, states: &[OrderState]) -> Vec<i64> {
        if self.refresh || outdated.is_empty() {
            return outdated;
        }
        let incomplete = states.iter().filter_map(|state| match state {
            OrderState::Live(row) if row.enrichment != Enrichment::Complete => Some(row.order_id),
            _ => None,
        });
        let incomplete: HashSet<i64> = incomplete.collect();
        outdated.into_iter().filter(|id| incomplete.contains(id)).collect()
    }

    /// Rows have changed.
    pub fn results_changed(&self) {
        self.recent_is_old.store(true, Ordering::Relaxed);
    }
}

/// How far Redis reflects a partition (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reflection {
    /// The offset that Redis has acknowledged. If it answers with less, it has lost something.
    pub acknowledged: i64,
    /// Up to here each order's hash is written, or the order is on the list of the sweep; while Redis is behind, what the rebuild looks after.
    pub covered: i64,
    /// The life of the Redis server in which the hashes between the two were written; `None` if none were.
    pub run: Option<Run>,
    /// Redis has acknowledged something in this claim: from then on it has lost something if it has less.
    pub begun: bool,
    /// Redis has lost something and is being made whole.
    pub behind: bool,
    /// Redis has what Postgres has lost: that is made whole too.
    pub ahead: bool,
}

/// A claimed partition.
#[derive(Debug)]
pub struct Place {
    /// The fence of its transactions.
    pub claim: Claim,
    ownership: watch::Receiver<Ownership>,
    progress: Arc<Progress>,
    /// Set once another generation was seen: an idle worker writes nothing and would never notice (P9).
    fenced: watch::Sender<bool>,
    /// How far Redis is. Held while Redis is told, so that steps do not overtake each other.
    pub reflection: tokio::sync::Mutex<Reflection>,
    absent: absent::Told,
}

impl Place {
    /// A partition that was just claimed. Redis is to reflect all that was committed before.
    #[must_use]
    pub fn new(claim: Claim, ownership: watch::Receiver<Ownership>, progress: Arc<Progress>) -> Self {
        let start = claim.next_offset;
        let reflection = Reflection { acknowledged: start, covered: start, run: None, begun: false, behind: false, ahead: false };
        let (reflection, absent) = (tokio::sync::Mutex::new(reflection), absent::Told::default());
        Self { claim, ownership, progress, fenced: watch::Sender::new(false), reflection, absent }
    }

    /// Takes the next batch. `Closed` also when the partition was fenced: an operator has moved its offset, or another process has it.
    pub async fn receive(&self, limits: Limits, inbox: &Inbox, into: &mut Vec<Record>) -> Received {
        let mut fenced = self.fenced.subscribe();
        tokio::select! {
            received = inbox.recv_batch(limits.records, limits.bytes, into) => received,
            _ = fenced.wait_for(|fenced| *fenced) => Received::Closed,
        }
    }

    /// The ledger has this generation now: a later one than ours ends the worker, which claims again if the partition is still ours (P4).
    pub fn saw_generation(&self, generation: i64) {
        if generation > self.claim.generation {
            self.fenced.send_replace(true);
        }
    }

    /// Whether a later generation was seen.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        *self.fenced.borrow()
    }

    /// Waits, unless the partition is taken away: then nothing is waited for any more.
    ///
    /// # Errors
    /// [`Revoked`]
    pub async fn pause(&self, delay: Duration) -> Result<(), Revoked> {
        let mut ownership = self.ownership.clone();
        match tokio::time::timeout(delay, ownership.wait_for(|now| *now != Ownership::Held)).await {
            Err(_elapsed) => Ok(()),
            Ok(_) => Err(Revoked),
        }
    }

    /// Whether the partition is still this worker's.
    #[must_use]
    pub fn is_held(&self) -> bool {
        *self.ownership.borrow() == Ownership::Held
    }

    /// All records below `next_offset` have their fate.
    pub fn committed(&self, flow: &Flow, next_offset: i64, fates: Fates) {
        self.progress.done_up_to(next_offset);
        flow.metrics.records_settled(&self.claim.topic, self.claim.partition, fates);
        flow.health.committed(&self.claim.topic, self.claim.partition, next_offset, fates);
    }

    /// How far it is, and what Kafka still has.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whose progress Redis keeps.
    #[must_use]
    pub fn of(&self) -> Of<'_> {
        Of { topic: &self.claim.topic, partition: self.claim.partition, epoch: self.claim.epoch }
    }

    /// Postgres is in the way: counted, and told once in a while.
    pub fn troubled(&self, flow: &Flow, error: &StoreError) {
        let key = error.class().as_str();
        flow.metrics.postgres_error(key);
        match error.class() {
            Class::Connection => flow.health.down(Dependency::Postgres, key),
            Class::Ours | Class::Row => flow.health.waiting(&self.claim.topic, self.claim.partition, error.to_string()),
            Class::Contention | Class::UnknownOutcome => flow.health.hindered(&self.claim.topic, self.claim.partition, error.to_string()),
        }
        if let Some(suppressed) = flow.throttle(key) {
            tracing::warn!(
                topic = %self.claim.topic, partition = self.claim.partition, class = key, suppressed, %error,
                "Postgres does not take this partition's batch; it is tried again"
            );
        }
    }

    /// Redis is in the way of customers, who cannot be skipped.
    pub fn redis_troubled(&self, flow: &Flow, error: &RedisError) {
        match error.means() {
            Means::Outage | Means::NotAsked => {}
            Means::NoWrites => flow.health.hindered(&self.claim.topic, self.claim.partition, error.to_string()),
            Means::OneThing | Means::Ours => flow.health.waiting(&self.claim.topic, self.claim.partition, error.to_string()),
        }
        flow.redis.failed("writing customers", error);
    }

    /// Records became dead letters: counted, and told once in a while for each reason.
    pub fn lettered(&self, flow: &Flow, letters: &[LetterRow]) {
        let mut by_reason: BTreeMap<&'static str, (u64, &LetterRow)> = BTreeMap::new();
        for letter in letters {
            flow.metrics.dead_letter(letter.rejection.reason);
            by_reason.entry(letter.rejection.reason.as_str()).or_insert((0, letter)).0 += 1;
        }
        for (reason, (count, first)) in by_reason {
            let Some(suppressed) = flow.throttle(reason) else { continue };
            tracing::warn!(
                topic = %self.claim.topic, partition = self.claim.partition, offset = first.offset, reason, letters = count, suppressed,
                what = first.rejection.message, "Records that cannot be processed are dead letters now; see: orderstream dlq list"
            );
        }
    }

    /// The dead letter topic is in the way.
    pub fn letters_troubled(&self, flow: &Flow, error: &DeadLetterError) {
        flow.health.hindered(&self.claim.topic, self.claim.partition, format!("a dead letter was not acknowledged: {error}"));
        if let Some(suppressed) = flow.throttle("dead letters") {
            tracing::warn!(
                topic = %self.claim.topic, partition = self.claim.partition, suppressed, %error,
                "A dead letter was not acknowledged; it is sent again and its batch waits"
            );
        }
    }
}

/// What background tasks have to tell (P13).
impl Flow {
    /// Postgres is in the way of a background task, which tries again: counted, and told once in a while.
    pub fn troubled(&self, task: &'static str, error: &StoreError) {
        let class = error.class();
        self.metrics.postgres_error(class.as_str());
        if class == Class::Connection {
            self.health.down(Dependency::Postgres, class.as_str());
        }
        if let Some(suppressed) = self.throttle(task) {
            tracing::warn!(task, class = class.as_str(), suppressed, %error, "Postgres is in the way of a background task; it is tried again");
        }
    }

    /// Redis is in the way of a background task, which tries again, and goes by `outcome` meanwhile.
    pub fn redis_troubled<T>(&self, doing: &'static str, error: &RedisError, outcome: T) -> T {
        self.redis.failed(doing, error);
        outcome
    }

    /// Postgres refuses rows that a background task wants to change: they stay as they are, and nothing waits for them.
    pub fn rows_refused(&self, to_be: &'static str, rows: usize, refusal: &str) {
        self.metrics.rows_refused(rows as u64);
        if let Some(suppressed) = self.throttle(to_be) {
            tracing::warn!(
                rows,
                suppressed,
                reason = refusal,
                "Postgres refuses rows that were to be {to_be}; they stay as they are, are tried again rarely, and `orderstream status` counts them"
            );
        }
    }
}

impl Flow {
    /// Whether a trouble of this kind may be told now, and how many were not since the last one.
    pub(crate) fn throttle(&self, key: &'static str) -> Option<u64> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.entry(key).or_insert_with(|| Throttle::new(QUIET)).allow(Instant::now())
    }
}

/// The partition was taken away while its worker waited for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the partition was revoked")]
pub struct Revoked;

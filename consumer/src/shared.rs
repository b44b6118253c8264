//! What the workers of all partitions share: the servers, the decoder, the limits, and the claimed partitions.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka::dead_letter::DeadLetters;
use ledger::{Class, StoreError};
use service::logging::Throttle;
use service::retry::{Backoff, Policy};
use service::traces::{Span, Traces};
use tokio::sync::Notify;
use worker::letter_cap::LetterCap;

use crate::health::{Dependency, Health};
use crate::metrics::{Metrics, Step};
use crate::orders::changes::Strictness;
use crate::orders::decode::Decoder;
use crate::orders::enrich::Enrichment;
use crate::orders::row::OrderState;
use crate::redis::cache::OrderCache;
use crate::redis::customers::Customers;
use crate::redis::link::{RedisError, RedisLink};
use crate::results::Results;

mod absent;
mod held;
mod place;
mod places;

pub use held::Held;
pub use place::{Place, Reflection};
pub use places::Places;

/// A trouble that lasts is reported again after this time.
const QUIET: Duration = Duration::from_secs(10);

/// The limits of one batch (P10).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The highest number of records.
    pub records: usize,
    /// The highest number of bytes.
    pub bytes: usize,
}

/// The topics that this process reads, and what each of them is about.
#[derive(Debug, Clone)]
pub struct Topics {
    /// The topic of orders: `kafka.orders_topic`.
    pub orders: String,
    /// The topic of customers: `kafka.customers_topic`.
    pub customers: Option<String>,
}

/// The table that the events of a topic are about, which is what decides who works on its partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// `orders`
    Orders,
    /// `customers`
    Customers,
}

impl Topics {
    /// The table that the events of `topic` are about. `None` for a topic that this process does not read.
    #[must_use]
    pub fn subject(&self, topic: &str) -> Option<Subject> {
        if self.orders == topic { Some(Subject::Orders) } else { (self.customers.as_deref() == Some(topic)).then_some(Subject::Customers) }
    }
}

/// What the workers of all partitions share.
#[derive(Debug)]
pub struct Shared {
    /// Decodes bytes to changes.
    pub decoder: Decoder,
    /// The tables in Postgres.
    pub results: Results,
    /// The connection to Redis.
    pub redis: Arc<RedisLink>,
    /// The customers in Redis.
    pub customers: Customers,
    /// The orders in Redis.
    pub cache: OrderCache,
    /// Up to which offset Redis reflects each partition.
    pub redis_progress: crate::redis::progress::RedisProgress,
    /// The producer of dead letters.
    pub letters: DeadLetters,
    /// The counters and gauges.
    pub metrics: Metrics,
    /// Makes the spans of this process.
    pub traces: Traces,
    /// The state that `/readyz` reports.
    pub health: Health,
    /// The limits of one batch.
    pub limits: Limits,
    /// The number of dead letters that a partition may have.
    pub letter_cap: LetterCap,
    /// Which orders may not be written without a customer.
    pub strictness: Strictness,
    /// Whether `enrichment.when_redis_is_down` is `hold`.
    pub hold_while_redis_is_down: bool,
    /// Whether `enrichment.when_customer_changes` is `refresh`.
    pub refresh: bool,
    /// The claimed partitions of this process.
    pub places: Places,
    /// What operators hold: paused partitions, and the breaker.
    pub held: Held,
    /// Wakes the sweep after orders were put on its list.
    pub due: Notify,
    /// Wakes the follower after Redis has lost something.
    pub behind: Notify,
    /// Whether results changed since `recent_orders` was last written.
    pub recent_is_old: AtomicBool,
    /// For each kind of trouble, when it was last reported, so that it is reported at most once in a while.
    pub troubles: Mutex<HashMap<&'static str, Throttle>>,
}

impl Shared {
    /// The waiting times while a server is away: from 50 ms, so that work resumes at once when the server is back, up to 2 s.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff::new(Policy { initial: Duration::from_millis(50), max: Duration::from_secs(2) })
    }

    /// Tells the sweep that orders were put on its list.
    pub fn orders_are_due(&self) {
        self.due.notify_one();
    }

    /// Runs a step of the work that `of` traces, and measures the time that the step takes.
    pub async fn timed<T>(&self, stage: Step, of: &Span, step: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let outcome = of.around(stage.as_str(), step).await;
        self.metrics.stage_took(stage, began.elapsed());
        outcome
    }

    /// The compared orders whose row does not have the customer that it should have. With `enrichment.when_customer_changes = keep`,
    /// complete rows are as they should be.
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

    /// Notes that rows have changed, so that `recent_orders` is written again.
    pub fn results_changed(&self) {
        self.recent_is_old.store(true, Ordering::Relaxed);
    }
}

/// The reports of background tasks (P13).
impl Shared {
    /// Reports that Postgres is in the way of a background task, which tries again. Each error is counted, and one is logged once in a
    /// while.
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

    /// Reports that Redis is in the way of a background task, which tries again. Returns `outcome`, which the task goes by meanwhile.
    pub fn redis_troubled<T>(&self, doing: &'static str, error: &RedisError, outcome: T) -> T {
        self.redis.failed(doing, error);
        outcome
    }

    /// Reports that Postgres refuses rows that a background task wants to change. The rows stay as they are, and nothing waits for them.
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

impl Shared {
    /// Whether a trouble of this kind may be reported now, and how many reports were left out since the last one.
    pub(crate) fn throttle(&self, key: &'static str) -> Option<u64> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.entry(key).or_insert_with(|| Throttle::new(QUIET)).allow(Instant::now())
    }
}

//! The customers in Redis: looks them up for a batch of orders, and keeps them up to date from their topic.
//!
//! A customer is the hash `customer:<id>`. If the customers topic is configured, orderstream alone writes these hashes. If not, another
//! program writes them, and orderstream only reads them.

mod by_hand;
mod check;
mod committed;
pub mod look;
mod lookup;
mod put;
mod remembered;
mod token;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use by_hand::ReplayedCustomer;
pub use check::SeenCustomer;
pub use committed::CommittedCustomers;
pub use lookup::read_customer;
pub use put::{PutCustomers, PutError};
pub use token::CustomersToken;

use crate::metrics::Metrics;
use crate::redis::link::RedisLink;
use crate::redis::progress::RedisProgress;
use remembered::Remembered;

/// The customers in Redis.
#[derive(Debug)]
pub struct Customers {
    link: Arc<RedisLink>,
    progress: RedisProgress,
    topic: Option<String>,
    committed: CommittedCustomers,
    remembered: Remembered,
    /// The counters of what becomes of hashes.
    metrics: Option<Metrics>,
    /// How many hashes of customers could not be used so far.
    unusable: AtomicU64,
    /// When an unusable hash was last logged, in seconds since `started`, plus the shortest time between two warnings.
    warned: AtomicU64,
    started: std::time::Instant,
}

impl Customers {
    /// The customers behind `link`. `topic` is the customers topic if it is consumed, and `committed` is what Postgres has of that topic.
    #[must_use]
    pub fn new(link: Arc<RedisLink>, topic: Option<String>, committed: CommittedCustomers) -> Self {
        let progress = RedisProgress::new(Arc::clone(&link));
        let (unusable, warned) = (AtomicU64::new(0), AtomicU64::new(0));
        let (remembered, started) = (Remembered::default(), std::time::Instant::now());
        Self { link, progress, topic, committed, remembered, metrics: None, unusable, warned, started }
    }

    /// The same customers, with counters.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Whether this is the customers topic.
    #[must_use]
    pub fn come_by(&self, topic: &str) -> bool {
        self.topic.as_deref() == Some(topic)
    }
}

/// Appends the key of a customer's hash.
pub(crate) fn key_arg(command: &mut redis::Cmd, id: &str) {
    use std::io::Write as _;
    let mut key = redis::RedisWrite::writer_for_next_arg(command);
    // Writing into the command's own buffer does not fail.
    let _ = key.write_all(b"customer:").and_then(|()| key.write_all(id.as_bytes()));
}

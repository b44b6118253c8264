//! Compares the shop with `results` and with Redis, and sets differences right (P2, P8): for `orderstream reconcile`, and in the background.
//!
//! A comparison runs beside working processes. What differs while changes are under way is looked at again until it agrees, or has stood
//! still for a while; see [`suspects`] for which differences count then.
//!
//! - [`walk`], [`keys`]: the first look, range by range
//! - [`suspects`], [`lags`]: the second look, and which differences count
//! - [`repair`]: sets right what was found
//! - [`pace`], `meter`: how fast it goes, and how far it is
//! - [`outcome`]: what is kept of a comparison
//! - [`background`]: a comparison that a process makes by itself

use std::time::{Duration, Instant};

use kafka::reread::Reread;
use kafka::source::TopicPartition;
use kafka::source::survey::{self, Survey};
use ledger::offsets::Entry;

use crate::config::Config;
use crate::reconcile::report::Report;
use crate::results::side::Side;
use crate::shared::Shared;
use crate::shop::{SourceDatabase, SourceDatabaseError};

pub(super) mod background;
mod keys;
mod lags;
mod meter;
pub(crate) mod outcome;
pub(crate) mod pace;
mod repair;
mod suspects;
mod walk;

use pace::Pace;
pub(crate) use suspects::Findings;

/// Ids in one statement.
const CHUNK: usize = 10_000;

/// The sides of the comparison.
pub(crate) struct Sides<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) config: &'a Config,
    pub(crate) reread: &'a Reread,
    pub(crate) source: &'a SourceDatabase,
    results: Side,
    redis: bool,
    /// Whether the hashes of customers are compared: orderstream writes them only if it reads the customers' topic.
    customer_hashes: bool,
    /// Whether the customers' columns of `results` are compared.
    customers: bool,
    pace: Pace,
}

/// What a repair may do.
pub(crate) struct Mending {
    /// How many of each kind are listed.
    pub(crate) limit: usize,
    /// How long the repair may take.
    pub(crate) wait: Duration,
    /// The most rows and customers that are removed.
    pub(crate) max_removed: u64,
}

/// Whether the customers' columns can be compared. They cannot with `enrichment.when_customer_changes = keep`, where rows have the customer
/// as of their event, nor without a customers topic, where another program decides what a customer is.
pub(crate) fn compares_customers(shared: &Shared, config: &Config) -> bool {
    shared.refresh && config.kafka.customers_topic.is_some()
}

/// The connections to the shop's Postgres for a comparison.
///
/// # Errors
/// [`SourceDatabaseError::Url`]
pub(crate) fn source(url: &str, shared: &Shared, config: &Config) -> Result<SourceDatabase, SourceDatabaseError> {
    SourceDatabase::new(url, compares_customers(shared, config))
}

impl<'a> Sides<'a> {
    /// The sides by the configuration.
    pub(crate) fn new(
        shared: &'a Shared,
        config: &'a Config,
        reread: &'a Reread,
        source: &'a SourceDatabase,
        redis: bool,
        pace: Pace,
    ) -> Self {
        let customers = compares_customers(shared, config);
        let customer_hashes = redis && config.kafka.customers_topic.is_some();
        Self { shared, config, reread, source, results: shared.results.side(customers), redis, customer_hashes, customers, pace }
    }

    /// Compares. A difference must stand still for `settle` before it counts; of each kind the first `limit` are listed.
    ///
    /// # Errors
    /// A server is away.
    pub(crate) async fn compare(&self, settle: Duration, limit: usize) -> anyhow::Result<(Report, Findings)> {
        let began = Instant::now();
        let mut report = Report { customers: self.customers, ..Report::default() };
        let mut found = walk::walk(self, &mut report).await?;
        report.seconds = began.elapsed().as_secs_f64();
        if !self.customers {
            report.notes.push("the customers' columns are not compared: they are not kept as the source has them now".into());
        }
        let findings = suspects::settle(self, &mut found, settle).await?.report(limit, &mut report);
        if report.findings() + report.undecided() > 0 && !self.source.is_read().await? {
            report.notes.push("nobody reads the source's log right now: what differs may only wait for Debezium".into());
        }
        report.equal = report.findings() + report.undecided() == 0 && !report.ended_early;
        Ok((report, findings))
    }

    /// Sets right what was found, and notes in the report what became of it.
    ///
    /// # Errors
    /// A server is away, or more would be removed than may be.
    pub(crate) async fn mend(&self, mending: &Mending, report: &mut Report, findings: &Findings) -> anyhow::Result<()> {
        let repair = repair::repair(mending, self, findings).await?;
        report.equal = repair.left.count + report.undecided() == 0 && !report.ended_early;
        report.repair = Some(repair);
        Ok(())
    }
}

/// Whether this is the partition of the entry.
pub(crate) fn is_of(entry: &Entry, partition: &TopicPartition) -> bool {
    entry.topic == partition.topic && entry.partition == partition.number
}

/// The topics whose offsets are in the ledger.
pub(crate) fn topics(config: &Config) -> Vec<String> {
    [Some(config.kafka.orders_topic.clone()), config.kafka.customers_topic.clone()].into_iter().flatten().collect()
}

/// Asks Kafka, on a thread that may block, where these topics begin and end.
pub(crate) async fn survey(config: &Config) -> anyhow::Result<Survey> {
    let (properties, group, topics) = (config.kafka.connection_properties(), config.kafka.group_id.clone(), topics(config));
    Ok(service::tasks::blocking(move || survey::survey(&properties, &group, &topics)).await?)
}

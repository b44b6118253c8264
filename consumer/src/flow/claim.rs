//! Claims a partition that the group assigned, in Postgres, and starts the worker of the partition (P3, P4).

use std::sync::Arc;

use kafka::source::{Assigned, Claimed, Ending, Log, NotClaimed, TopicPartition, Work};
use ledger::Claim;

use super::{customers, orders};
use crate::shared::{Place, Shared, Subject, Topics};

/// The name of this host.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// The name of this process, for people: its host and its process id.
pub(crate) fn process() -> String {
    format!("{}/{}", host(), std::process::id())
}

/// Claims partitions in the name of this process.
#[derive(Debug, Clone)]
pub struct Claimant {
    shared: Arc<Shared>,
    topics: Arc<Topics>,
    /// The name of this process, for people.
    name: Arc<str>,
}

impl Claimant {
    /// Claims in the name of this host and process.
    #[must_use]
    pub fn new(shared: Arc<Shared>, topics: Topics) -> Self {
        Self { shared, topics: Arc::new(topics), name: process().into() }
    }

    /// Claims the partition, so that whoever had it before cannot write any more.
    ///
    /// # Errors
    /// Postgres is away, or going on from the stored offset would skip or repeat events.
    pub async fn claim(self, partition: TopicPartition, log: Log) -> Result<Claimed, NotClaimed> {
        let (ledger, epoch) = (&self.shared.results.ledger, self.shared.decoder.epoch);
        let claim = worker::claim::claim(ledger, epoch, &partition, &log, &self.name).await?;
        let last_stamp = self.shared.results.last_stamp().await.map_err(|error| NotClaimed::Unavailable(error.to_string()))?;
        self.read_controls().await?;
        self.shared.health.claimed(&partition.topic, partition.number, claim.next_offset, claim.fates);
        self.shared.metrics.partition_claimed(&partition.topic, partition.number);
        let (next_offset, landmark) = (Some(claim.next_offset), claim.landmark);
        Ok(Claimed { next_offset, landmark, worker: Box::new(move |assigned| self.worker(claim, last_stamp, assigned)) })
    }

    /// Reads whether an operator has paused the partition, before its first batch. While Postgres is away nothing is claimed, and nothing is
    /// written either. Anything else that is wrong with the table keeps no order waiting (P9).
    async fn read_controls(&self) -> Result<(), NotClaimed> {
        match self.shared.read_controls().await {
            Ok(()) => Ok(()),
            Err(error) if error.is_outage() => Err(NotClaimed::Unavailable(error.to_string())),
            Err(error) => {
                self.shared.troubled("what operators hold", &error);
                Ok(())
            }
        }
    }

    fn worker(self, claim: Claim, last_stamp: i64, assigned: Assigned) -> Work {
        Box::pin(async move {
            let Some(subject) = self.topics.subject(&assigned.partition.topic) else {
                return Ending::Stop(format!("nobody works on topic {}: a defect of this program", assigned.partition.topic));
            };
            let has_lost = self.shared.places.had_committed_more(&claim);
            let place = Arc::new(Place::new(claim, last_stamp, has_lost, assigned.ownership, assigned.progress));
            self.shared.places.enter(&place);
            let (shared, here) = (Arc::clone(&self.shared), Arc::clone(&place));
            let outcome = match subject {
                Subject::Orders => orders::run(shared, here, assigned.inbox).await,
                Subject::Customers => customers::run(shared, here, assigned.inbox).await,
            };
            self.shared.places.leave(&place);
            self.shared.metrics.redis_behind_unknown(&place.tenure.claim.topic, place.tenure.claim.partition);
            worker::claim::ending(outcome, &place.tenure)
        })
    }
}

//! Claims a partition that the group assigned, in Postgres, and says how its work has ended (P3, P4).

use kafka::source::{Ending, Log, NotClaimed, TopicPartition};
use ledger::claim::{ClaimError, Wanted};
use ledger::{Claim, Ledger};

use crate::{Stopped, Tenure};

/// Claims the partition in the name of `claimant`, so that whoever had it before cannot write any more.
///
/// # Errors
/// Postgres is away, or going on from the stored offset would skip or repeat events.
pub async fn claim(ledger: &Ledger, epoch: i32, partition: &TopicPartition, log: &Log, claimant: &str) -> Result<Claim, NotClaimed> {
    let (topic, partition, low) = (&partition.topic, partition.number, log.watermarks.low);
    let cluster_id = log.cluster_id.as_deref();
    let wanted = Wanted { epoch, topic, partition, low, high: log.watermarks.high, claimant, cluster_id };
    let claim = ledger.claim(&wanted).await.map_err(|error| match error {
        ClaimError::Store(error) => NotClaimed::Unavailable(error.to_string()),
        refused => NotClaimed::Stop(refused.to_string()),
    })?;
    if claim.is_first() && low > 0 {
        tracing::warn!(%topic, partition, low, "This partition is read for the first time and begins above offset 0: earlier events are gone from Kafka");
    }
    Ok(claim)
}

/// What the source is to do with a partition whose worker has ended.
#[must_use]
pub fn ending(outcome: Result<(), Stopped>, tenure: &Tenure) -> Ending {
    match outcome {
        Ok(()) if tenure.is_fenced() => Ending::Reclaim(Stopped::Fenced.to_string()),
        Ok(()) | Err(Stopped::Revoked(_)) => Ending::Done,
        Err(other @ Stopped::OtherSpace(_)) => Ending::Stop(other.to_string()),
        Err(fenced @ Stopped::Fenced) => Ending::Reclaim(fenced.to_string()),
    }
}

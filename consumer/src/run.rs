//! `orderstream run`: puts the parts together, runs them until a signal, and ends them in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::flow::{Flow, Place};
use crate::partition::Stopped;
use crate::results::claim::{ClaimError as Refused, Wanted};
use crate::source::{Assigned, ClaimError, Claimed, Ending, Event, Partition, Source, Watermarks};
use crate::{customer_partition, partition, rebuild, recent, repair};

/// What decides how a partition is claimed and by whom.
#[derive(Debug, Clone)]
struct Claimant {
    flow: Arc<Flow>,
    customers_topic: Option<Arc<str>>,
    /// Which process this is, for people.
    name: Arc<str>,
}

impl Claimant {
    /// Claims the partition in Postgres (P4) and tells the source from which offset to read, and who works on it.
    async fn claim(self, partition: Partition, watermarks: Watermarks) -> Result<Claimed, ClaimError> {
        let wanted = Wanted {
            epoch: self.flow.decoder.epoch,
            topic: &partition.topic,
            partition: partition.number,
            low: watermarks.low,
            high: watermarks.high,
            claimant: &self.name,
            cluster_id: None,
        };
        let claim = self.flow.results.claim(&wanted).await.map_err(|error| match error {
            Refused::Store(error) => ClaimError::Unavailable(error.to_string()),
            refused => ClaimError::Stop(refused.to_string()),
        })?;
        if claim.is_first() && watermarks.low > 0 {
            tracing::warn!(%partition, low = watermarks.low, "This partition is read for the first time, from its low watermark: earlier events are gone");
        }
        let next_offset = Some(claim.next_offset);
        Ok(Claimed { next_offset, worker: Box::new(move |assigned| Box::pin(self.work(claim, assigned))) })
    }

    async fn work(self, claim: crate::results::Claim, assigned: Assigned) -> Ending {
        let place = Arc::new(Place::new(claim, assigned.ownership, assigned.progress));
        self.flow.places.enter(&place);
        let keeps_customers = self.customers_topic.as_deref() == Some(&*assigned.partition.topic);
        let outcome = if keeps_customers {
            customer_partition::run(Arc::clone(&self.flow), Arc::clone(&place), assigned.inbox).await
        } else {
            partition::run(Arc::clone(&self.flow), Arc::clone(&place), assigned.inbox).await
        };
        self.flow.places.leave(&place);
        match outcome {
            Ok(()) | Err(Stopped::Revoked(_)) => Ending::Done,
            Err(fenced @ Stopped::Fenced) => Ending::Reclaim(fenced.to_string()),
        }
    }
}

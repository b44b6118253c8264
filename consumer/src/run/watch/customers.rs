//! Watches the ledger of the customers' topic, by which the process tells whether Redis has all customers (P8).

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka::reread::Reread;

use super::every_second;
use crate::redis::customers::CommittedCustomers;
use crate::redis::progress::Point;
use crate::shared::Shared;

/// Reads once a second what is committed of the topic, by whichever process. Also finds out where the topic ended when this process
/// started.
pub(in crate::run) async fn customers(shared: Arc<Shared>, committed: CommittedCustomers, topic: String, kafka: Reread) {
    if !shared.strictness.refuse_missing {
        // Orders of missing customers are written as `missing`, and completed when the customer comes, so they need not wait for the topic.
        committed.reach_the_start();
    }
    let mut ends = None;
    let mut second = every_second();
    let epoch = shared.decoder.epoch;
    loop {
        second.tick().await;
        match shared.results.ledger.committed(epoch, &topic).await {
            Ok(partitions) => {
                let point = |(partition, next_offset)| (partition, Point { epoch, next_offset });
                committed.set(partitions.into_iter().map(point).collect());
            }
            Err(error) => shared.metrics.postgres_error(error.class().as_str()),
        }
        if !committed.has_reached_the_start() {
            if ends.is_none() {
                ends = ends_of(&kafka, &topic).await;
            }
            if let Some(ends) = &ends {
                committed.look_for_the_start(ends, &caught_up(&shared, &topic));
            }
        }
    }
}

/// Where the partitions end now, without those that hold no record; `None` if Kafka does not tell.
async fn ends_of(kafka: &Reread, topic: &str) -> Option<BTreeMap<i32, i64>> {
    match kafka.survey(topic).await {
        Ok(survey) => {
            let with_records = survey.logs.into_iter().filter(|(_, log)| log.high > log.low);
            Some(with_records.map(|(partition, log)| (partition.number, log.high)).collect())
        }
        Err(error) => {
            tracing::warn!(topic, error = %format_args!("{error:#}"), "Where the customers' topic ends is not known yet; orders of unknown customers wait");
            None
        }
    }
}

/// The partitions of this process that have no record left to read.
fn caught_up(shared: &Shared, topic: &str) -> Vec<i32> {
    let places = shared.places.of(topic);
    places.iter().filter(|place| place.tenure.progress().lag() == 0).map(|place| place.tenure.claim.partition).collect()
}

//! Asks Kafka where the logs begin and end, on a thread of its own, because these calls block and the poll thread must not.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::runtime::Handle;

use super::owned::{Note, Notes};
use super::progress::{SourceProgress, Watermarks};
use super::reader::Reader;
use super::tail::{self, Tail};
use super::worker::{Claimed, NotClaimed, TopicPartition};

const TIMEOUT: Duration = Duration::from_secs(1);

/// What Kafka tells of a partition that is to be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Where the log begins and ends.
    pub watermarks: Watermarks,
    /// The cluster that the partition belongs to, if the client knows. Offsets of one cluster mean nothing in another (P2).
    pub cluster_id: Option<String>,
}

/// The questions of the poll loop.
#[derive(Debug)]
pub(super) enum Lookup {
    /// Asks for the watermarks of a partition, and then makes the claim.
    Claim { id: u64, partition: TopicPartition },
    /// Asks for the watermarks of the partitions that are read, for the lag, and whether the rest of each log holds any record. The round
    /// also shows whether Kafka answers.
    Round { partitions: Vec<Read>, topic: String },
}

/// A partition that is read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) partition: TopicPartition,
    pub(super) progress: Arc<SourceProgress>,
    /// The lowest offset that may still come.
    pub(super) next: i64,
}

/// Answers questions until the poll loop hangs up.
pub(super) fn serve<F, Fut>(asker: &BaseConsumer<Reader>, runtime: &Handle, claim: F, lookups: &Receiver<Lookup>, notes: &Notes)
where
    F: Fn(TopicPartition, Log) -> Fut,
    Fut: Future<Output = Result<Claimed, NotClaimed>> + Send + 'static,
{
    while let Ok(lookup) = lookups.recv() {
        // Events of this client are dropped, because the other client reports the same. Unread events would pile up.
        while asker.poll(Duration::ZERO).is_some() {}
        match lookup {
            Lookup::Claim { id, partition } => match watermarks(asker, &partition) {
                Ok(watermarks) => {
                    // The client has received the id together with the watermarks' metadata, so this call does not wait.
                    let cluster_id = asker.client().fetch_cluster_id(TIMEOUT);
                    let claimed = claim(partition.clone(), Log { watermarks, cluster_id });
                    let claim = async move { claimed.await.map(|claimed| (watermarks, claimed)) };
                    spawn_claim(runtime, notes.clone(), id, partition, claim);
                }
                Err(error) => {
                    let reason = format!("Kafka does not tell where the partition's log begins and ends: {error}");
                    notes.send(Note::Claim { id, result: Err(NotClaimed::Unavailable(reason)) });
                }
            },
            Lookup::Round { partitions, topic } => {
                let (answered, tails) = round(asker, &partitions, &topic);
                let empty = tail::without_records(asker, tails);
                notes.send(Note::Round { answered, empty });
            }
        }
    }
}

/// Runs a claim in a task of its own, and watches the end of that task in another one.
fn spawn_claim<Fut>(runtime: &Handle, notes: Notes, id: u64, partition: TopicPartition, claim: Fut)
where
    Fut: Future<Output = Result<(Watermarks, Claimed), NotClaimed>> + Send + 'static,
{
    let claim = runtime.spawn(claim);
    runtime.spawn(async move {
        notes.send(match claim.await {
            Ok(result) => Note::Claim { id, result },
            Err(_panicked) => Note::Panicked { id, what: "the claim", partition },
        });
    });
}

/// How many partitions these topics have; `None` if Kafka does not tell within a second.
pub(super) fn partitions(asker: &BaseConsumer<Reader>, topics: &[String]) -> Option<usize> {
    // The request is for all topics, because a request for one by name could create it.
    let metadata = asker.fetch_metadata(None, TIMEOUT).ok()?;
    // Which topics a pattern names only the client tells, so that all of them count, except those of Kafka itself.
    let is_named = |topic: &str| topics.iter().any(|name| name == topic || is_pattern(name) && !topic.starts_with("__"));
    let known = metadata.topics().iter().filter(|topic| is_named(topic.name()));
    Some(known.map(|topic| topic.partitions().len()).sum()).filter(|count| *count > 0)
}

/// Whether this is a pattern of topics and not the name of one. Source: librdkafka, `rd_kafka_subscribe`.
fn is_pattern(topic: &str) -> bool {
    topic.starts_with('^')
}

/// The watermarks of a partition. With `read_committed` the end is the last stable offset, because records that an open transaction holds
/// back are no lag.
fn watermarks(asker: &BaseConsumer<Reader>, partition: &TopicPartition) -> Result<Watermarks, KafkaError> {
    let (low, high) = asker.fetch_watermarks(&partition.topic, partition.number, TIMEOUT)?;
    Ok(Watermarks { low, high })
}

/// Returns whether a broker answered, and the ends of logs that may be empty. The first silence ends the round, because the other questions
/// would wait as long.
fn round(asker: &BaseConsumer<Reader>, partitions: &[Read], topic: &str) -> (bool, Vec<Tail>) {
    if partitions.is_empty() {
        let topic = Some(topic).filter(|topic| !is_pattern(topic));
        return (asker.fetch_metadata(topic, TIMEOUT).is_ok(), Vec::new());
    }
    let (mut answered, mut tails) = (false, Vec::new());
    for Read { partition, progress, next } in partitions {
        let Ok(watermarks) = watermarks(asker, partition) else { break };
        progress.set_watermarks(watermarks);
        answered = true;
        if progress.rests_before_the_end(*next) {
            tails.push(Tail { partition: partition.clone(), from: *next, to: watermarks.high });
        }
    }
    (answered, tails)
}

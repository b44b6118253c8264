//! Asks once, for operators, what Kafka has of some topics and who reads them. The calls block, so they must run where blocking is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use change::record::{Landmark, Record};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use super::progress::Watermarks;
use super::stretch::{RereadError, read_stretch};
use super::worker::{StopReason, TopicPartition};
use super::{SourceError, client};
use crate::topics::wanted;
use crate::words;

const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an attempt may take that is to find out whether a right is missing.
const A_RIGHT: Duration = Duration::from_secs(3);

/// The number of the client's events that are looked at.
const EVENTS: usize = 100;

/// Why Kafka was not surveyed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The configuration was refused.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Kafka does not answer.
    #[error("Kafka does not answer ({0}); `orderstream check` says more")]
    Unavailable(#[from] KafkaError),
    /// A record that Kafka has could not be read.
    #[error("{0}: its last processed record cannot be read: {1}")]
    Unread(TopicPartition, RereadError),
    /// There is no such topic.
    #[error("Kafka has no topic {0}, or does not let this user see it")]
    NoTopic(String),
    /// The pattern of the topics cannot be read.
    #[error("the pattern of the topics cannot be read: {0}")]
    Pattern(String),
}

/// The logs of some topics.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The id of the cluster, if the client knows it.
    pub cluster_id: Option<String>,
    /// Where the log of each partition begins and ends.
    pub logs: BTreeMap<TopicPartition, Watermarks>,
}

/// A member of the consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The client id of the process.
    pub client_id: String,
    /// The host of the process.
    pub host: String,
    /// The partitions that the member was given.
    pub partitions: Vec<(String, i32)>,
}

/// Asks for the logs of these topics: names, or patterns that begin with `^`.
///
/// # Errors
/// Kafka is away, or has no such topic, or the pattern cannot be read.
pub fn survey(properties: &[(String, String)], group: &str, topics: &[String]) -> Result<Survey, SurveyError> {
    let consumer: BaseConsumer = client::reader(properties, group)?.create()?;
    // The request is for all topics, because a request for one by name could create it.
    let metadata = consumer.fetch_metadata(None, TIMEOUT)?;
    let there: Vec<String> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
    let mut logs = BTreeMap::new();
    for name in &wanted(topics, &there).map_err(SurveyError::Pattern)? {
        let known = metadata.topics().iter().find(|topic| topic.name() == name).ok_or_else(|| SurveyError::NoTopic(name.clone()))?;
        let topic: Arc<str> = name.as_str().into();
        for partition in known.partitions() {
            let (low, high) = consumer.fetch_watermarks(name, partition.id(), TIMEOUT)?;
            logs.insert(TopicPartition { topic: Arc::clone(&topic), number: partition.id() }, Watermarks { low, high });
        }
    }
    Ok(Survey { cluster_id: consumer.client().fetch_cluster_id(TIMEOUT), logs })
}

/// Asks where the partitions of a topic begin and end, and gives up when the time is over, for a caller who would rather know nothing than
/// wait (P10).
///
/// # Errors
/// Kafka does not answer in time, or has no such topic.
pub fn ends(properties: &[(String, String)], group: &str, topic: &str, within: Duration) -> Result<BTreeMap<i32, Watermarks>, SurveyError> {
    let until = Instant::now() + within;
    let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let consumer: BaseConsumer = client::reader(properties, group)?.create()?;
    let metadata = consumer.fetch_metadata(None, left())?;
    let known = metadata.topics().iter().find(|known| known.name() == topic).ok_or_else(|| SurveyError::NoTopic(topic.to_owned()))?;
    let mut logs = BTreeMap::new();
    for partition in known.partitions() {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), left())?;
        logs.insert(partition.id(), Watermarks { low, high });
    }
    Ok(logs)
}

/// What to grant to this user, if the user may not read as a member of the group. Only an attempt tells; this one asks for an offset and
/// joins nothing.
///
/// # Errors
/// Kafka is away.
pub fn lacking(properties: &[(String, String)], group: &str, topic: &str) -> Result<Option<String>, SurveyError> {
    let consumer: BaseConsumer = client::reader(properties, group)?.create()?;
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition(topic, 0);
    let Err(error) = consumer.committed_offsets(offsets, A_RIGHT) else { return Ok(None) };
    // The client keeps asking for the group's coordinator until the time is over. Why in vain is among its events.
    let events = std::iter::repeat_with(|| consumer.poll(Duration::ZERO)).take(EVENTS).flatten();
    let lacking = events.filter_map(Result::err).find_map(|error| words::right(&error, group, topic));
    lacking.map(Some).ok_or(SurveyError::Unavailable(error))
}

/// A partition with the last record that was processed, and the offset where reading goes on.
#[derive(Debug, Clone)]
pub struct Processed {
    /// The partition.
    pub partition: TopicPartition,
    /// The last record that was processed.
    pub landmark: Landmark,
    /// The offset where reading goes on.
    pub next: i64,
}

/// Finds the partitions where another record stands now at the offset of the last processed one (P2), and returns why each is stopped. A
/// record that is gone tells nothing.
///
/// # Errors
/// Kafka is away.
pub fn other_logs(properties: &[(String, String)], group: &str, processed: Vec<Processed>) -> Result<Vec<StopReason>, SurveyError> {
    let mut stopped = Vec::new();
    for Processed { partition, landmark, next } in processed {
        let (mut found, at) = (None, landmark.offset..landmark.offset + 1);
        let look = read_stretch(properties, group, &partition, at, &AtomicBool::new(false), |records| {
            found = records.first().and_then(Record::landmark);
        });
        match look {
            Ok(()) if found.is_some_and(|found| found != landmark) => stopped.push(StopReason::AnotherLog { partition, landmark, next }),
            Ok(()) | Err(RereadError::Gone { .. } | RereadError::Beyond { .. }) => {}
            Err(error) => return Err(SurveyError::Unread(partition, error)),
        }
    }
    Ok(stopped)
}

/// The state of the consumer group, as far as it can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// No partition moves. The list holds all members, and is empty if no process runs.
    Settled(Vec<Member>),
    /// The group hands its partitions out anew, or its broker is not ready to tell. Any member may have any partition.
    Moving(String),
}

/// Asks who is in the group, and what each member was given.
///
/// # Errors
/// Kafka is away.
pub fn group(properties: &[(String, String)], group: &str) -> Result<Group, SurveyError> {
    let consumer: BaseConsumer = client::reader(properties, group)?.create()?;
    let groups = consumer.fetch_group_list(Some(group), TIMEOUT)?;
    let known = groups.groups().iter().filter(|known| known.name() == group);
    let mut members = Vec::new();
    for group in known {
        if !["Stable", "Empty", "Dead"].contains(&group.state()) {
            return Ok(Group::Moving(group.state().to_owned()));
        }
        members.extend(group.members().iter().map(|member| Member {
            client_id: member.client_id().to_owned(),
            host: member.client_host().trim_start_matches('/').to_owned(),
            partitions: member.assignment().and_then(assignment).unwrap_or_default(),
        }));
    }
    Ok(Group::Settled(members))
}

/// Reads the partitions of a member, as the consumer protocol writes them: a version, then topics with their partitions.
/// Source: <https://kafka.apache.org/protocol>, ConsumerProtocolAssignment.
fn assignment(bytes: &[u8]) -> Option<Vec<(String, i32)>> {
    let mut rest = bytes.get(2..)?;
    let mut partitions = Vec::new();
    for _ in 0..int(&mut rest)? {
        let (length, after) = rest.split_first_chunk()?;
        let (name, after) = after.split_at_checked(usize::try_from(i16::from_be_bytes(*length)).ok()?)?;
        let name = std::str::from_utf8(name).ok()?;
        rest = after;
        for _ in 0..int(&mut rest)? {
            partitions.push((name.to_owned(), int(&mut rest)?));
        }
    }
    Some(partitions)
}

fn int(bytes: &mut &[u8]) -> Option<i32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;

    #[test]
    fn the_logs_and_the_cluster_are_told_and_a_missing_topic_is_named() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 2, 1).unwrap();
        let properties = [("bootstrap.servers".to_owned(), cluster.bootstrap_servers())];
        let survey = survey(&properties, "g", &["orders".to_owned()]).unwrap();
        assert!(survey.cluster_id.is_some());
        assert!(survey.logs.values().eq([&Watermarks { low: 0, high: 0 }; 2]), "{survey:?}");
        let error = super::survey(&properties, "g", &["other".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("no topic other"), "{error}");
    }

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_none() {
        let bytes = [&[0, 1, 0, 0, 0, 1, 0, 2][..], b"ab", &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0]].concat();
        assert_eq!(assignment(&bytes), Some(vec![("ab".into(), 0), ("ab".into(), 7)]));
        assert_eq!(assignment(&bytes[..12]), None);
        assert_eq!(assignment(&[]), None);
    }
}

//! Asks where the logs of a topic begin and end, again and again, by one client that stands: a client that is made for each question has to
//! find the brokers, connect and log in before it can ask, which takes longer than some callers want to wait (P10).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use service::tasks;

use super::client;
use super::progress::Watermarks;
use super::survey::SurveyError;
use crate::reread::Reread;

/// For how long the number of a topic's partitions counts as known. It grows once in years.
const PARTITIONS_HOLD: Duration = Duration::from_secs(30);

/// How long the client may take to go.
const GOODBYE: Duration = Duration::from_secs(1);

/// How many events of the client are thrown away at a time. Unread ones would pile up.
const EVENTS: usize = 100;

/// A standing client that tells where logs begin and end. It connects with the first question. A clone asks by the same client.
#[derive(Clone)]
pub struct StandingEnds {
    from: Reread,
    standing: Arc<Mutex<Standing>>,
}

#[derive(Default)]
struct Standing {
    client: Option<Arc<BaseConsumer>>,
    /// The partitions of each topic, and when they were told.
    partitions: BTreeMap<String, (Vec<i32>, Instant)>,
}

impl fmt::Debug for StandingEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandingEnds").field("from", &self.from).finish_non_exhaustive()
    }
}

impl StandingEnds {
    /// A client that is made when the first question comes.
    #[must_use]
    pub fn new(from: Reread) -> Self {
        Self { from, standing: Arc::default() }
    }

    /// Asks where the partitions of a topic begin and end, and gives up when the time is over.
    ///
    /// # Errors
    /// Kafka does not answer in time, or has no such topic.
    pub async fn ends(&self, topic: &str, within: Duration) -> Result<BTreeMap<i32, Watermarks>, SurveyError> {
        let (asked, topic) = (self.clone(), topic.to_owned());
        tasks::blocking(move || asked.ask(&topic, Instant::now() + within)).await
    }

    /// Lets the client go, for whoever ends: a client that goes joins its threads, which may wait for a broker.
    pub async fn close(&self) {
        let client = self.lock().client.take();
        let gone = tasks::blocking(move || drop(client));
        tokio::time::timeout(GOODBYE, gone).await.ok();
    }

    fn ask(&self, topic: &str, until: Instant) -> Result<BTreeMap<i32, Watermarks>, SurveyError> {
        let client = self.client()?;
        (0..EVENTS).take_while(|_| client.poll(Duration::ZERO).is_some()).for_each(drop);
        let partitions = self.partitions(&client, topic, until)?;
        let lows = offsets(&client, topic, &partitions, Offset::Beginning, until)?;
        let highs = offsets(&client, topic, &partitions, Offset::End, until)?;
        Ok(lows.into_iter().filter_map(|(partition, low)| Some((partition, Watermarks { low, high: *highs.get(&partition)? }))).collect())
    }

    fn client(&self) -> Result<Arc<BaseConsumer>, SurveyError> {
        let mut standing = self.lock();
        if let Some(client) = &standing.client {
            return Ok(Arc::clone(client));
        }
        let mut settings = client::reader(&self.from.properties, &self.from.group)?;
        settings.set("statistics.interval.ms", "0").set("queued.max.messages.kbytes", "64");
        let client: BaseConsumer = settings.create()?;
        let client = Arc::new(client);
        standing.client = Some(Arc::clone(&client));
        Ok(client)
    }

    /// The partitions of a topic. What was told before counts while Kafka does not tell anew.
    fn partitions(&self, client: &BaseConsumer, topic: &str, until: Instant) -> Result<Vec<i32>, SurveyError> {
        let known = self.lock().partitions.get(topic).cloned();
        if let Some((partitions, told)) = &known
            && told.elapsed() < PARTITIONS_HOLD
        {
            return Ok(partitions.clone());
        }
        // The request is for all topics, because a request for one by name could create it.
        let metadata = match (client.fetch_metadata(None, left(until)), known) {
            (Ok(metadata), _) => metadata,
            (Err(_), Some((partitions, _))) => return Ok(partitions),
            (Err(error), None) => return Err(error.into()),
        };
        let found = metadata.topics().iter().find(|known| known.name() == topic).ok_or_else(|| SurveyError::NoTopic(topic.to_owned()))?;
        let partitions: Vec<i32> = found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect();
        self.lock().partitions.insert(topic.to_owned(), (partitions.clone(), Instant::now()));
        Ok(partitions)
    }

    /// Nothing is asked of Kafka while the lock is held.
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One end of each partition, by one request to each broker: the broker takes these two offsets for the times of the first and the last record.
fn offsets(
    client: &BaseConsumer,
    topic: &str,
    partitions: &[i32],
    which: Offset,
    until: Instant,
) -> Result<BTreeMap<i32, i64>, SurveyError> {
    let mut asked = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        asked.add_partition_offset(topic, *partition, which)?;
    }
    let answered = client.offsets_for_times(asked, left(until))?;
    let elements = answered.elements();
    elements.iter().try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error)?;
    Ok(elements.iter().filter_map(|element| Some((element.partition(), number(element.offset())?))).collect())
}

fn number(offset: Offset) -> Option<i64> {
    if let Offset::Offset(offset) = offset { Some(offset) } else { None }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    use super::*;

    fn asker(servers: String) -> StandingEnds {
        StandingEnds::new(Reread { properties: vec![("bootstrap.servers".to_owned(), servers)], group: "g".to_owned() })
    }

    #[tokio::test]
    async fn the_ends_of_all_partitions_are_told_again_and_again_and_a_missing_topic_is_named() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 3, 1).unwrap();
        let asker = asker(cluster.bootstrap_servers());
        let within = Duration::from_secs(10);
        let highs = async || asker.ends("orders", within).await.unwrap().into_values().map(|log| (log.low, log.high)).collect::<Vec<_>>();
        assert_eq!(highs().await, [(0, 0); 3]);
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
        for _ in 0..5 {
            producer.send(BaseRecord::<str, str>::to("orders").partition(1).payload("x")).unwrap();
        }
        producer.flush(within).unwrap();
        assert_eq!(highs().await, [(0, 0), (0, 5), (0, 0)]);
        let error = asker.ends("other", within).await.unwrap_err();
        assert!(error.to_string().contains("no topic other"), "{error}");
    }

    #[tokio::test]
    async fn a_kafka_that_is_away_costs_no_more_than_the_time_that_is_given() {
        let began = Instant::now();
        asker("127.0.0.1:1".to_owned()).ends("orders", Duration::from_millis(150)).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

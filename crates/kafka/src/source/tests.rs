//! Tests of the source against the client library's mock cluster. What only a real broker shows is tested end to end.

mod faults;
mod flow;
mod rebalancing;
mod rereading;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

use super::*;

/// A time longer than anything here takes on a busy machine. A test that waits this long has failed.
const LONG: Duration = Duration::from_secs(40);

struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: FutureProducer,
}

impl Cluster {
    fn new(topics: &[(&str, i32)]) -> Self {
        let mock = MockCluster::new(1).unwrap();
        for (topic, partitions) in topics {
            mock.create_topic(topic, *partitions, 1).unwrap();
        }
        let producer = ClientConfig::new().set("bootstrap.servers", mock.bootstrap_servers()).set("linger.ms", "5").create().unwrap();
        Self { mock, producer }
    }

    fn properties(&self) -> Vec<(String, String)> {
        vec![("bootstrap.servers".into(), self.mock.bootstrap_servers())]
    }

    fn config(&self, topics: &[&str]) -> SourceConfig {
        let mut properties = self.properties();
        // A rebalance takes the mock cluster nearly a session timeout.
        properties.push(("session.timeout.ms".into(), "4000".into()));
        let topics = topics.iter().map(|t| (*t).to_owned()).collect();
        SourceConfig { stopped_retry: Duration::from_millis(200), ..SourceConfig::new(properties, "g", topics) }
    }

    async fn produce(&self, topic: &str, partition: i32, count: usize, bytes: usize) {
        let value = vec![b'x'; bytes];
        let send = |_| self.producer.send_result(FutureRecord::<[u8], _>::to(topic).partition(partition).payload(&value[..])).unwrap();
        for delivery in (0..count).map(send).collect::<Vec<_>>() {
            delivery.await.unwrap().unwrap();
        }
    }

    /// The offset of the first partition of `t` that lag tools see.
    fn committed(&self) -> Offset {
        let reader: BaseConsumer = client::reader(&self.properties(), "g").unwrap().create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition("t", 0);
        reader.committed_offsets(list, LONG).unwrap().find_partition("t", 0).unwrap().offset()
    }

    fn await_committed(&self, offset: i64) {
        let begin = std::time::Instant::now();
        while self.committed() != Offset::Offset(offset) {
            assert!(begin.elapsed() < LONG, "the group has {:?}", self.committed());
        }
    }
}

/// What the workers of a test did, in the order of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Did {
    Claim(&'static str, TopicPartition),
    Read(TopicPartition, Vec<i64>),
    ToldToEnd(&'static str, TopicPartition),
    End(&'static str, TopicPartition, Ownership),
}

/// Makes claims whose workers write down what they do, commit each batch, and stop at a gate.
#[derive(Clone)]
struct Workers {
    name: &'static str,
    log: UnboundedSender<Did>,
    /// The gate. While it is closed, workers that have taken a batch or were told to end wait here.
    gate: watch::Receiver<bool>,
    /// The next offset of each partition, in the place of Postgres.
    offsets: Arc<Mutex<std::collections::HashMap<TopicPartition, i64>>>,
}

impl Workers {
    fn new(name: &'static str) -> (Self, UnboundedReceiver<Did>, watch::Sender<bool>) {
        let (log, did) = unbounded_channel();
        let (open, gate) = watch::channel(true);
        (Self { name, log, gate, offsets: Arc::default() }, did, open)
    }

    fn named(&self, name: &'static str) -> (Self, watch::Sender<bool>) {
        let (open, gate) = watch::channel(true);
        (Self { name, gate, ..self.clone() }, open)
    }

    fn claim(&self, partition: &TopicPartition) -> Claimed {
        self.log.send(Did::Claim(self.name, partition.clone())).unwrap();
        let next_offset = self.offsets.lock().unwrap().get(partition).copied();
        let workers = self.clone();
        Claimed { next_offset, landmark: None, worker: Box::new(|assigned| Box::pin(workers.work(assigned))) }
    }

    async fn work(mut self, assigned: Assigned) -> Ending {
        let Assigned { partition, inbox, ownership, progress, .. } = assigned;
        let mut batch = Vec::new();
        while let Received::UpTo(next) = inbox.recv_batch(500, 1 << 20, &mut batch).await {
            self.gate.wait_for(|open| *open).await.unwrap();
            let offsets: Vec<i64> = batch.drain(..).map(|record| record.offset).collect();
            self.offsets.lock().unwrap().insert(partition.clone(), next);
            progress.done_up_to(next);
            self.log.send(Did::Read(partition.clone(), offsets)).unwrap();
        }
        self.log.send(Did::ToldToEnd(self.name, partition.clone())).unwrap();
        self.gate.wait_for(|open| *open).await.unwrap();
        self.log.send(Did::End(self.name, partition, *ownership.borrow())).unwrap();
        Ending::Done
    }

    fn start(&self, config: SourceConfig) -> (Source, UnboundedReceiver<Event>) {
        let workers = self.clone();
        let claim = move |partition, _| {
            let claimed = workers.claim(&partition);
            async move { Ok(claimed) }
        };
        Source::start(config, Handle::current(), claim).unwrap()
    }
}

fn partition(topic: &str, number: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), number }
}

async fn next<T>(receiver: &mut UnboundedReceiver<T>) -> T {
    wait_for(receiver, |_| true).await
}

async fn wait_for<T>(receiver: &mut UnboundedReceiver<T>, mut is_it: impl FnMut(&T) -> bool) -> T {
    let arrives = async {
        loop {
            let something = receiver.recv().await.expect("the other side has ended");
            if is_it(&something) {
                return something;
            }
        }
    };
    timeout(LONG, arrives).await.expect("it did not happen for long")
}

/// Reads until `count` records of the partition have been read, and returns their offsets.
async fn read(did: &mut UnboundedReceiver<Did>, of: &TopicPartition, count: usize) -> Vec<i64> {
    let mut all = Vec::new();
    while all.len() < count {
        if let Did::Read(partition, offsets) = next(did).await
            && partition == *of
        {
            all.extend(offsets);
        }
    }
    all
}

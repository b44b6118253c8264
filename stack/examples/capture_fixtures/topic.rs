//! The topic of a mode, on which all of its records arrive in the order of the log.

use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::{Map, Value};
use stack::wait::{self, Attempt};

use crate::cases::{HEARTBEAT, SNAPSHOT, SNAPSHOT_OF_CUSTOMERS};

const PATIENCE: Duration = Duration::from_secs(60);

/// A record and the case that it belongs to.
pub(crate) struct Captured {
    pub(crate) case: String,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Map<String, Value>,
}

/// The records read so far, and the case that the last mark announced.
pub(crate) struct Topic {
    consumer: BaseConsumer,
    case: String,
    records: Vec<Captured>,
    /// The one heartbeat that is kept; Connect sends heartbeats all the time.
    heartbeat: Option<Captured>,
}

impl Topic {
    pub(crate) fn open(bootstrap_servers: &str, name: &str) -> Result<Self> {
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", bootstrap_servers).set("group.id", "capture").create()?;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_offset(name, 0, Offset::Beginning)?;
        consumer.assign(&partitions)?;
        Ok(Self { consumer, case: SNAPSHOT.to_owned(), records: Vec::new(), heartbeat: None })
    }

    /// Reads up to a row of the table `mark`.
    pub(crate) fn read_until_mark(&mut self, label: &str) -> Result<()> {
        self.read_until(&format!("the mark {label}"), |topic| topic.case == label)
    }

    /// Reads up to the row `id` of a case.
    pub(crate) fn read_until_case(&mut self, label: &str, id: i64) -> Result<()> {
        let is_it = |record: &Captured| record.case == label && field(record.key.as_deref(), "id") == Some(id.into());
        self.read_until(&format!("row {id} of the case {label}"), |topic| topic.records.last().is_some_and(is_it))
    }

    /// Reads up to a heartbeat.
    pub(crate) fn read_until_heartbeat(&mut self) -> Result<()> {
        self.read_until(HEARTBEAT, |topic| topic.heartbeat.is_some())
    }

    /// All records but the marks; the heartbeat is the last, wherever it was on the topic.
    pub(crate) fn into_records(self) -> Vec<Captured> {
        self.records.into_iter().chain(self.heartbeat).collect()
    }

    fn read_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        wait::until(what, PATIENCE, || {
            while !done(self) {
                match self.consumer.poll(Duration::from_millis(100)) {
                    Some(Ok(message)) => {
                        let record = captured(&message, &self.case);
                        drop(message);
                        self.take(record);
                    }
                    Some(Err(error)) => return Attempt::NotYet(error.to_string()),
                    None => return Attempt::NotYet(format!("no more records after {} of the case {}", self.records.len(), self.case)),
                }
            }
            Attempt::Ready(())
        })
    }

    fn take(&mut self, mut record: Captured) {
        let key = record.key.as_deref();
        if let Some(label) = field(key, "label") {
            self.case = label.as_str().unwrap_or_default().to_owned();
        } else if field(key, "serverName").is_some() {
            record.case = HEARTBEAT.to_owned();
            self.heartbeat.get_or_insert(record);
        } else {
            if record.case == SNAPSHOT && field(key, "id").is_some_and(|id| id.is_string()) {
                record.case = SNAPSHOT_OF_CUSTOMERS.to_owned();
            }
            self.records.push(record);
        }
    }
}

/// A field of a key, with or without schema around it.
fn field(key: Option<&str>, name: &str) -> Option<Value> {
    let mut key: Value = serde_json::from_str(key?).ok()?;
    if let Some(payload) = key.get_mut("payload") {
        key = payload.take();
    }
    key.get_mut(name).map(Value::take)
}

fn captured(message: &BorrowedMessage<'_>, case: &str) -> Captured {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Captured {
        case: case.to_owned(),
        key: message.key().map(text),
        value: message.payload().map(text),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(text).into())).collect(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

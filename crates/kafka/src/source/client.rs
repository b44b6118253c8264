//! The settings and callbacks of the Kafka clients that read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use tracing::{debug, warn};

use super::{SourceConfig, SourceError};
use crate::quiet::Quiet;
use crate::words;

/// Settings that the promises rest on. A configuration that sets one of them is refused.
const FIXED: [(&str, &str); 9] = [
    // Postgres alone decides where to start (P3), and a lost offset stops the partition instead of moving it.
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    // A rebalance interrupts only the partitions that move, and the revoke callback waits for the worker (P4).
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("group.protocol", "classic"),
    ("enable.partition.eof", "false"),
    ("statistics.interval.ms", "1000"),
    ("enable.metrics.push", "false"),
];

/// Other names under which the client accepts the same settings, and settings that this module makes itself.
const FIXED_OTHERWISE: [&str; 3] = ["auto.commit.enable", "group.id", "queued.max.messages.kbytes"];

/// The two names of the setting that limits a partition's part of a fetch.
const FETCH_SIZES: [&str; 2] = ["fetch.message.max.bytes", "max.partition.fetch.bytes"];

/// The number of partitions to make room for if Kafka does not tell how many there are.
const MANY_PARTITIONS: usize = 32;

/// Settings that are good for recovery within 15 s and for bounded memory. The configuration may change them.
const DEFAULTS: [(&str, &str); 13] = [
    // Kafka replaces a coordinator that has died after nine seconds (`broker.session.timeout.ms`) and an election. A shorter session would
    // be over by then: every partition would be given back, and the new coordinator would wait for the old sessions of all members.
    ("session.timeout.ms", "15000"),
    // A process that joins waits twice until the others hear of it with their next heartbeat: once to be counted, once for the partitions
    // that they give back.
    ("heartbeat.interval.ms", "250"),
    ("socket.timeout.ms", "10000"),
    ("socket.keepalive.enable", "true"),
    ("socket.nagle.disable", "true"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "1000"),
    // While a dead broker counts as the leader, the client asks again only so often who the leader is.
    ("topic.metadata.refresh.interval.ms", "2000"),
    ("fetch.min.bytes", "1"),
    // Only one fetch at a time is on its way to a broker. While the records of busy partitions wait in the client already, a fetch that
    // asks only for idle partitions holds up the next one for this long. The records that wait in the client have to last until then.
    // Shorter waits cost the broker more than the records do. Records that arrive are sent at once in any case.
    ("fetch.wait.max.ms", "50"),
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.max.bytes", "4194304"),
];

/// The client configuration of the consumer group's member.
pub(super) fn group_member(config: &SourceConfig, partitions: Option<usize>) -> Result<ClientConfig, SourceError> {
    let mut client = reader(&config.properties, &config.group)?;
    let Prefetch { waiting, fetch } = Prefetch::of_each(config.prefetch_bytes, partitions);
    client.set("queued.max.messages.kbytes", (waiting / 1024).to_string());
    if !config.properties.iter().any(|(name, _)| FETCH_SIZES.contains(&name.as_str())) {
        client.set("fetch.message.max.bytes", fetch.to_string());
    }
    Ok(client)
}

/// The limits of one partition in the client. Each partition has a queue of its own, and the client's limits apply to each queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prefetch {
    /// Bytes of records that may wait. At this number the client fetches no more.
    waiting: usize,
    /// Bytes of one fetch, compressed. Records grow tenfold in memory. A first batch that is larger is delivered all the same.
    fetch: usize,
}

impl Prefetch {
    /// Divides `bytes` among all partitions. A few partitions need no more than the upper bound for the best rate; the shares of many must
    /// not add up to too much (P10).
    fn of_each(bytes: usize, partitions: Option<usize>) -> Self {
        let waiting = (bytes / partitions.unwrap_or(MANY_PARTITIONS)).clamp(128 << 10, 3 << 20);
        Self { waiting, fetch: (waiting / 6).max(64 << 10) }
    }
}

/// The client configuration of the client that asks where logs begin and end, and looks whether an end holds any record. Such questions
/// need a connection of their own: a broker answers the requests of a connection one after the other, and behind a fetch that waits for
/// records a question would wait half a second.
pub(super) fn asker(config: &SourceConfig) -> Result<ClientConfig, SourceError> {
    let mut client = reader(&config.properties, &config.group)?;
    client.set("statistics.interval.ms", "0").set("enable.partition.eof", "true").set("queued.max.messages.kbytes", "64");
    Ok(client)
}

/// The client configuration of any reader: first the defaults, then the user's properties, then the fixed settings.
pub(super) fn reader(properties: &[(String, String)], group: &str) -> Result<ClientConfig, SourceError> {
    let mut client = ClientConfig::new();
    for (name, value) in DEFAULTS {
        client.set(name, value);
    }
    for (name, value) in properties {
        if FIXED.iter().any(|(fixed, _)| fixed == name) || FIXED_OTHERWISE.contains(&name.as_str()) {
            return Err(SourceError::FixedProperty { name: name.clone() });
        }
        client.set(name, value);
    }
    for (name, value) in FIXED {
        client.set(name, value);
    }
    client.set("group.id", group);
    Ok(client)
}

/// A rebalance as the group announced it. The poll loop answers it.
#[derive(Debug)]
pub(super) enum Rebalance {
    Assign(Vec<(String, i32)>),
    Revoke { partitions: Vec<(String, i32)>, lost: bool },
}

/// What the client's statistics tell of one partition.
#[derive(Debug)]
pub(super) struct FetchState {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// False when the client has given this partition up, as it does after an offset that does not exist.
    pub(super) fetching: bool,
    /// Below this offset nothing waits at the broker. Only known if no fetched record waits in the client.
    pub(super) read_to: Option<i64>,
}

/// Collects what the client says between two polls. The poll loop answers, so that no callback needs the loop's state.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    rebalances: Mutex<VecDeque<Rebalance>>,
    fetch_states: Mutex<Option<Vec<FetchState>>>,
    closing: AtomicBool,
    quiet: Quiet,
}

impl Callbacks {
    pub(super) fn of(client: &ClientConfig) -> Self {
        Self { quiet: Quiet::of(client), ..Self::default() }
    }

    /// Tells of a right that is missing, which the client itself keeps trying to use in silence.
    pub(super) fn tell_right(&self, error: &KafkaError, group: &str, topics: &str) {
        let Some(what) = words::right(error, group, topics) else { return };
        if let Some(suppressed) = self.quiet.may_say(&what) {
            warn!(what, suppressed, "Kafka does not let this user read; it is tried again");
        }
    }

    pub(super) fn next_rebalance(&self) -> Option<Rebalance> {
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(super) fn take_fetch_states(&self) -> Option<Vec<FetchState>> {
        self.fetch_states.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Answers rebalances after the poll loop is gone. When this is dropped, even by a panic, nothing is assigned any more. Everything that the
/// group asks until the consumer has left is answered at once, with an empty list. Without an answer, the consumer's own drop would never
/// end.
pub(super) struct Closing<'a>(pub(super) &'a BaseConsumer<Callbacks>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let callbacks = self.0.context();
        callbacks.closing.store(true, Ordering::Relaxed);
        while let Some(rebalance) = callbacks.next_rebalance() {
            answer_with_nothing(self.0, matches!(rebalance, Rebalance::Assign(_)));
        }
    }
}

impl ClientContext for Callbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.quiet.forward(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().map(|code| format!("{code:?}")).unwrap_or_default();
        if let Some(suppressed) = self.quiet.may_say(&code) {
            let reason = self.quiet.in_words(reason);
            warn!(code, reason, suppressed, "the Kafka client reported an error; it goes on trying by itself");
        }
    }

    fn stats(&self, statistics: Statistics) {
        let states = statistics.topics.into_values().flat_map(|topic| {
            let name = topic.topic;
            topic.partitions.into_values().map(move |p| FetchState {
                topic: name.clone(),
                partition: p.partition,
                fetching: p.fetch_state != "none",
                read_to: (p.fetchq_cnt == 0).then_some(p.next_offset),
            })
        });
        let states = states.filter(|state| state.partition >= 0).collect();
        *self.fetch_states.lock().unwrap_or_else(PoisonError::into_inner) = Some(states);
    }
}

impl ConsumerContext for Callbacks {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let assigned = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            answer_with_nothing(consumer, assigned);
            return;
        }
        // The list is copied at once, because a list that outlives the consumer makes the consumer's drop hang.
        let partitions = list.elements().iter().map(|e| (e.topic().to_owned(), e.partition())).collect();
        let rebalance =
            if assigned { Rebalance::Assign(partitions) } else { Rebalance::Revoke { partitions, lost: consumer.assignment_lost() } };
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }
}

fn answer_with_nothing(consumer: &BaseConsumer<Callbacks>, assigned: bool) {
    let nothing = TopicPartitionList::new();
    let answered = if assigned { consumer.incremental_assign(&nothing) } else { consumer.incremental_unassign(&nothing) };
    if let Err(error) = answered {
        debug!(%error, "a rebalance was not answered while leaving the consumer group");
    }
}

#[cfg(test)]
mod tests;

//! The producer that sends dead letters, and its replacement after a fatal error.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, FutureProducer, Producer as _};
use tracing::warn;

use super::DeadLetterError;
use crate::quiet::Quiet;

/// With these settings an acknowledged letter is on all in-sync replicas, once.
const FIXED: [(&str, &str); 2] = [("acks", "all"), ("enable.idempotence", "true")];
const FIXED_OTHERWISE: [&str; 1] = ["request.required.acks"];

const DEFAULTS: [(&str, &str); 11] = [
    ("delivery.timeout.ms", "30000"),
    // The topic's own limit decides, because a letter is as large as its record and the headers.
    ("message.max.bytes", "16777216"),
    // The memory for letters that wait for their acknowledgement. Further letters wait in their batch (P10).
    ("queue.buffering.max.kbytes", "17408"),
    ("linger.ms", "1"),
    ("compression.type", "lz4"),
    ("socket.timeout.ms", "10000"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "1000"),
    // While a dead broker counts as the leader, the client asks again only so often who the leader is.
    ("topic.metadata.refresh.interval.ms", "2000"),
    ("enable.metrics.push", "false"),
];

pub(super) type Producer = FutureProducer<Callbacks>;

pub(super) fn settings(properties: &[(String, String)]) -> Result<ClientConfig, DeadLetterError> {
    let mut settings = ClientConfig::new();
    for (name, value) in DEFAULTS {
        settings.set(name, value);
    }
    for (name, value) in properties {
        if FIXED.iter().any(|(fixed, _)| fixed == name) || FIXED_OTHERWISE.contains(&name.as_str()) {
            return Err(DeadLetterError::FixedProperty { name: name.clone() });
        }
        settings.set(name, value);
    }
    for (name, value) in FIXED {
        settings.set(name, value);
    }
    Ok(settings)
}

/// The producer in use. An idempotent producer can die of a sequence that it cannot continue; then a new one takes its place.
///
/// The producer is made for the first letter, because a producer costs CPU even if no letter is ever sent: the library's polling thread
/// spins for the last part of a millisecond of every wait, ten times a second (`ThreadedProducer` and `BaseProducer::poll` of rdkafka
/// 0.39).
pub(super) struct Current {
    settings: ClientConfig,
    producer: Mutex<Option<Producer>>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Current {
    /// # Errors
    /// The client refuses the settings. A producer without a thread is made and thrown away, so that a refusal is known before any letter.
    pub(super) fn new(settings: ClientConfig) -> Result<Self, DeadLetterError> {
        let _judged: BaseProducer = settings.create().map_err(DeadLetterError::Client)?;
        Ok(Self { settings, producer: Mutex::new(None) })
    }

    pub(super) fn get(&self) -> Result<Producer, DeadLetterError> {
        let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*current {
            return Ok(producer.clone());
        }
        let producer: Producer =
            self.settings.create_with_context(Callbacks { quiet: Quiet::of(&self.settings) }).map_err(DeadLetterError::Client)?;
        Ok(current.insert(producer).clone())
    }

    /// Drops the producer after a fatal error, if nobody has done so already, so that the next letter gets a new one.
    pub(super) async fn replace_if_dead(&self, used: &Producer) {
        if used.client().fatal_error().is_none() {
            return;
        }
        let dead = {
            let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
            current.take_if(|producer| producer.client().fatal_error().is_some())
        };
        if let Some(dead) = dead {
            warn!("the producer for dead letters died and is replaced; what it had not delivered is sent again");
            // The drop of a producer flushes it, which blocks.
            service::tasks::blocking(move || drop(dead)).await;
        }
    }
}

#[derive(Debug)]
pub(super) struct Callbacks {
    quiet: Quiet,
}

impl ClientContext for Callbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.quiet.forward(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(suppressed) = self.quiet.may_say(&error.to_string()) {
            let reason = self.quiet.in_words(reason);
            warn!(%error, reason, suppressed, "the Kafka client for dead letters reported an error; it goes on trying by itself");
        }
    }
}

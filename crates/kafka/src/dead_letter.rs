//! Kafka out: what cannot be processed goes to the dead letter topic, byte for byte, with its reason (P7).
//!
//! All letters of a batch are on their way together, and [`DeadLetters::send`] returns when the broker has answered for each: the offset
//! moves only after that. A letter sent twice is the same letter; its `x-dlq-id` says so.

mod headers;
mod producer;

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use rdkafka::producer::future_producer::{DeliveryFuture, OwnedDeliveryResult};

pub use self::headers::{dlq_id, original, replays};

use self::producer::Current;
use change::record::Record;
use change::rejection::Rejection;

/// Others fill the client's queue and nothing of ours is on its way to wait for.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(10);

/// A record that cannot be processed, and why.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The record, whole.
    pub record: &'a Record,
    /// Why it cannot be processed.
    pub rejection: &'a Rejection,
    /// The source's epoch: part of the letter's identity.
    pub epoch: i32,
}

/// Where a letter stands on the dead letter topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landed {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// A letter that the topic will never take as it is, such as one over the broker's limit. What becomes of it is the caller's decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it refuses the record: {code:?}; {}", self.remedy())]
pub struct Refused {
    /// What the client or the broker said.
    pub code: RDKafkaErrorCode,
}

impl Refused {
    /// What an operator is to do about it.
    fn remedy(&self) -> &'static str {
        match self.code {
            RDKafkaErrorCode::MessageSizeTooLarge => "raise its max.message.bytes above that of the topics that are read",
            RDKafkaErrorCode::InvalidTimestamp => "its message.timestamp.before.max.ms or after.max.ms keeps out the time of the record",
            _ => "a compacted topic takes no record without a key: set its cleanup.policy to delete; or a policy of the broker forbids it",
        }
    }
}

/// Why letters were not sent.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The configuration sets what the promises rest on.
    #[error("the Kafka property {name} is fixed for dead letters and cannot be configured")]
    FixedProperty {
        /// The property.
        name: String,
    },
    /// The Kafka client refused its configuration.
    #[error("the Kafka client for dead letters cannot be created: {0}")]
    Client(KafkaError),
    /// The broker did not acknowledge all of them: send all of them again, for as long as it takes (P6).
    #[error("the dead letter topic does not acknowledge: {0}")]
    Unavailable(KafkaError),
}

impl DeadLetterError {
    /// What no waiting mends, because somebody has to act; `None` for an outage.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        use RDKafkaErrorCode::{
            ClusterAuthorizationFailed, InvalidTopic, TopicAuthorizationFailed, UnknownPartition, UnknownTopic, UnknownTopicOrPartition,
        };
        let Self::Unavailable(error) = self else { return Some("check the settings of Kafka") };
        match error.rdkafka_error_code()? {
            TopicAuthorizationFailed => Some("grant Write and Describe on it to this user"),
            ClusterAuthorizationFailed => Some("grant IdempotentWrite on the cluster to this user"),
            UnknownTopic | UnknownTopicOrPartition | UnknownPartition => Some("create it, or grant Describe on it to this user"),
            InvalidTopic => Some("check kafka.dead_letter_topic"),
            _ => None,
        }
    }
}

/// The way to the dead letter topic, shared by all partitions' workers.
#[derive(Debug)]
pub struct DeadLetters {
    topic: String,
    producer: Current,
}

impl DeadLetters {
    /// Prepares the way; connects when the first letter is sent.
    ///
    /// # Errors
    /// The configuration is refused.
    pub fn new(properties: &[(String, String)], topic: impl Into<String>) -> Result<Self, DeadLetterError> {
        Ok(Self { topic: topic.into(), producer: Current::new(producer::settings(properties)?)? })
    }

    /// The dead letter topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Sends all letters and waits until the broker has answered for each. Where each landed, in order.
    ///
    /// # Errors
    /// The broker is away or too slow; some letters may have landed. Dropping the future leaves them on their way, which does no harm.
    pub async fn send(&self, letters: &[DeadLetter<'_>]) -> Result<Vec<Result<Landed, Refused>>, DeadLetterError> {
        let mut fates = self.send_together(letters).await?;
        for (letter, fate) in letters.iter().zip(&mut fates) {
            // The broker refuses a whole request for one letter in it. Alone, each is judged for itself.
            if fate.is_err() && letters.len() > 1 {
                *fate = self.send_together(std::slice::from_ref(letter)).await?.remove(0);
            }
        }
        Ok(fates)
    }

    async fn send_together(&self, letters: &[DeadLetter<'_>]) -> Result<Vec<Result<Landed, Refused>>, DeadLetterError> {
        let producer = self.producer.get()?;
        let mut sent: Vec<Sent> = Vec::with_capacity(letters.len());
        let mut oldest = 0;
        for letter in letters {
            loop {
                match producer.send_result(self.message(letter)) {
                    Ok(delivery) => sent.push(Sent::OnItsWay(delivery)),
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                        match sent.get_mut(oldest) {
                            Some(first) => first.settle().await,
                            None => tokio::time::sleep(QUEUE_FULL_WAIT).await,
                        }
                        oldest = (oldest + 1).min(sent.len());
                        continue;
                    }
                    Err((error, _)) => sent.push(Sent::Settled(Err(error))),
                }
                break;
            }
        }
        let mut fates = Vec::with_capacity(sent.len());
        let mut unavailable = None;
        for mut letter in sent {
            letter.settle().await;
            match letter.fate() {
                Ok(fate) => fates.push(fate),
                Err(error) => unavailable = Some(error),
            }
        }
        match unavailable {
            None => Ok(fates),
            Some(error) => {
                self.producer.replace_if_dead(&producer).await;
                Err(DeadLetterError::Unavailable(error))
            }
        }
    }

    fn message<'a>(&'a self, letter: &DeadLetter<'a>) -> FutureRecord<'a, [u8], [u8]> {
        FutureRecord {
            topic: &self.topic,
            partition: None,
            payload: letter.record.value.as_deref(),
            key: letter.record.key.as_deref(),
            timestamp: letter.record.timestamp_ms,
            headers: Some(headers::of(letter)),
        }
    }
}

enum Sent {
    OnItsWay(DeliveryFuture),
    Settled(Result<Landed, KafkaError>),
}

impl Sent {
    /// Waits for the broker's answer; the client's delivery timeout bounds it (P10).
    async fn settle(&mut self) {
        if let Self::OnItsWay(delivery) = self {
            let answer = delivery.await.map_or(Err(KafkaError::Canceled), landed);
            *self = Self::Settled(answer);
        }
    }

    /// An error is one to try again after; a refusal is not.
    fn fate(self) -> Result<Result<Landed, Refused>, KafkaError> {
        match self {
            Self::Settled(Ok(landed)) => Ok(Ok(landed)),
            Self::Settled(Err(error)) => refusal(&error).map_or(Err(error), |refused| Ok(Err(refused))),
            Self::OnItsWay(_) => Err(KafkaError::Canceled),
        }
    }
}

fn landed(answer: OwnedDeliveryResult) -> Result<Landed, KafkaError> {
    match answer {
        Ok(delivery) => Ok(Landed { partition: delivery.partition, offset: delivery.offset }),
        Err((error, _)) => Err(error),
    }
}

/// Answers that no repetition changes, because they are about this record.
fn refusal(error: &KafkaError) -> Option<Refused> {
    use RDKafkaErrorCode::{InvalidRecord, InvalidTimestamp, MessageSizeTooLarge, PolicyViolation};
    let code = error.rdkafka_error_code()?;
    matches!(code, MessageSizeTooLarge | InvalidTimestamp | InvalidRecord | PolicyViolation).then_some(Refused { code })
}

#[cfg(test)]
mod tests;

//! Sends records that cannot be processed to the dead letter topic, byte for byte, with the reason (P7).
//!
//! All letters of a batch are on their way together. [`DeadLetters::send`] returns when the broker has answered for each of them, and the
//! offset moves only after that. A letter that was sent twice has the same `x-dlq-id` twice.

mod headers;
mod producer;

use std::time::Duration;

use change::record::Record;
use change::rejection::Rejection;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use rdkafka::producer::future_producer::{DeliveryFuture, OwnedDeliveryResult};

use self::producer::Current;

pub use self::headers::{dlq_id, original, replays};

/// The wait before the next try when the client's queue is full and no letter of this batch is on its way, so that there is no answer to
/// wait for.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(10);

/// A record that cannot be processed, and the reason.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The whole record.
    pub record: &'a Record,
    /// Why it cannot be processed.
    pub rejection: &'a Rejection,
    /// The source's epoch, which is part of the letter's identity.
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

/// A letter that the topic will never take as it is, such as one over the broker's limit. The caller decides what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it refuses the record: {code:?}; {}", self.remedy())]
pub struct Undeliverable {
    /// The error code of the client or the broker.
    pub code: RDKafkaErrorCode,
}

impl Undeliverable {
    /// What an operator has to do about the refusal.
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
    /// The configuration sets a property that the promises rest on.
    #[error("the Kafka property {name} is fixed for dead letters and cannot be configured")]
    FixedProperty {
        /// The property.
        name: String,
    },
    /// The Kafka client refused its configuration.
    #[error("the Kafka client for dead letters cannot be created: {0}")]
    Client(KafkaError),
    /// The broker did not acknowledge all letters. All of them are to be sent again, for as long as it takes (P6).
    #[error("the dead letter topic does not acknowledge: {0}")]
    Unavailable(KafkaError),
}

impl DeadLetterError {
    /// What an operator has to do where waiting does not help; `None` for an outage.
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

/// Sends letters to the dead letter topic. All partitions' workers share it.
#[derive(Debug)]
pub struct DeadLetters {
    topic: String,
    producer: Current,
}

impl DeadLetters {
    /// Prepares the sender, which connects when the first letter is sent.
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

    /// Sends all letters and waits until the broker has answered for each. Returns where each letter landed, in order.
    ///
    /// # Errors
    /// The broker is away or too slow; some letters may have landed. If the future is dropped, letters stay on their way, which does no
    /// harm.
    pub async fn send(&self, letters: &[DeadLetter<'_>]) -> Result<Vec<Result<Landed, Undeliverable>>, DeadLetterError> {
        let mut fates = self.send_together(letters).await?;
        for (letter, fate) in letters.iter().zip(&mut fates) {
            // The broker refuses a whole request because of one letter in it. Sent alone, each letter is judged for itself.
            if fate.is_err() && letters.len() > 1 {
                *fate = self.send_together(std::slice::from_ref(letter)).await?.remove(0);
            }
        }
        Ok(fates)
    }

    async fn send_together(&self, letters: &[DeadLetter<'_>]) -> Result<Vec<Result<Landed, Undeliverable>>, DeadLetterError> {
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

    /// The outcome of a letter. After an error the letter is sent again, after a refusal it is not.
    fn fate(self) -> Result<Result<Landed, Undeliverable>, KafkaError> {
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

/// The refusal, if the error is about this record, so that no repetition changes it.
fn refusal(error: &KafkaError) -> Option<Undeliverable> {
    use RDKafkaErrorCode::{InvalidRecord, InvalidTimestamp, MessageSizeTooLarge, PolicyViolation};
    let code = error.rdkafka_error_code()?;
    matches!(code, MessageSizeTooLarge | InvalidTimestamp | InvalidRecord | PolicyViolation).then_some(Undeliverable { code })
}

#[cfg(test)]
mod tests;

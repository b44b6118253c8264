//! The callbacks of Kafka clients that read outside of the group: those that ask where logs end, and those that read a stretch again.

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Statistics};
use tracing::warn;

use crate::quiet::Quiet;

/// The callbacks of such a client: they log errors, each kind at most twice a minute.
#[derive(Debug, Default)]
pub(super) struct Reader {
    quiet: Quiet,
}

impl Reader {
    pub(super) fn of(client: &ClientConfig) -> Self {
        Self { quiet: Quiet::of(client) }
    }
}

impl ClientContext for Reader {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.quiet.forward(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of the log is reported here too, and is no error.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF)
            && let Some(suppressed) = self.quiet.may_say(&error.to_string())
        {
            let reason = self.quiet.in_words(reason);
            warn!(%error, reason, suppressed, "the Kafka client reported an error while it read beside the group; it goes on trying by itself");
        }
    }

    fn stats(&self, _: Statistics) {}
}

impl ConsumerContext for Reader {}

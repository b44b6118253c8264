//! Limits log lines to one per kind of trouble and half a minute: an outage is reported, and not repeated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use tracing::{debug, warn};

use crate::words::Words;

const INTERVAL: Duration = Duration::from_secs(30);

/// Lets the first line of a kind through, and then one line per half minute. Kinds are error codes and the like, so that their number is
/// bounded.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    kinds: Mutex<HashMap<String, Complaint>>,
    words: Words,
}

#[derive(Debug)]
struct Complaint {
    last: Instant,
    suppressed: u64,
}

impl Quiet {
    /// Limits the lines of a client with these settings, and puts what is wrong with TLS or the login into words.
    pub(crate) fn of(client: &ClientConfig) -> Self {
        Self { words: Words::new(client), ..Self::default() }
    }

    /// The complaint, or one sentence in its place that says what to do.
    pub(crate) fn in_words(&self, complaint: &str) -> String {
        self.words.of(complaint).unwrap_or_else(|| complaint.to_owned())
    }

    /// Whether a line of this kind may be logged now. If so, returns how many lines were left out since the last one.
    pub(crate) fn may_say(&self, kind: &str) -> Option<u64> {
        self.may_say_at(kind, Instant::now())
    }

    fn may_say_at(&self, kind: &str, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = kinds.get_mut(kind) else {
            kinds.insert(kind.to_owned(), Complaint { last: now, suppressed: 0 });
            return Some(0);
        };
        if now.duration_since(known.last) < INTERVAL {
            known.suppressed += 1;
            return None;
        }
        known.last = now;
        Some(std::mem::take(&mut known.suppressed))
    }

    /// Passes on a line of the Kafka client's own log. The client's lines speak of connections and brokers, never of records.
    pub(crate) fn forward(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if level as i32 > RDKafkaLogLevel::Warning as i32 {
            debug!(facility, line, "the Kafka client said something");
        } else if let Some(suppressed) = self.may_say(facility) {
            let line = self.in_words(line);
            warn!(facility, line, suppressed, "the Kafka client complained");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_one_line_and_then_the_number_of_those_left_unsaid() {
        let quiet = Quiet::default();
        let start = Instant::now();
        assert_eq!(quiet.may_say_at("FAIL", start), Some(0));
        assert_eq!(quiet.may_say_at("FAIL", start), None);
        assert_eq!(quiet.may_say_at("FAIL", start + INTERVAL / 2), None);
        assert_eq!(quiet.may_say_at("OTHER", start), Some(0));
        assert_eq!(quiet.may_say_at("FAIL", start + INTERVAL), Some(2));
    }
}

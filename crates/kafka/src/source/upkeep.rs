//! What the poll loop does once a second: reports that it lives, commits progress to the group, and asks whether Kafka answers.

use std::sync::Arc;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::Offset;
use tracing::{debug, info, warn};

use super::lookup::{Lookup, Read};
use super::owned::{Owned, Phase};
use super::poll::PollLoop;
use super::tail::Tail;
use super::worker::{Event, Fatal, TopicPartition};

/// Rounds of look-ups without an answer after which Kafka counts as down: a broker that hangs reports no error.
const SILENT_ROUNDS: u32 = 3;

/// How long lag tools may see too much lag after a commit was lost.
const TELL_ALL_EVERY_SECONDS: u32 = 10;

/// Which partitions' offsets are committed to the consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commit {
    /// The offsets that have moved since the last commit.
    Moved,
    /// All offsets.
    All,
}

impl PollLoop<'_> {
    pub(super) fn tell_and_ask_once_a_second(&mut self) -> Result<(), Fatal> {
        let _ = self.events.send(Event::Polled);
        self.seconds = self.seconds.wrapping_add(1);
        let what = if self.seconds.is_multiple_of(TELL_ALL_EVERY_SECONDS) { Commit::All } else { Commit::Moved };
        let mut owned = std::mem::take(&mut self.owned);
        self.commit_progress(&mut owned, what);
        self.owned = owned;
        self.look_up_watermarks()
    }

    /// Commits progress to the group, as a best effort and for lag tools only (P3). Nobody hears what becomes of a commit: librdkafka
    /// reports a manual commit only by a callback and not by an event, and its Rust binding takes events only. So a commit that was lost,
    /// or refused during a rebalance, is repaired by the next one of all partitions.
    pub(super) fn commit_progress(&self, partitions: &mut [Owned], what: Commit) {
        let mut offsets = TopicPartitionList::new();
        for owned in partitions {
            let Phase::Running(running) = &mut owned.phase else { continue };
            let done = running.progress.done();
            let TopicPartition { topic, number } = &owned.partition;
            if (done > running.committed || what == Commit::All)
                && offsets.add_partition_offset(topic, *number, Offset::Offset(done)).is_ok()
            {
                running.committed = done;
            }
        }
        if offsets.count() > 0
            && let Err(error) = self.consumer.commit(&offsets, CommitMode::Async)
        {
            debug!(%error, "offsets were not committed to the consumer group");
        }
    }

    fn look_up_watermarks(&mut self) -> Result<(), Fatal> {
        if self.round_is_out {
            return Ok(());
        }
        let running = |owned: &Owned| match &owned.phase {
            Phase::Running(running) => {
                Some(Read { partition: owned.partition.clone(), progress: Arc::clone(&running.progress), next: running.next })
            }
            _ => None,
        };
        let partitions = self.owned.iter().filter_map(running).collect();
        let topic = self.config.topics.first().cloned().unwrap_or_default();
        self.lookups.send(Lookup::Round { partitions, topic }).map_err(|_| Fatal::LookupsEnded)?;
        self.round_is_out = true;
        Ok(())
    }

    pub(super) fn round_is_over(&mut self, answered: bool, empty: &[Tail]) {
        self.round_is_out = false;
        for tail in empty {
            let Some(index) = self.find(&tail.partition.topic, tail.partition.number) else { continue };
            if let Some(running) = self.owned[index].running() {
                running.pass(tail);
            }
        }
        self.silent_rounds = if answered { 0 } else { self.silent_rounds + 1 };
        if answered {
            self.set_kafka_down(false);
        } else if self.silent_rounds >= SILENT_ROUNDS {
            self.set_kafka_down(true);
        }
    }

    pub(super) fn set_kafka_down(&mut self, down: bool) {
        if self.kafka_is_down == down {
            return;
        }
        self.kafka_is_down = down;
        if down {
            warn!("no Kafka broker answers; the client goes on trying");
        } else {
            info!("Kafka answers again");
        }
        let _ = self.events.send(if down { Event::KafkaDown } else { Event::KafkaUp });
    }
}

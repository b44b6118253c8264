//! Claims owned partitions and starts their workers, and takes a partition back when its worker ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::Offset;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::fetched::Fetched;
use super::inbox::bounded;
use super::lookup::Lookup;
use super::owned::{Note, Owned, Phase, Running, share};
use super::poll::PollLoop;
use super::progress::{SourceProgress, Watermarks};
use super::worker::{Assigned, Claimed, Ending, Event, Fatal, NotClaimed, Ownership, StopReason, TopicPartition, Work};

/// A claim that takes longer than this is reported.
const SLOW_CLAIM: Duration = Duration::from_secs(10);
/// For this time after an assignment or a rebalance, the client's statistics may show a state that is about to pass.
const STEADY: Duration = Duration::from_secs(3);

impl PollLoop<'_> {
    pub(super) fn claim_what_is_due(&mut self) -> Result<(), Fatal> {
        let now = Instant::now();
        for owned in &mut self.owned {
            if owned.is_due(now) {
                owned.phase = Phase::Claiming { since: now };
                let claim = Lookup::Claim { id: owned.id, partition: owned.partition.clone() };
                self.lookups.send(claim).map_err(|_| Fatal::LookupsEnded)?;
            } else if matches!(owned.phase, Phase::Claiming { since } if since.elapsed() >= SLOW_CLAIM) {
                report_waiting(self.events, owned, "its claim is not answered");
            }
        }
        Ok(())
    }

    pub(super) fn take_notes(&mut self) -> Result<(), Fatal> {
        while let Some(note) = self.deferred.pop_front().or_else(|| self.notes.try_recv().ok()) {
            match note {
                Note::Claim { id, result } => self.take_claim(id, result),
                Note::Ended { id, ending } => self.take_ending(id, ending)?,
                Note::Panicked { what, partition, .. } => return Err(Fatal::Panicked { what, partition }),
                Note::Round { answered, empty } => self.round_is_over(answered, &empty),
            }
        }
        Ok(())
    }

    fn take_claim(&mut self, id: u64, result: Result<(Watermarks, Claimed), NotClaimed>) {
        let Some(index) = self.owned.iter().position(|owned| owned.id == id) else { return };
        let later = Instant::now() + self.config.stopped_retry;
        let owned = &mut self.owned[index];
        match result {
            Ok((watermarks, claimed)) => match claimed.next_offset.unwrap_or(watermarks.low) {
                start if watermarks.hold(start) => self.begin(index, start, watermarks, claimed),
                offset => {
                    owned.phase = Phase::Waiting { due: later };
                    report_stopped(self.events, owned, StopReason::OffsetOutOfRange { offset, watermarks });
                }
            },
            Err(NotClaimed::Unavailable(reason)) => {
                owned.phase = Phase::Waiting { due: owned.next_attempt() };
                report_waiting(self.events, owned, &reason);
            }
            Err(NotClaimed::Stop(reason)) => {
                owned.phase = Phase::Waiting { due: later };
                report_stopped(self.events, owned, StopReason::Refused(reason));
            }
        }
    }

    /// Assigns the claimed partition to the client, at its absolute offset, and runs its worker.
    fn begin(&mut self, index: usize, start: i64, watermarks: Watermarks, claimed: Claimed) {
        let share = share(self.config, self.owned.len());
        let landmark = claimed.landmark.filter(|landmark| (watermarks.low..start).contains(&landmark.offset));
        let from = landmark.map_or(start, |landmark| landmark.offset);
        let owned = &mut self.owned[index];
        let Some(fetched) = Fetched::split(self.consumer, &owned.partition, self.notes_to_self.reader.clone()) else {
            owned.phase = Phase::Waiting { due: owned.next_attempt() };
            report_waiting(self.events, owned, "the Kafka client makes no queue for it");
            return;
        };
        let mut list = TopicPartitionList::new();
        let assigned = list
            .add_partition_offset(&owned.partition.topic, owned.partition.number, Offset::Offset(from))
            .and_then(|()| self.consumer.incremental_assign(&list));
        if let Err(error) = assigned {
            owned.phase = Phase::Waiting { due: owned.next_attempt() };
            report_waiting(self.events, owned, &format!("the Kafka client does not take it: {error}"));
            return;
        }
        let (feed, inbox) = bounded(share, self.notes_to_self.reader.clone());
        let (ownership, watched) = watch::channel(Ownership::Held);
        let progress = Arc::new(SourceProgress::new(start, watermarks));
        let partition = owned.partition.clone();
        info!(topic = %partition.topic, partition = partition.number, start, low = watermarks.low, high = watermarks.high, "partition claimed");
        let _ = self.events.send(Event::Started { partition: partition.clone(), start, progress: Arc::clone(&progress) });
        owned.reported = None;
        owned.phase = Phase::Running(Running::new(fetched, feed, (start, landmark), ownership, Arc::clone(&progress)));
        let id = owned.id;
        let assigned = Assigned { partition: partition.clone(), start, watermarks, inbox, ownership: watched, progress };
        self.spawn(id, partition, (claimed.worker)(assigned));
    }

    /// Runs a worker in a task of its own, and watches the end of that task in another one (P13).
    fn spawn(&self, id: u64, partition: TopicPartition, work: Work) {
        let worker = self.runtime.spawn(work);
        let notes = self.notes_to_self.clone();
        self.runtime.spawn(async move {
            notes.send(match worker.await {
                Ok(ending) => Note::Ended { id, ending },
                Err(_panicked) => Note::Panicked { id, what: "the worker", partition },
            });
        });
    }

    /// Handles the end of a worker whose partition is still ours. If the worker says why it ended, the partition is claimed again.
    fn take_ending(&mut self, id: u64, ending: Ending) -> Result<(), Fatal> {
        let Some(index) = self.owned.iter().position(|owned| owned.id == id) else { return Ok(()) };
        match self.owned[index].phase {
            Phase::Running(_) => self.unassign(self.owned[index..=index].iter()),
            Phase::Draining { due } => {
                self.owned[index].phase = Phase::Waiting { due };
                return Ok(());
            }
            Phase::Waiting { .. } | Phase::Claiming { .. } => return Ok(()),
        }
        let owned = &mut self.owned[index];
        let soon = owned.next_attempt();
        let later = Instant::now() + self.config.stopped_retry;
        match ending {
            Ending::Done => {
                owned.phase = Phase::Waiting { due: soon };
                return Err(Fatal::Returned(owned.partition.clone()));
            }
            Ending::Reclaim(reason) => {
                owned.phase = Phase::Waiting { due: soon };
                report_waiting(self.events, owned, &reason);
            }
            Ending::Stop(reason) => {
                owned.phase = Phase::Waiting { due: later };
                report_stopped(self.events, owned, StopReason::Worker(reason));
            }
        }
        Ok(())
    }

    /// Finds partitions that the client has given up. The client does so when an offset does not exist, with an error that does not name
    /// the partition; only its statistics name it. The partition is claimed again, and the claim compares its offset with the watermarks
    /// and says what is wrong.
    pub(super) fn read_statistics(&mut self) {
        let Some(states) = self.consumer.context().take_fetch_states() else { return };
        for state in states {
            let Some(index) = self.find(&state.topic, state.partition) else { continue };
            let Some(running) = self.owned[index].running() else { continue };
            if running.steady_since.elapsed() < STEADY {
                continue;
            }
            if !state.fetching {
                self.restart(index, "Kafka does not have its next offset");
            } else if let Some(offset) = state.read_to.filter(|offset| *offset >= running.next) {
                running.progress.nothing_waits_below(offset);
            }
        }
    }

    /// Stops partitions of a topic that was deleted and created anew, and that by now has more records than were read of the old one (P2).
    pub(super) fn stop_other_logs(&mut self) {
        for index in 0..self.owned.len() {
            let Some(running) = self.owned[index].running() else { continue };
            let (Some(landmark), next) = (running.recognition.stranger, running.next) else { continue };
            running.end(Ownership::Ending);
            self.unassign(self.owned[index..=index].iter());
            let owned = &mut self.owned[index];
            owned.phase = Phase::Draining { due: Instant::now() + self.config.stopped_retry };
            let partition = owned.partition.clone();
            report_stopped(self.events, owned, StopReason::AnotherLog { partition, landmark, next });
        }
    }

    pub(super) fn restart(&mut self, index: usize, reason: &str) {
        self.unassign(self.owned[index..=index].iter());
        let owned = &mut self.owned[index];
        let due = owned.next_attempt();
        if let Some(running) = owned.running() {
            running.end(Ownership::Ending);
        }
        owned.phase = Phase::Draining { due };
        report_waiting(self.events, owned, reason);
    }
}

fn report_waiting(events: &UnboundedSender<Event>, owned: &mut Owned, reason: &str) {
    if owned.is_news(reason) {
        warn!(topic = %owned.partition.topic, partition = owned.partition.number, reason, "partition is not read for now; it is claimed again");
        let _ = events.send(Event::Waiting(owned.partition.clone(), reason.to_owned()));
    }
}

fn report_stopped(events: &UnboundedSender<Event>, owned: &mut Owned, reason: StopReason) {
    let text = reason.to_string();
    if owned.is_news(&text) {
        error!(topic = %owned.partition.topic, partition = owned.partition.number, reason = text, "partition stopped: it is not read until this is put right");
        let _ = events.send(Event::Stopped(owned.partition.clone(), reason));
    }
}

//! Answers rebalances: takes the partitions that the group assigns, and gives back those that it revokes.
//!
//! The Kafka client takes incremental assignments also outside of its callback, and in parts. The client refuses a list to unassign as a
//! whole if one partition in the list is not assigned, and then the group waits for ever. So the answer to a revocation lists exactly what
//! was assigned, which may be nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use tracing::{info, warn};

use super::client::Rebalance;
use super::owned::{Note, Owned, Phase, share};
use super::poll::PollLoop;
use super::upkeep::Commit;
use super::worker::{Event, Fatal, Ownership, TopicPartition};

/// A lost partition already belongs to another process, so its worker only gets the time to hear of the loss.
const LOST_DEADLINE: Duration = Duration::from_millis(200);

impl PollLoop<'_> {
    /// Answers all waiting rebalances, because the group does not go on without an answer.
    pub(super) fn answer_rebalances(&mut self) {
        while let Some(rebalance) = self.consumer.context().next_rebalance() {
            match rebalance {
                Rebalance::Assign(partitions) => self.assign(&partitions),
                Rebalance::Revoke { partitions, lost } => self.revoke(&partitions, lost),
            }
            let share = share(self.config, self.owned.len());
            for running in self.owned.iter_mut().filter_map(Owned::running) {
                running.feed.set_marks(share);
                // The client pauses all partitions during a rebalance.
                running.steady_since = Instant::now();
            }
        }
    }

    /// Takes new partitions. The answer to the client is an empty list, because each partition is assigned to the client only when its
    /// claim has told where it starts. A partition that is owned and not assigned does not disturb the group.
    fn assign(&mut self, partitions: &[(String, i32)]) {
        let _ = self.events.send(Event::Assigned);
        for (topic, number) in partitions {
            if self.find(topic, *number).is_some() {
                continue;
            }
            let partition = TopicPartition { topic: Arc::from(topic.as_str()), number: *number };
            let _ = self.events.send(Event::Owned(partition.clone()));
            self.owned.push(Owned::new(self.next_id, partition));
            self.next_id += 1;
        }
        if let Err(error) = self.consumer.incremental_assign(&TopicPartitionList::new()) {
            warn!(%error, "an assignment of the consumer group was not acknowledged");
        }
    }

    fn revoke(&mut self, partitions: &[(String, i32)], lost: bool) {
        let is_revoked = |owned: &Owned| partitions.iter().any(|(t, n)| *n == owned.partition.number && **t == *owned.partition.topic);
        let (mut revoked, kept) = std::mem::take(&mut self.owned).into_iter().partition::<Vec<_>, _>(is_revoked);
        self.owned = kept;
        let (ownership, deadline) = if lost { (Ownership::Lost, LOST_DEADLINE) } else { (Ownership::Ending, self.config.revoke_deadline) };
        self.end_workers(&mut revoked, ownership, deadline);
        if !lost {
            self.commit_progress(&mut revoked, Commit::Moved);
        }
        self.release(revoked, if lost { Event::Lost } else { Event::Revoked });
    }

    /// Tells the workers to end, and waits until they have finished or the deadline has passed. Unfinished claims are waited for too,
    /// because a claim that came after the next owner's would fence the next owner out.
    fn end_workers(&mut self, partitions: &mut [Owned], ownership: Ownership, deadline: Duration) {
        for running in partitions.iter_mut().filter_map(Owned::running) {
            running.end(ownership);
        }
        let busy = partitions.iter().filter(|owned| owned.is_busy()).map(|owned| owned.id).collect();
        for id in self.wait_for(busy, deadline) {
            let late = partitions.iter().find(|owned| owned.id == id).map(|owned| &owned.partition);
            let (topic, partition) = (late.map(|late| &*late.topic), late.map(|late| late.number));
            let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            warn!(topic, partition, deadline_ms, "a worker did not finish before its partition was given back; the fence keeps it out");
        }
    }

    /// Waits for these workers and claims. Returns those that did not end in time.
    fn wait_for(&mut self, mut busy: Vec<u64>, deadline: Duration) -> Vec<u64> {
        let until = Instant::now() + deadline;
        while !busy.is_empty() {
            let Ok(note) = self.notes.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
            match note {
                Note::Ended { id, .. } | Note::Claim { id, .. } if busy.contains(&id) => busy.retain(|other| *other != id),
                other => {
                    if let Note::Panicked { id, .. } = &other {
                        busy.retain(|other| other != id);
                    }
                    self.deferred.push_back(other);
                }
            }
        }
        busy
    }

    fn release(&self, partitions: Vec<Owned>, event: fn(TopicPartition) -> Event) {
        self.unassign(partitions.iter().filter(|owned| matches!(owned.phase, Phase::Running(_))));
        for owned in partitions {
            info!(topic = %owned.partition.topic, partition = owned.partition.number, "partition given back");
            let _ = self.events.send(event(owned.partition));
        }
    }

    pub(super) fn unassign<'o>(&self, assigned: impl Iterator<Item = &'o Owned>) {
        let mut list = TopicPartitionList::new();
        for owned in assigned {
            list.add_partition(&owned.partition.topic, owned.partition.number);
        }
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            warn!(%error, "partitions were not given back to the Kafka client");
        }
    }

    /// Ends the source's work: the workers finish, their progress is committed, and everything is unassigned. The group is left when the
    /// consumer is dropped, after the commit was answered.
    pub(super) fn give_everything_back(&mut self) {
        let mut all = std::mem::take(&mut self.owned);
        self.end_workers(&mut all, Ownership::Ending, self.config.stop_deadline.mul_f64(0.6));
        self.commit_progress(&mut all, Commit::All);
        self.release(all, Event::Revoked);
    }

    /// Returns a panic that happened while everything was given back.
    pub(super) fn last_panic(&mut self) -> Result<(), Fatal> {
        let panicked = self.deferred.drain(..).chain(self.notes.try_iter()).find_map(|note| match note {
            Note::Panicked { what, partition, .. } => Some(Fatal::Panicked { what, partition }),
            Note::Claim { .. } | Note::Ended { .. } | Note::Round { .. } => None,
        });
        panicked.map_or(Ok(()), Err)
    }
}

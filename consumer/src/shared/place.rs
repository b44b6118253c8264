//! A claimed partition of this process: its claim, its progress, how far Redis reflects it, and the reports about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use change::fate::Fates;
use change::record::Record;
use kafka::dead_letter::DeadLetterError;
use kafka::source::{Inbox, Ownership, Received, SourceProgress};
use ledger::{Claim, Class, StoreError};
use tokio::sync::watch;
use worker::Tenure;

use super::{Limits, Shared, absent};
use crate::health::Dependency;
use crate::redis::link::{Means, RedisError, Run};
use crate::redis::progress::Of;
use crate::results::batch::LetterRow;

/// How far Redis reflects a partition (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reflection {
    /// The offset that Redis has acknowledged. If Redis later answers with a lower one, it has lost something.
    pub acknowledged: i64,
    /// The offset up to which each order has its hash or is on the list of the sweep. While Redis is behind, it is the offset up to which
    /// the rebuild looks after the orders.
    pub covered: i64,
    /// The run of the Redis server in which the hashes between the two offsets were written; `None` if none were.
    pub run: Option<Run>,
    /// Whether Redis has acknowledged an offset in this claim. From then on a lower answer means that Redis has lost something.
    pub begun: bool,
    /// Whether Redis has lost something and is being made whole.
    pub behind: bool,
    /// Whether Redis has something that Postgres has lost, which is repaired too.
    pub ahead: bool,
}

/// A claimed partition.
#[derive(Debug)]
pub struct Place {
    /// The claim, whether it is still ours, and how far it is.
    pub tenure: Tenure,
    /// Whether Postgres has lost commits that this process made earlier in this partition.
    pub has_lost: bool,
    /// The highest number that `due_stamp` had given to a sweep or a list entry at the claim. Redis knows no higher one, unless Postgres has
    /// lost some.
    pub last_stamp: i64,
    /// How far Redis reflects the partition. The lock is held while Redis is told, so that steps do not overtake each other.
    pub reflection: tokio::sync::Mutex<Reflection>,
    pub(super) absent: absent::Told,
}

impl Place {
    /// A partition that was just claimed. Redis is to reflect everything that was committed before.
    #[must_use]
    pub fn new(
        claim: Claim,
        last_stamp: i64,
        has_lost: bool,
        ownership: watch::Receiver<Ownership>,
        progress: Arc<SourceProgress>,
    ) -> Self {
        let start = claim.next_offset;
        let reflection = Reflection { acknowledged: start, covered: start, run: None, begun: false, behind: false, ahead: false };
        let (reflection, absent) = (tokio::sync::Mutex::new(reflection), absent::Told::default());
        Self { tenure: Tenure::new(claim, ownership, progress), has_lost, last_stamp, reflection, absent }
    }

    /// Takes the next batch, and none while an operator has paused the partition. The answer is `Closed` also when the partition was fenced,
    /// because an operator has moved its offset or another process has claimed it.
    pub async fn receive(&self, shared: &Shared, inbox: &Inbox, into: &mut Vec<Record>) -> Received {
        self.tenure.unless_fenced(self.receive_unless_paused(shared, inbox, into)).await
    }

    /// Waits through a pause before it takes a batch. What arrives meanwhile waits in the inbox, which is bounded, and then in Kafka, while the
    /// source goes on polling and the claim is kept (P10).
    async fn receive_unless_paused(&self, shared: &Shared, inbox: &Inbox, into: &mut Vec<Record>) -> Received {
        let Limits { records, bytes } = shared.limits;
        let (topic, partition) = (&self.tenure.claim.topic, self.tenure.claim.partition);
        loop {
            if let Some(pause) = shared.held.pause(topic, partition) {
                tracing::info!(%topic, partition, who = pause.by, until = %pause.until, "An operator has paused the partition: it is not read until then");
                if self.paused(shared).await == Ownership::Held {
                    tracing::info!(%topic, partition, "The partition is read again: its pause has ended");
                } else {
                    return Received::Closed;
                }
            }
            tokio::select! {
                biased;
                () = shared.held.begins(topic, partition) => {}
                received = inbox.recv_batch(records, bytes, into) => return received,
            }
        }
    }

    /// Waits until the pause has ended, or the partition is taken away. Returns how the worker stands to its partition then.
    async fn paused(&self, shared: &Shared) -> Ownership {
        tokio::select! {
            () = shared.held.ends(&self.tenure.claim.topic, self.tenure.claim.partition) => Ownership::Held,
            taken = self.tenure.taken() => taken,
        }
    }

    /// Reports that all records below `next_offset` have their fate, committed.
    pub fn committed(&self, shared: &Shared, next_offset: i64, fates: Fates) {
        self.tenure.progress().done_up_to(next_offset);
        shared.metrics.records_settled(&self.tenure.claim.topic, self.tenure.claim.partition, fates);
        shared.health.committed(&self.tenure.claim.topic, self.tenure.claim.partition, next_offset, fates);
    }
    /// The name under which Redis keeps the progress of this partition.
    #[must_use]
    pub fn of(&self) -> Of<'_> {
        Of { topic: &self.tenure.claim.topic, partition: self.tenure.claim.partition, epoch: self.tenure.claim.epoch }
    }

    /// Reports that Postgres is in the way. Each error is counted, and one is logged once in a while.
    pub fn troubled(&self, shared: &Shared, error: &StoreError) {
        let key = error.class().as_str();
        shared.metrics.postgres_error(key);
        match error.class() {
            Class::Connection => shared.health.down(Dependency::Postgres, key),
            Class::Ours | Class::Row => shared.health.waiting(&self.tenure.claim.topic, self.tenure.claim.partition, error.to_string()),
            Class::Contention | Class::UnknownOutcome => {
                shared.health.hindered(&self.tenure.claim.topic, self.tenure.claim.partition, error.to_string());
            }
        }
        if let Some(suppressed) = shared.throttle(key) {
            tracing::warn!(
                topic = %self.tenure.claim.topic, partition = self.tenure.claim.partition, class = key, suppressed, %error,
                "Postgres does not take this partition's batch; it is tried again"
            );
        }
    }

    /// Reports that Redis is in the way of customers, which cannot be skipped.
    pub fn redis_troubled(&self, shared: &Shared, error: &RedisError) {
        match error.means() {
            Means::Outage | Means::NotAsked => {}
            Means::NoWrites => shared.health.hindered(&self.tenure.claim.topic, self.tenure.claim.partition, error.to_string()),
            Means::OneThing | Means::Ours => {
                shared.health.waiting(&self.tenure.claim.topic, self.tenure.claim.partition, error.to_string());
            }
        }
        shared.redis.failed("writing customers", error);
    }

    /// Reports that records became dead letters. Each is counted, and each reason is logged once in a while.
    pub fn lettered(&self, shared: &Shared, letters: &[LetterRow]) {
        let mut by_reason: BTreeMap<&'static str, (u64, &LetterRow)> = BTreeMap::new();
        for letter in letters {
            shared.metrics.dead_letter(letter.rejection.reason);
            by_reason.entry(letter.rejection.reason.as_str()).or_insert((0, letter)).0 += 1;
        }
        for (reason, (count, first)) in by_reason {
            let Some(suppressed) = shared.throttle(reason) else { continue };
            tracing::warn!(
                topic = %self.tenure.claim.topic, partition = self.tenure.claim.partition, offset = first.offset, reason, letters = count, suppressed,
                what = first.rejection.message, "Records that cannot be processed are dead letters now; see: orderstream dlq list"
            );
        }
    }

    /// Reports that the dead letter topic is in the way.
    pub fn letters_troubled(&self, shared: &Shared, error: &DeadLetterError) {
        shared.health.hindered(
            &self.tenure.claim.topic,
            self.tenure.claim.partition,
            format!("a dead letter was not acknowledged: {error}"),
        );
        if let Some(suppressed) = shared.throttle("dead letters") {
            tracing::warn!(
                topic = %self.tenure.claim.topic, partition = self.tenure.claim.partition, suppressed, %error,
                "A dead letter was not acknowledged; it is sent again and its batch waits"
            );
        }
    }
}

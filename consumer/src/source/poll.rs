//! The poll loop: messages into inboxes, pauses where an inbox is full, progress to the consumer group.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{error, warn};

use super::client::Callbacks;
use super::lookup::{self, Log, Lookup};
use super::owned::{Note, Owned, Phase};
use super::worker::{ClaimError, Claimed, Event, Partition};
use super::{SourceConfig, copy};

/// One round of polling ends here at the latest: one lock and one wake-up per partition then serve this many records.
const ROUND_RECORDS: usize = 1_000;
const ROUND_BYTES: usize = 1 << 20;

const IDLE_POLL: Duration = Duration::from_millis(100);
/// While a full inbox may have emptied, or another thread is about to say something.
const BUSY_POLL: Duration = Duration::from_millis(5);

const EVERY_SECOND: Duration = Duration::from_secs(1);

/// Everything the poll thread knows.
pub(super) struct PollLoop<'a> {
    pub(super) consumer: &'a BaseConsumer<Callbacks>,
    pub(super) config: &'a SourceConfig,
    pub(super) runtime: &'a Handle,
    pub(super) events: &'a UnboundedSender<Event>,
    pub(super) owned: Vec<Owned>,
    pub(super) next_id: u64,
    pub(super) notes: Receiver<Note>,
    pub(super) notes_to_self: Sender<Note>,
    /// Notes that arrived while only some were waited for.
    pub(super) deferred: VecDeque<Note>,
    pub(super) lookups: Sender<Lookup>,
    last_hit: usize,
    pub(super) kafka_is_down: bool,
    pub(super) silent_rounds: u32,
    pub(super) round_is_out: bool,
    next_second: Instant,
}

/// Polls until told to stop or until the client cannot go on.
pub(super) fn run<F, Fut>(
    consumer: &BaseConsumer<Callbacks>,
    asker: &BaseConsumer,
    config: &SourceConfig,
    runtime: &Handle,
    stopping: &AtomicBool,
    claim: F,
    events: &UnboundedSender<Event>,
) where
    F: Fn(Partition, Log) -> Fut + Send,
    Fut: Future<Output = Result<Claimed, ClaimError>> + Send + 'static,
{
    let (lookups, asked) = channel();
    let (notes_to_self, notes) = channel();
    let answers = notes_to_self.clone();
    thread::scope(|scope| {
        let server = move || lookup::serve(asker, runtime, claim, &asked, &answers);
        if let Err(error) = thread::Builder::new().name("kafka-lookup".into()).spawn_scoped(scope, server) {
            let _ = events.send(Event::Fatal(format!("the thread that asks for watermarks cannot be started: {error}")));
            return;
        }
        let mut poll_loop = PollLoop {
            consumer,
            config,
            runtime,
            events,
            owned: Vec::new(),
            next_id: 0,
            notes,
            notes_to_self,
            deferred: VecDeque::new(),
            lookups,
            last_hit: 0,
            kafka_is_down: false,
            silent_rounds: 0,
            round_is_out: false,
            next_second: Instant::now(),
        };
        let result = poll_loop.run(stopping);
        poll_loop.give_everything_back();
        if let Err(fatal) = result {
            error!(error = %fatal, "the Kafka client cannot go on; the source ends");
            let _ = events.send(Event::Fatal(fatal.to_string()));
        }
    });
}

impl PollLoop<'_> {
    fn run(&mut self, stopping: &AtomicBool) -> Result<(), KafkaError> {
        while !stopping.load(Ordering::Relaxed) {
            self.take_messages()?;
            self.stop_other_logs();
            self.answer_rebalances();
            self.take_notes();
            self.claim_what_is_due();
            self.resume_where_there_is_room();
            self.read_statistics();
            if Instant::now() >= self.next_second {
                self.next_second = Instant::now() + EVERY_SECOND;
                self.tell_and_ask_once_a_second();
            }
        }
        Ok(())
    }

    /// Takes what is there, grouped by partition, and hands it over: one lock and one wake-up per partition.
    fn take_messages(&mut self) -> Result<(), KafkaError> {
        let consumer = self.consumer;
        let mut timeout = self.poll_timeout();
        let mut bytes = 0;
        for _ in 0..ROUND_RECORDS {
            match consumer.poll(timeout) {
                None => break,
                Some(Ok(message)) => bytes += self.stage(&message),
                Some(Err(error)) => self.note_error(error)?,
            }
            if bytes >= ROUND_BYTES {
                break;
            }
            timeout = Duration::ZERO;
        }
        self.hand_over();
        Ok(())
    }

    fn poll_timeout(&self) -> Duration {
        let waits_for_others = self.owned.iter().any(|owned| match &owned.phase {
            Phase::Claiming { .. } | Phase::Draining { .. } => true,
            Phase::Running(running) => running.paused,
            Phase::Waiting { due } => *due <= Instant::now() + IDLE_POLL,
        });
        if waits_for_others { BUSY_POLL } else { IDLE_POLL }
    }

    fn stage(&mut self, message: &BorrowedMessage<'_>) -> usize {
        let Some(index) = self.find(message.topic(), message.partition()) else { return 0 };
        let topic = &self.owned[index].partition.topic;
        let record = copy::record(message, topic);
        let size = record.size();
        // Not running any more, or sent again after a pause: the inbox is in order, always.
        if let Some(running) = self.owned[index].running()
            && running.may_have(&record)
        {
            running.next = record.offset + 1;
            running.staged.push(record);
        }
        size
    }

    /// Messages come in runs of one partition: the last hit is the best guess.
    pub(super) fn find(&mut self, topic: &str, number: i32) -> Option<usize> {
        let is_it = |owned: &Owned| owned.partition.number == number && &*owned.partition.topic == topic;
        if !self.owned.get(self.last_hit).is_some_and(is_it) {
            self.last_hit = self.owned.iter().position(is_it)?;
        }
        Some(self.last_hit)
    }

    fn hand_over(&mut self) {
        let mut full = TopicPartitionList::new();
        for owned in &mut self.owned {
            let Phase::Running(running) = &mut owned.phase else { continue };
            if running.staged.is_empty() {
                continue;
            }
            running.progress.handing_over_up_to(running.next);
            if running.feed.push(&mut running.staged) && !running.paused {
                running.pause(true);
                full.add_partition(&owned.partition.topic, owned.partition.number);
            }
        }
        if full.count() > 0
            && let Err(error) = self.consumer.pause(&full)
        {
            warn!(%error, "partitions whose inbox is full were not paused; they go on filling it");
        }
    }

    fn resume_where_there_is_room(&mut self) {
        let mut roomy = TopicPartitionList::new();
        for owned in &mut self.owned {
            let Phase::Running(running) = &mut owned.phase else { continue };
            if running.paused && running.feed.has_room() {
                running.pause(false);
                roomy.add_partition(&owned.partition.topic, owned.partition.number);
            }
        }
        if roomy.count() > 0
            && let Err(error) = self.consumer.resume(&roomy)
        {
            warn!(%error, "paused partitions were not resumed");
        }
    }

    /// Only what the client cannot recover from is an error here; the client's callback has logged the others.
    fn note_error(&mut self, error: KafkaError) -> Result<(), KafkaError> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(error);
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.set_kafka_down(true);
        }
        Ok(())
    }
}

//! The poll loop: moves what the client has fetched into the inboxes, answers the client's events, and commits progress to the consumer
//! group.
//!
//! The loop sleeps when there is nothing to do, and is woken by everything that gives it something to do.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use super::SourceConfig;
use super::client::Callbacks;
use super::lookup::{self, Log, Lookup};
use super::owned::{Note, Notes, Owned, Phase};
use super::reader::Reader;
use super::worker::{Claimed, Event, Fatal, NotClaimed, TopicPartition};

/// The number of the client's events that are served before the inboxes have their turn.
const EVENTS: usize = 8;
/// The longest sleep, which bounds the delay if a wake-up was missed.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

const EVERY_SECOND: Duration = Duration::from_secs(1);

/// The state of the poll thread.
pub(super) struct PollLoop<'a> {
    pub(super) consumer: &'a Arc<BaseConsumer<Callbacks>>,
    pub(super) config: &'a SourceConfig,
    pub(super) runtime: &'a Handle,
    pub(super) events: &'a UnboundedSender<Event>,
    pub(super) owned: Vec<Owned>,
    pub(super) next_id: u64,
    pub(super) notes: Receiver<Note>,
    pub(super) notes_to_self: Notes,
    /// Notes that arrived while the loop waited for other notes.
    pub(super) deferred: VecDeque<Note>,
    pub(super) lookups: Sender<Lookup>,
    pub(super) kafka_is_down: bool,
    pub(super) silent_rounds: u32,
    pub(super) round_is_out: bool,
    next_second: Instant,
    pub(super) seconds: u32,
}

/// Polls until told to stop or until the client cannot go on.
pub(super) fn run<F, Fut>(
    consumer: &Arc<BaseConsumer<Callbacks>>,
    asker: &BaseConsumer<Reader>,
    config: &SourceConfig,
    runtime: &Handle,
    stopping: &AtomicBool,
    claim: F,
    events: &UnboundedSender<Event>,
) where
    F: Fn(TopicPartition, Log) -> Fut + Send,
    Fut: Future<Output = Result<Claimed, NotClaimed>> + Send + 'static,
{
    let (lookups, asked) = channel();
    let (sender, notes) = channel();
    let notes_to_self = Notes { sender, reader: thread::current() };
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
            kafka_is_down: false,
            silent_rounds: 0,
            round_is_out: false,
            next_second: Instant::now(),
            seconds: 0,
        };
        // The error is told before anything is given back, because giving back takes time (P9). If nobody listens any more, the process is
        // ending already.
        let tell = |fatal: Fatal| drop(events.send(Event::Fatal(fatal.to_string())));
        poll_loop.run(stopping).unwrap_or_else(tell);
        poll_loop.give_everything_back();
        poll_loop.last_panic().unwrap_or_else(tell);
    });
}

impl PollLoop<'_> {
    fn run(&mut self, stopping: &AtomicBool) -> Result<(), Fatal> {
        while !stopping.load(Ordering::Relaxed) {
            self.serve_events()?;
            self.answer_rebalances();
            self.take_notes()?;
            self.claim_what_is_due()?;
            self.read_statistics();
            let records_came = self.fill_inboxes()?;
            self.stop_other_logs();
            if Instant::now() >= self.next_second {
                self.next_second = Instant::now() + EVERY_SECOND;
                self.tell_and_ask_once_a_second()?;
            }
            if !records_came {
                thread::park_timeout(self.longest_sleep());
            }
        }
        Ok(())
    }

    /// Serves the client's events: rebalances, statistics, answers to commits and errors go through the callbacks.
    fn serve_events(&mut self) -> Result<(), Fatal> {
        let consumer = self.consumer;
        for _ in 0..EVENTS {
            match consumer.poll(Duration::ZERO) {
                None => {}
                Some(Err(error)) => self.note_error(&error)?,
                // Each partition has a queue of its own. A record outside of it cannot be put in order any more, so the partition is read
                // again from the last commit.
                Some(Ok(message)) => {
                    if let Some(index) =
                        self.find(message.topic(), message.partition()).filter(|index| self.owned[*index].running().is_some())
                    {
                        self.restart(index, "the Kafka client gave a record out of turn");
                    }
                }
            }
        }
        Ok(())
    }

    /// Fills the inbox of each partition that has room, one round each. Returns whether any record came.
    fn fill_inboxes(&mut self) -> Result<bool, Fatal> {
        let mut records_came = false;
        for index in 0..self.owned.len() {
            let owned = &mut self.owned[index];
            let Phase::Running(running) = &mut owned.phase else { continue };
            match running.fill(&owned.partition.topic) {
                Ok(came) => records_came |= came,
                Err(error) => {
                    self.note_error(&error)?;
                    // There may be records behind the error.
                    records_came = true;
                }
            }
        }
        Ok(records_came)
    }

    fn longest_sleep(&self) -> Duration {
        let now = Instant::now();
        let due = self.owned.iter().filter_map(|owned| match owned.phase {
            Phase::Waiting { due } => Some(due),
            _ => None,
        });
        due.min().map_or(LONGEST_SLEEP, |due| due.saturating_duration_since(now).min(LONGEST_SLEEP))
    }

    pub(super) fn find(&self, topic: &str, number: i32) -> Option<usize> {
        self.owned.iter().position(|owned| owned.partition.number == number && &*owned.partition.topic == topic)
    }

    /// Notes an error of the client. Only an error that the client cannot recover from is returned. The client's callback has logged all
    /// others, but for a right that is missing.
    fn note_error(&mut self, error: &KafkaError) -> Result<(), Fatal> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(error.clone().into());
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.set_kafka_down(true);
        }
        self.consumer.context().tell_right(error, &self.config.group, &self.config.topics.join(", "));
        Ok(())
    }
}

//! Reads dead letters from their topic in order and processes them again, a chunk at a time: for the command and for the action of the page.
//!
//! The topic is read as a stream, so a backlog of any size takes the memory of a few batches (P10). Each result is recorded in the
//! transaction of the change itself, so a replay that was interrupted goes on where it was when it is started again.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use change::record::Record;
use kafka::dead_letter;
use kafka::reread::Reread;
use kafka::source::RereadError;
use ledger::letters::{About, Letter, Tally};
use ledger::{Ledger, StoreError};

use super::customers::{self, CustomersLog};
use super::{How, Original, ReplayError, replay};
use crate::results::dead_letters::{self, Filter, Replayable};
use crate::shared::{Shared, Topics};

/// Dead letters in one transaction.
const CHUNK: usize = 200;

/// Where the letters are, and which of them a process of this configuration replays.
#[derive(Debug, Clone)]
pub struct Source {
    /// The dead letter topic.
    pub dlq_topic: String,
    /// The topics whose letters are replayed.
    pub topics: Topics,
    /// How to read them.
    pub reread: Reread,
}

/// Which letters are meant, how many of them, and how fast.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which letters are meant.
    pub filter: Filter,
    /// The most letters per second.
    pub rate: Option<u32>,
    /// The most letters.
    pub max: Option<u64>,
    /// Letters that were replayed in vain this often are left alone.
    pub max_replays: i32,
    /// Whether the changes stay.
    pub how: How,
}

/// What happens during a replay.
#[derive(Debug)]
pub enum News<'a> {
    /// So many letters are gone from this partition of the topic, by its retention.
    Gone(i32, u64),
    /// The header of the letter says that it was replayed often enough.
    TooOften(&'a str),
    /// The headers of the letter do not say where it comes from.
    Homeless(&'a str),
    /// Letters were read that are not meant, or a chunk is through: so many letters in all, with these outcomes.
    Through(u64, Tally),
}

/// Why a replay has ended early. What was replayed is recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Postgres failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A chunk was not replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The dead letter topic could not be read.
    #[error(transparent)]
    Reread(#[from] RereadError),
    /// Kafka does not tell where a topic begins and ends.
    #[error(transparent)]
    Survey(#[from] anyhow::Error),
    /// The dead letter topic lacks a partition that has letters.
    #[error("{0} has no partition {1}")]
    NoPartition(String, i32),
}

/// Processes letters again: each job does it in its own way.
pub trait Replayer: Send {
    /// What the letters of the job are about.
    type About: About;

    /// Replays letters in this order, and counts what comes of them. What came of those before an error is recorded.
    fn replay(&mut self, originals: Vec<Original>, tally: &mut Tally) -> impl Future<Output = Result<(), ReplayError>> + Send;
}

/// A replay under way.
#[derive(Debug)]
pub struct Run<'a, R> {
    ledger: &'a Ledger,
    epoch: i32,
    dlq_topic: &'a str,
    reread: &'a Reread,
    wanted: &'a Wanted,
    /// The topics whose letters are replayed.
    topics: Vec<String>,
    /// What replays them.
    pub replayer: R,
    began: Instant,
    /// How many letters were taken.
    pub taken: u64,
    /// What came of them.
    pub tally: Tally,
    /// Letters that are meant and were not tried.
    pub left: u64,
}

impl<'a> Run<'a, OfShop<'a>> {
    /// A replay of letters of the shop that has not begun.
    #[must_use]
    pub fn orders(shared: &'a Shared, source: &'a Source, wanted: &'a Wanted) -> Self {
        let replayer = OfShop { shared, source, how: wanted.how, customers: None, only_counted: 0 };
        Self::new(&shared.results.ledger, shared.decoder.epoch, (&source.dlq_topic, &source.reread), source.names(), wanted, replayer)
    }
}

impl<'a, R: Replayer> Run<'a, R> {
    /// A replay that has not begun. `letters` is the dead letter topic and how to read it.
    #[must_use]
    pub fn new(
        ledger: &'a Ledger,
        epoch: i32,
        letters: (&'a str, &'a Reread),
        topics: Vec<String>,
        wanted: &'a Wanted,
        replayer: R,
    ) -> Self {
        let ((dlq_topic, reread), tally, began) = (letters, Tally::default(), Instant::now());
        Self { ledger, epoch, dlq_topic, reread, wanted, topics, replayer, began, taken: 0, tally, left: 0 }
    }

    /// Replays all letters that are meant. `told` hears what happens, and ends the replay after a chunk by breaking. Returns whether it did.
    ///
    /// # Errors
    /// [`RunError`]
    pub async fn all(&mut self, told: &mut (impl FnMut(News<'_>) -> ControlFlow<()> + Send)) -> Result<bool, RunError> {
        let dlq_topic = self.dlq_topic;
        let survey = self.reread.survey(dlq_topic).await?;
        let read = self.topics.clone();
        let of = Replayable { dlq_topic, topics: &read, epoch: self.epoch, max_replays: self.wanted.max_replays };
        let topic: Arc<str> = dlq_topic.into();
        for stretch in self.ledger.stretches::<R::About>(&self.wanted.filter, of).await? {
            let partition = stretch.dlq_partition;
            let log = survey.logs.iter().find(|(known, _)| known.number == partition).map(|(_, log)| *log);
            let Some(log) = log else { return Err(RunError::NoPartition(dlq_topic.to_owned(), partition)) };
            if stretch.first < log.low {
                let gone = self.ledger.letters_before::<R::About>(&self.wanted.filter, of, partition, log.low).await?;
                self.left += gone;
                if told(News::Gone(partition, gone)).is_break() {
                    return Ok(true);
                }
            }
            let offsets = stretch.first.max(log.low)..(stretch.last + 1).min(log.high);
            let mut batches = self.reread.start(&topic, partition, offsets);
            while let Some(records) = batches.next().await {
                if self.batch(records?, of, partition, told).await?.is_break() {
                    return Ok(true);
                }
                if self.room() == 0 {
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// How many letters may still be taken.
    fn room(&self) -> usize {
        self.wanted.max.map_or(usize::MAX, |max| usize::try_from(max.saturating_sub(self.taken)).unwrap_or(usize::MAX))
    }

    /// Replays the letters of one batch of records.
    async fn batch(
        &mut self,
        records: Vec<Record>,
        of: Replayable<'_>,
        dlq_partition: i32,
        told: &mut (impl FnMut(News<'_>) -> ControlFlow<()> + Send),
    ) -> Result<ControlFlow<()>, RunError> {
        let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
        let letters = self.ledger.letters_at(&self.wanted.filter, of, dlq_partition, &offsets).await?;
        let mut originals = Vec::with_capacity(letters.len());
        if self.originals(records, letters, of, &mut originals, told).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        originals.truncate(self.room());
        let chunk = self.wanted.rate.map_or(CHUNK, |rate| CHUNK.min(rate as usize));
        let mut go_on = told(News::Through(self.taken, self.tally));
        while !originals.is_empty() && go_on.is_continue() {
            let rest = originals.split_off(chunk.min(originals.len()));
            self.chunk(std::mem::replace(&mut originals, rest)).await?;
            go_on = told(News::Through(self.taken, self.tally));
        }
        Ok(go_on)
    }

    /// The original records of the letters that may be replayed.
    fn originals(
        &mut self,
        records: Vec<Record>,
        letters: Vec<Letter<R::About>>,
        of: Replayable<'_>,
        originals: &mut Vec<Original>,
        told: &mut impl FnMut(News<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let letters: HashMap<i64, Letter<R::About>> = letters.into_iter().map(|letter| (letter.dlq_offset, letter)).collect();
        for record in records {
            let Some(letter) = letters.get(&record.offset) else { continue };
            // A record that was put on its topic by hand has a count of its own in a header.
            if dead_letter::replays(&record) >= u32::try_from(of.max_replays).unwrap_or(0) {
                self.left += 1;
                told(News::TooOften(&letter.id))?;
                continue;
            }
            match dead_letter::original(record) {
                Some(record) if dead_letter::dlq_id(&record, of.epoch) == letter.id => {
                    originals.push(Original { id: letter.id.clone(), record });
                }
                _ => {
                    self.left += 1;
                    told(News::Homeless(&letter.id))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    async fn chunk(&mut self, originals: Vec<Original>) -> Result<(), RunError> {
        if let Some(rate) = self.wanted.rate {
            let due = self.began + Duration::from_secs_f64(self.taken as f64 / f64::from(rate));
            tokio::time::sleep_until(due.into()).await;
        }
        self.taken += originals.len() as u64;
        Ok(self.replayer.replay(originals, &mut self.tally).await?)
    }
}

/// Replays letters of orders and customers.
#[derive(Debug)]
pub struct OfShop<'a> {
    shared: &'a Shared,
    source: &'a Source,
    how: How,
    customers: Option<CustomersLog>,
    /// Letters of customers that a dry run has only counted: their hashes in Redis cannot be rolled back.
    pub only_counted: u64,
}

impl Replayer for OfShop<'_> {
    type About = dead_letters::OfShop;

    async fn replay(&mut self, originals: Vec<Original>, tally: &mut Tally) -> Result<(), ReplayError> {
        let is_of_customers = |original: &Original| self.source.topics.customers.as_deref() == Some(&*original.record.topic);
        let (of_customers, of_orders): (Vec<Original>, Vec<Original>) = originals.into_iter().partition(is_of_customers);
        // Customers come first, so that an order of the same chunk finds its customer.
        if self.how == How::RollBack {
            self.only_counted += of_customers.len() as u64;
        } else if !of_customers.is_empty() {
            let mut log = match self.customers.take() {
                Some(log) => log,
                None => self.source.customers_log().await?,
            };
            let replayed = customers::replay(self.shared, &mut log, &of_customers).await;
            self.customers = Some(log);
            *tally += replayed?;
        }
        if !of_orders.is_empty() {
            *tally += replay(self.shared, &of_orders, self.how).await?;
        }
        Ok(())
    }
}

impl Source {
    /// The topics whose letters are replayed.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        [Some(self.topics.orders.clone()), self.topics.customers.clone()].into_iter().flatten().collect()
    }

    /// The log of the customers' topic, for dead letters whose customer is not in Redis.
    async fn customers_log(&self) -> Result<CustomersLog, ReplayError> {
        let Some(topic) = &self.topics.customers else { return Ok(CustomersLog::new(Vec::new(), self.reread.clone())) };
        let survey = self.reread.survey(topic).await.map_err(ReplayError::Other)?;
        Ok(CustomersLog::new(survey.logs.into_iter().collect(), self.reread.clone()))
    }
}

//! Makes a plan: asks the servers for what the plan is made of, and keeps it. Nothing is changed.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use kafka::topics;
use serde_json::Value;
use tokio::time::timeout;

use super::plan::{self, BreakerFacts, Draft, DryRun, Kept, LIVES_SECONDS, PartitionFacts, Plan, ReplayFacts};
use super::refusal::Refusal;
use super::request::{Letters, Request, What, Wish};
use super::{Actions, Inner};
use crate::flow::replay::How;
use crate::flow::replay::run::{News, Run, Wanted};
use crate::follow::rebuild::by_hand::Whole;
use crate::health::Snapshot;
use crate::page::access::{Caller, Role};
use crate::results::actions::NewAction;
use crate::results::dead_letters::OfShop;

/// The letters that a plan tries.
const TRIED: u64 = 1_000;

/// How long the letters are counted and tried, each and together, and Kafka is asked (P10): the whole of a preview stays below what a request
/// may take.
const COUNTING: Duration = Duration::from_secs(5);
const TRYING: Duration = Duration::from_secs(5);
const BOTH: Duration = Duration::from_secs(8);
const ASKING: Duration = Duration::from_secs(2);

impl Actions {
    /// Makes a plan of what is asked for, and keeps it.
    ///
    /// # Errors
    /// What is wrong with the request, or a server that does not answer.
    pub async fn preview(&self, request: Request, caller: &Caller) -> Result<Plan, Refusal> {
        let inner = &self.0;
        inner.jobs.are_run()?;
        let mut request = request.checked(&inner.letters.names())?;
        let _place = inner.previews.try_acquire().map_err(|_| Refusal::Busy("another preview is being made; try again".to_owned()))?;
        if let Wish::Replay(letters) = &mut request.wish {
            letters.until_now(inner.shared.results.clock().await?);
        }
        let draft = inner.draft(&request.wish).await?;
        let id = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let kept = serde_json::to_value(&draft).unwrap_or(Value::Null);
        let new = NewAction {
            id: &id,
            who: caller.name(),
            role: caller.role.map_or("", Role::as_str),
            address: &caller.peer.ip().to_string(),
            action: request.wish.name(),
            parameters: &request.wish.parameters(),
            reason: &request.reason,
            plan: &kept,
            lives_seconds: f64::from(LIVES_SECONDS),
        };
        let expires_at = inner.shared.results.plan_action(&new).await?;
        Ok(draft.plan(id, request.wish.name(), expires_at.timestamp_millis()))
    }
}

impl Inner {
    async fn draft(&self, wish: &Wish) -> Result<Draft, Refusal> {
        let epoch = self.shared.decoder.epoch;
        let draft = match wish {
            Wish::Replay(letters) => {
                let facts = self.replay_facts(letters).await?;
                plan::replay(letters, &facts)?
            }
            Wish::Pause(pause) => plan::pause(pause, &self.partition_facts(&pause.topic, pause.partition).await?)?,
            Wish::Resume(place) => plan::resume(place, &self.partition_facts(&place.topic, place.partition).await?)?,
            Wish::HoldBreaker(hold) => plan::hold(hold, &self.breaker_facts().await?),
            Wish::ReleaseBreaker(_) => plan::release(&self.breaker_facts().await?)?,
            Wish::Rebuild(rebuild) => plan::rebuild(rebuild.what, self.rows(rebuild.what).await?),
            Wish::RestartConnector(_) => {
                let (connect, name) = self.connector()?;
                plan::connector(name, &connect.ask().await)?
            }
        };
        Ok(Draft { epoch, ..draft })
    }

    /// The letters that are meant, and what came of trying the first of them.
    async fn replay_facts(&self, letters: &Letters) -> Result<ReplayFacts, Refusal> {
        let began = Instant::now();
        let mut facts = self.letter_facts(letters).await?;
        if facts.letters() > 0 {
            facts.dry = self.dry_run(letters, TRYING.min(BOTH.saturating_sub(began.elapsed()))).await;
        }
        Ok(facts)
    }

    /// The letters that are meant.
    pub(super) async fn letter_facts(&self, letters: &Letters) -> Result<ReplayFacts, Refusal> {
        let filter = letters.wanted(How::RollBack).filter;
        // The count is one statement that reads, so nothing is left half done.
        let counts = timeout(COUNTING, self.shared.results.ledger.letter_counts::<OfShop>(&filter)).await;
        let seconds = COUNTING.as_secs();
        let counts = counts.map_err(|_| Refusal::Away(format!("the letters could not be counted within {seconds} s: choose fewer")))??;
        Ok(ReplayFacts { counts, topics: self.letters.names(), epoch: self.shared.decoder.epoch, ..ReplayFacts::default() })
    }

    /// Tries the first letters in transactions that are rolled back. What was found until the time is over counts.
    async fn dry_run(&self, letters: &Letters, time: Duration) -> DryRun {
        let max = Some(letters.max.unwrap_or(u64::MAX).min(TRIED));
        let wanted = Wanted { rate: None, max, ..letters.wanted(How::RollBack) };
        let mut run = Run::orders(&self.shared, &self.letters, &wanted);
        let (until, known) = (Instant::now() + time, Mutex::new(DryRun::default()));
        let mut told = |news: News<'_>| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            match news {
                News::Through(taken, tally) => (known.taken, known.tally) = (taken, tally),
                News::Gone(_, letters) => known.left += letters,
                News::TooOften(_) | News::Homeless(_) => known.left += 1,
            }
            if Instant::now() < until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let seconds = time.as_secs();
        let ended_early = match timeout(time, run.all(&mut told)).await {
            Ok(Ok(false)) => None,
            Ok(Ok(true)) | Err(_) => Some(format!("{seconds} s were over")),
            Ok(Err(error)) => Some(error.to_string()),
        };
        let only_counted = run.replayer.only_counted;
        DryRun { only_counted, ended_early, ..known.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }

    async fn partition_facts(&self, topic: &str, partition: i32) -> Result<PartitionFacts, Refusal> {
        let entries = self.shared.results.ledger.entries(self.shared.decoder.epoch).await?;
        let entry = entries.into_iter().find(|entry| *entry.topic == *topic && entry.partition == partition);
        let ends = self.letters.reread.ends(topic, ASKING).await.ok();
        Ok(PartitionFacts {
            claimed: entry.map(|entry| (entry.claimed_by, entry.next_offset)),
            end: ends.and_then(|ends| ends.get(&partition).map(|log| log.high)),
            kept: self.kept(topic).await,
            behind: behind(&self.shared.health.snapshot(), topic, partition, Instant::now()),
            is_of_customers: self.letters.topics.customers.as_deref() == Some(topic),
            pause: self.shared.results.controls().await?.pauses.remove(&(topic.into(), partition)),
        })
    }

    /// How long Kafka keeps the records of a topic.
    async fn kept(&self, topic: &str) -> Kept {
        let cluster = timeout(ASKING, topics::ask(self.kafka.clone(), &self.expected)).await;
        let settings = cluster.ok().and_then(Result::ok).and_then(|cluster| cluster.settings.ok()?.remove(topic));
        settings.map_or(Kept::Unknown, |settings| Kept::by(&settings))
    }

    async fn breaker_facts(&self) -> Result<BreakerFacts, Refusal> {
        let orders = self.shared.health.rules().without_redis;
        let hold = self.shared.results.controls().await?.hold;
        let processes = self.shared.health.snapshot().group.processes.map_or(1, |(_, heard)| heard.len().max(1));
        Ok(BreakerFacts { orders, deadline: self.lookup_deadline, hold, processes })
    }

    /// About how many rows or records a rebuild writes.
    async fn rows(&self, what: What) -> Result<Option<u64>, Refusal> {
        match what {
            What::Cache => Ok(self.shared.results.rows_estimated().await?),
            What::Customers => Ok(timeout(ASKING, self.whole(what)).await.ok().transpose()?.and_then(|whole| whole.records())),
        }
    }

    /// What a rebuild writes.
    pub(super) async fn whole(&self, what: What) -> Result<Whole, Refusal> {
        let topics = &self.letters.topics;
        let whole = match (what, &topics.customers) {
            (What::Cache, _) => Whole::orders(&self.shared, &topics.orders).await,
            (What::Customers, Some(topic)) => Whole::customers(&self.shared, topic, &self.letters.reread).await,
            (What::Customers, None) => {
                return Err(Refusal::invalid("kafka.customers_topic is not set: somebody else keeps the customers in Redis"));
            }
        };
        let whole = whole.map_err(|error| Refusal::Away(error.to_string()))?;
        if whole.is_empty() { Err(Refusal::conflict("nothing was ever processed: there is nothing to rebuild")) } else { Ok(whole) }
    }

    /// Kafka Connect, and the name of the connector.
    pub(super) fn connector(&self) -> Result<(&crate::shop::connect::Connect, &str), Refusal> {
        let connect = self.connect.as_ref().map(|(connect, name)| (connect, name.as_str()));
        connect.ok_or_else(|| {
            Refusal::Off("connectors are not started again here: page.restart_connector is off, or connect.url is not set".to_owned())
        })
    }
}

/// For how long the oldest record of a partition has waited that is not committed, as its owner knows it: this process, or the one that has
/// reported it last.
fn behind(snapshot: &Snapshot, topic: &str, partition: i32, now: Instant) -> Option<Duration> {
    let own = snapshot.partitions.iter().find(|((of, number), _)| **of == *topic && *number == partition);
    if let Some((_, known)) = own {
        return known.lag_time_at(now);
    }
    let (read, heard) = snapshot.group.processes.as_ref()?;
    let (heard, told) = heard.iter().find_map(|heard| Some((heard, heard.partition(topic, partition)?)))?;
    told.lag_s.map(|seconds| match seconds {
        0 => Duration::ZERO,
        _ => Duration::from_secs(seconds) + heard.silence(*read, now),
    })
}

//! Makes Redis whole after Redis has lost something: its tail, its last hour, everything (P8).
//!
//! Redis' own progress tells how much is gone. Orders: if the progress is behind, the keys of the records since then are read again from
//! Kafka, and their orders go on the list of the sweep; if the progress is absent, or Kafka no longer has those records, all rows of the
//! partition are written again in key order (`walk`). Customers: their topic is compacted, so the topic is read again from its start.
//! Before a rebuild Redis gets a mark, and after the rebuild its progress moves on from that mark (`mark`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::reread::Reread;
use kafka::source::RereadError;
use ledger::StoreError;

use crate::metrics::Rebuild;
use crate::redis::link::RedisError;
use crate::shared::{Place, Shared, Subject, Topics};
use walk::Walk;

pub mod by_hand;
mod customers;
mod mark;
mod orders;
mod walk;

/// The time between two looks at a Redis that is whole. The same time is shared by the orders of all partitions between two looks at the
/// customers.
const SLICE: Duration = Duration::from_secs(1);

/// Why a partition is not whole yet. The rebuild is tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    /// Redis is away.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// Postgres is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Kafka is away.
    #[error(transparent)]
    Reread(#[from] RereadError),
    /// Kafka does not tell where a topic begins and ends.
    #[error(transparent)]
    Survey(#[from] anyhow::Error),
    /// Redis was emptied during the rebuild.
    #[error("Redis has lost something again")]
    LostAgain,
    /// An operator has ended the rebuild that an operator had begun.
    #[error("the rebuild was ended")]
    Ended,
}

/// Checks every second, and when woken, that Redis still has what it acknowledged, and restores what is lost. Runs until aborted.
pub async fn run(shared: Arc<Shared>, topics: Topics, reread: Reread) {
    let mut backoff = shared.backoff();
    let mut walks = Walks::new();
    let mut round = RoundEnd::Whole;
    loop {
        match round {
            RoundEnd::Whole => drop(tokio::time::timeout(SLICE, shared.behind.notified()).await),
            RoundEnd::HasMore => {}
            RoundEnd::Hindered => tokio::time::sleep(backoff.next_delay()).await,
        }
        round = one_round(&shared, &topics, &reread, &mut walks).await;
        if round != RoundEnd::Hindered {
            backoff.reset();
        }
    }
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RoundEnd {
    /// Nothing is left to do.
    Whole,
    /// A partition's slice of time was over before all its orders were written.
    HasMore,
    /// A partition could not be made whole, and the reason was logged. The other partitions were seen to.
    Hindered,
}

/// The walks that are under way, by topic, partition and generation. A walk goes on where it was after an outage, and after its slice of
/// time.
type Walks = HashMap<(Arc<str>, i32, i64), Walk>;

/// One round over all partitions. Customers come first, whatever the topics are called: no order can be enriched until Redis has all of
/// them. So orders get slices of time, and between two slices the round checks whether customers were lost.
async fn one_round(shared: &Arc<Shared>, topics: &Topics, reread: &Reread, walks: &mut Walks) -> RoundEnd {
    let mut round = RoundEnd::Whole;
    let lost = orders::lost_sweeps(shared, &topics.orders).await.unwrap_or_else(|error| {
        round = RoundEnd::Hindered;
        told(shared, &error, None);
        Vec::new()
    });
    let keeps_customers = |place: &Place| topics.subject(&place.tenure.claim.topic) == Some(Subject::Customers);
    let mut places = shared.places.all();
    places.sort_by_key(|place| !keeps_customers(place));
    let mut behind = Vec::new();
    for place in places {
        crate::follow::reflect::cover(shared, &place, 0, None).await;
        let mut reflection = place.reflection.lock().await;
        reflection.behind |=
            topics.subject(&place.tenure.claim.topic) == Some(Subject::Orders) && lost.contains(&place.tenure.claim.partition);
        let is_behind = reflection.behind;
        drop(reflection);
        if is_behind {
            behind.push(place);
        }
    }
    walks.retain(|key, _| behind.iter().any(|place| *key == key_of(place)));
    let open = |what| behind.iter().filter(|place| keeps_customers(place) == (what == Rebuild::Customers)).count();
    let (mut customers, mut orders) = (open(Rebuild::Customers), open(Rebuild::Orders));
    shared.metrics.rebuilding(customers, orders);
    let slice = SLICE / u32::try_from(orders.max(1)).unwrap_or(u32::MAX);
    for place in &behind {
        let outcome = if keeps_customers(place) {
            customers::make_whole(shared, place, reread).await.map(|()| true)
        } else {
            orders::make_whole(shared, place, reread, walks, Instant::now() + slice).await
        };
        match outcome {
            Ok(true) if keeps_customers(place) => customers -= 1,
            Ok(true) => orders -= 1,
            Ok(false) => round = if round == RoundEnd::Hindered { round } else { RoundEnd::HasMore },
            Err(error) => {
                round = RoundEnd::Hindered;
                told(shared, &error, Some(place));
            }
        }
        shared.metrics.rebuilding(customers, orders);
    }
    round
}

fn key_of(place: &Place) -> (Arc<str>, i32, i64) {
    (Arc::clone(&place.tenure.claim.topic), place.tenure.claim.partition, place.tenure.claim.generation)
}

fn told(shared: &Shared, error: &NotYet, place: Option<&Place>) {
    match error {
        NotYet::Redis(error) => shared.redis.failed("making Redis whole", error),
        NotYet::Store(error) => shared.metrics.postgres_error(error.class().as_str()),
        NotYet::Reread(_) | NotYet::Survey(_) | NotYet::LostAgain | NotYet::Ended => {}
    }
    if let Some(suppressed) = shared.throttle("rebuild") {
        let (topic, partition) = place.map(|place| (&*place.tenure.claim.topic, place.tenure.claim.partition)).unzip();
        tracing::warn!(topic, partition, suppressed, %error, "Redis is not whole yet; it is tried again");
    }
}

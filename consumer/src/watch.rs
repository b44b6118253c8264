//! Looks at the servers and the partitions once a second and tells health what it sees (P9).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::breaker::State;
use crate::customers::CommittedCustomers;
use crate::flow::Flow;
use crate::health::{BreakerReading, Dependency, Health};
use crate::progress::Point;
use crate::redis_link::{RedisError, RedisLink};
use crate::source::{Event, Partition};
use crate::topics::{self, Expected, Grade, Judgement};

const SECOND: Duration = Duration::from_secs(1);
/// Between two looks at the topics while something is wrong with them, so that it is told soon that it was put right.
const TOPICS_SOON: Duration = Duration::from_secs(5);
/// And while nothing is: a look costs two connections.
const TOPICS_LATER: Duration = Duration::from_secs(300);

fn every_second() -> Interval {
    let mut second = interval(SECOND);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    second
}

/// What the source of a topic tells, for `/readyz` and `/status`.
pub fn note(health: &Health, topic: &str, event: Event) {
    match event {
        Event::Polled => health.polled(topic),
        Event::Assigned => {
            health.up(Dependency::Kafka);
            health.assigned(topic);
        }
        Event::Owned(Partition { topic, number }) => health.claiming(&topic, number),
        Event::Waiting(Partition { topic, number }, reason) => health.waiting(&topic, number, reason),
        Event::Started { partition: Partition { topic, number }, .. } => {
            health.up(Dependency::Kafka);
            health.running(&topic, number);
        }
        Event::Stopped(Partition { topic, number }, reason) => {
            tracing::error!(%topic, partition = number, %reason, "A partition has stopped; the others go on");
            health.stopped(&topic, number, reason.to_string());
        }
        Event::Revoked(Partition { topic, number }) => health.revoked(&topic, number),
        Event::Lost(Partition { topic: of, number }) => health.lost(topic, &of, number),
        Event::KafkaDown => health.down(Dependency::Kafka, "no broker answers"),
        Event::KafkaUp => health.up(Dependency::Kafka),
        Event::Fatal(_) => health.stopping(),
    }
}

/// Asks Postgres for a sign of life.
pub async fn postgres(flow: Arc<Flow>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        match flow.results.ping().await {
            Ok(()) => flow.health.up(Dependency::Postgres),
            // Whatever it says: who may not connect, or finds no room or a standby, has no Postgres.
            Err(error) => flow.health.down(Dependency::Postgres, error.class().as_str()),
        }
    }
}

/// Asks Redis for a sign of life; with the breaker open this is what finds out that Redis is back, and orders do not wait for it (P10).
pub async fn redis(flow: Arc<Flow>, link: Arc<RedisLink>) {
    link.leave_probes_to_pings();
    let mut cause_is_told = false;
    loop {
        let answer = link.ping().await;
        match &answer {
            // It takes more of them, or they are too slow.
            Ok(()) if matches!(link.breaker().state, State::Open | State::HalfOpen) => {}
            Ok(()) => flow.health.up(Dependency::Redis),
            // What the last answer was says more.
            Err(RedisError::Rejected { .. }) if cause_is_told => {}
            Err(error) => flow.health.down(Dependency::Redis, error.class()),
        }
        cause_is_told = answer.is_err();
        let pause = until_next_ping(link.breaker().state, answer.err().as_ref());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // It may soon be asked again.
            () = link.opened() => {}
        }
    }
}

/// A second, unless the breaker waits for a probe before that.
fn until_next_ping(breaker: State, error: Option<&RedisError>) -> Duration {
    match error {
        None if breaker == State::HalfOpen => Duration::ZERO,
        Some(RedisError::Rejected { retry_after: Some(soon) }) => SECOND.min(*soon),
        _ => SECOND,
    }
}

/// The breaker, for metrics and `/status`.
pub fn breaker(link: &RedisLink) -> BreakerReading {
    let view = link.breaker();
    let counts = view.counts;
    let pairs = State::ALL.into_iter().flat_map(|from| State::ALL.map(|to| (from, to)));
    let transitions = pairs.map(|(from, to)| (from.as_str(), to.as_str(), counts.transitions(from, to))).filter(|(.., times)| *times > 0);
    BreakerReading {
        state: view.state.as_str(),
        states: State::ALL.map(State::as_str).to_vec(),
        succeeded: counts.succeeded,
        failed: counts.failed,
        slow: counts.slow,
        rejected: counts.rejected,
        late: counts.late,
        probes: counts.probes,
        probes_expired: counts.probes_expired,
        transitions: transitions.collect(),
    }
}

/// Reads how far each partition is behind, and how far Redis is behind it.
pub async fn partitions(flow: Arc<Flow>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        for place in flow.places.all() {
            let (topic, partition, progress) = (&place.claim.topic, place.claim.partition, place.progress());
            let end = progress.watermarks().high;
            flow.health.high_watermark(topic, partition, end, progress.told());
            if progress.lag() == 0 {
                flow.health.end_reached(topic, partition, progress.done(), end);
            }
            if let Ok(reflection) = place.reflection.try_lock() {
                let behind = progress.done() - reflection.acknowledged;
                flow.metrics.redis_behind(topic, partition, u64::try_from(behind).unwrap_or(0));
            }
        }
    }
}

/// Compares each partition's generation with the ledger's: a worker without records would not notice that it was fenced (P4, P9).
pub async fn fences(flow: Arc<Flow>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        let Ok(generations) = flow.results.generations(flow.decoder.epoch).await else { continue };
        for place in flow.places.all() {
            let of_place =
                |(topic, partition, _): &&(String, i32, i64)| **topic == *place.claim.topic && *partition == place.claim.partition;
            if let Some((.., generation)) = generations.iter().find(of_place) {
                place.saw_generation(*generation);
            }
        }
    }
}

/// Looks at the topics: what nothing can be done with is told before the first record meets it, and for as long as it is so (P12).
pub async fn topics(health: Health, kafka: Vec<(String, String)>, expected: Expected) {
    let mut told = Vec::new();
    loop {
        // With Kafka away there is nothing to judge, and that is told elsewhere.
        if let Ok(found) = topics::ask(kafka.clone(), &expected).await {
            let judged = topics::judge(&found, &expected);
            judged.iter().filter(|known| !told.contains(*known)).for_each(tell_of_topic);
            let impossible = judged.iter().filter(|known| known.grade == Grade::Impossible).map(|known| known.what.clone()).collect();
            health.topics(impossible);
            told = judged;
        }
        let is_wrong = told.is_empty() || told.iter().any(|known| known.grade == Grade::Impossible);
        tokio::time::sleep(if is_wrong { TOPICS_SOON } else { TOPICS_LATER }).await;
    }
}

fn tell_of_topic(judged: &Judgement) {
    let what = &judged.what;
    match judged.grade {
        Grade::Fine => {}
        Grade::Concern => tracing::warn!(what, "A topic has a setting that an operator would want to know of"),
        Grade::Wrong => tracing::error!(what, "A topic has a setting with which a promise cannot be kept"),
        Grade::Impossible => tracing::error!(what, "With a topic as it is the work cannot go on"),
    }
}

/// Reads what is committed of the customers' topic, by whichever process: the measure of whether Redis has all customers (P8).
pub async fn customers(flow: Arc<Flow>, committed: CommittedCustomers, topic: Option<String>) {
    let Some(topic) = topic else { return };
    let mut second = every_second();
    let epoch = flow.decoder.epoch;
    loop {
        second.tick().await;
        if let Ok(partitions) = flow.results.committed(epoch, &topic).await {
            let point = |(partition, next_offset)| (partition, Point { epoch, next_offset });
            committed.set(partitions.into_iter().map(point).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_asked_as_soon_as_the_breaker_lets_a_probe_through_and_until_it_has_enough() {
        let rejected = |retry_after| RedisError::Rejected { retry_after };
        let soon = Duration::from_millis(150);
        assert_eq!(until_next_ping(State::Open, Some(&rejected(Some(soon)))), soon);
        assert_eq!(until_next_ping(State::HalfOpen, None), Duration::ZERO);
        assert_eq!(until_next_ping(State::Closed, None), SECOND);
        assert_eq!(until_next_ping(State::Open, Some(&rejected(Some(Duration::from_secs(5))))), SECOND);
        assert_eq!(until_next_ping(State::ForcedOpen, Some(&rejected(None))), SECOND);
    }
}

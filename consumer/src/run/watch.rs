//! Watches the servers and the partitions: looks at them once a second and reports to health (P9).

use std::sync::Arc;
use std::time::Duration;

use kafka::source::{Event, TopicPartition};
use kafka::topics::{self, Expected, Grade, Judgement};
use ledger::offsets::Standing;
use tokio::time::{Interval, MissedTickBehavior, interval};
use worker::note_stops;

use crate::flow::claim;
use crate::health::{Dependency, Health, instant_of};
use crate::shared::{Place, Shared};

mod controls;
mod customers;
mod group;
mod master;
mod postgres;
mod redis;
mod servers;
mod source;

pub(super) use controls::controls;
pub(super) use customers::customers;
pub(super) use group::{Member, group};
pub(super) use master::master;
pub(super) use postgres::postgres;
pub(super) use redis::{breakers, redis, start};
pub(super) use servers::servers;
pub(super) use source::{connector, heartbeat, slots};

const SECOND: Duration = Duration::from_secs(1);
/// The time between two looks at the topics while something is wrong with them, so that a repair is noticed soon.
const TOPICS_SOON: Duration = Duration::from_secs(5);
/// The time between two looks while nothing is wrong, because a look costs two connections.
const TOPICS_LATER: Duration = Duration::from_secs(300);

/// The highest number of orders that is counted on the list of the sweep. The index gives this number within milliseconds (P10).
const MOST_DUE: i64 = 20_000;

fn every_second() -> Interval {
    let mut second = interval(SECOND);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    second
}

/// Passes an event of a topic's source on to health, for `/readyz` and `/status`.
pub(super) fn note(health: &Health, topic: &str, event: Event) {
    match event {
        Event::Polled => health.polled(topic),
        Event::Assigned => {
            health.up(Dependency::Kafka);
            health.assigned(topic);
        }
        Event::Owned(TopicPartition { topic, number }) => health.claiming(&topic, number),
        Event::Waiting(TopicPartition { topic, number }, reason) => health.waiting(&topic, number, reason),
        Event::Started { partition: TopicPartition { topic, number }, .. } => {
            health.up(Dependency::Kafka);
            health.running(&topic, number);
        }
        Event::Stopped(TopicPartition { topic, number }, reason) => {
            tracing::error!(%topic, partition = number, %reason, "A partition has stopped; the others go on");
            health.stopped(&topic, number, reason.to_string());
        }
        Event::Revoked(TopicPartition { topic, number }) => health.revoked(&topic, number),
        Event::Lost(TopicPartition { topic: of, number }) => health.lost(topic, &of, number),
        Event::KafkaDown => health.down(Dependency::Kafka, "no broker answers"),
        Event::KafkaUp => health.up(Dependency::Kafka),
        Event::Fatal(reason) => health.failed(format!("the process ends: {topic}: {reason}")),
    }
}

/// Reports the lag of each partition, and how far Redis is behind.
pub(super) async fn partitions(shared: Arc<Shared>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        for place in shared.places.all() {
            let (topic, partition, progress) = (&place.tenure.claim.topic, place.tenure.claim.partition, place.tenure.progress());
            let end = progress.watermarks().high;
            shared.health.high_watermark(topic, partition, end, progress.told());
            if progress.lag() == 0 {
                shared.health.end_reached(topic, partition, progress.done(), end);
            }
            if let Ok(reflection) = place.reflection.try_lock() {
                let behind = progress.done() - reflection.acknowledged;
                let behind = u64::try_from(behind).unwrap_or(0);
                shared.metrics.redis_behind(topic, partition, behind);
                shared.health.redis_behind(topic, partition, behind);
            }
        }
    }
}

/// Compares each partition with the ledger. A worker without records would not notice that it was fenced, or that Postgres has lost its
/// last commits (P2, P4, P9). Also notes in the ledger which partitions this process has stopped, so that another process or a command can
/// tell.
pub(super) async fn fences(shared: Arc<Shared>) {
    let (mut second, process) = (every_second(), claim::process());
    loop {
        second.tick().await;
        // The offsets are read before the ledger is asked, so that a commit in between does not look like a loss.
        let committed: Vec<(Arc<Place>, i64)> =
            shared.places.all().into_iter().map(|place| (Arc::clone(&place), place.tenure.progress().done())).collect();
        let Ok(ledger) = shared.results.ledger.standings(shared.decoder.epoch).await else { continue };
        let standings = ledger.iter().map(|row| (row.topic.clone(), row.partition, row.next_offset)).collect();
        shared.health.group(|group| group.standings = standings);
        for Standing { topic, partition, last_ms, .. } in &ledger {
            last_ms.iter().for_each(|ms| shared.health.last_event(&topic.as_str().into(), *partition, instant_of(*ms)));
        }
        for (place, committed) in committed {
            let is_of_place = |row: &&Standing| *row.topic == *place.tenure.claim.topic && row.partition == place.tenure.claim.partition;
            place.tenure.compare(ledger.iter().find(is_of_place), committed);
        }
        let stops = shared.health.snapshot().stops();
        let stop = |topic: &str, partition| {
            stops.iter().find(|(of, number, _)| **of == *topic && *number == partition).map(|(.., why)| why.clone())
        };
        note_stops(&shared.results.ledger, shared.decoder.epoch, &process, &ledger, stop).await;
    }
}

/// Counts the orders on the list of the sweep, in the partitions of this process.
pub(super) async fn due(shared: Arc<Shared>, topic: String) {
    let mut second = every_second();
    loop {
        second.tick().await;
        let partitions: Vec<i32> = shared.places.of(&topic).iter().map(|place| place.tenure.claim.partition).collect();
        match shared.results.count_due(&partitions, MOST_DUE).await {
            Ok(due) => shared.metrics.rows_due(u64::try_from(due).unwrap_or(0)),
            // The gauge keeps the last number.
            Err(error) => shared.metrics.postgres_error(error.class().as_str()),
        }
    }
}

/// Looks at the topics. A setting with which the work cannot go on is reported before the first record meets it, and for as long as it
/// lasts (P12).
pub(super) async fn topics(health: Health, kafka: Vec<(String, String)>, expected: Expected) {
    let mut told = Vec::new();
    loop {
        // While Kafka is away there is nothing to judge, and the outage is reported elsewhere.
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

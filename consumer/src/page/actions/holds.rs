//! Pauses of partitions, and holds of the breaker. Each is a row that the processes follow within a second; what is told in the end is what they
//! have told of it.

use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};

use super::Inner;
use super::job::{Job, Outcome};
use super::request::{Hold, Pause, Place};
use crate::health::{Health, HeldState, Snapshot};

/// How long the processes have to tell that they follow: they do within a second, and report every two.
const PATIENCE: Duration = Duration::from_secs(8);

const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Pauses a partition, and waits until its owner has told so.
pub(super) async fn pause(inner: &Inner, job: &Job, Pause { topic, partition, minutes }: &Pause) -> Outcome {
    let time = Duration::from_secs(u64::from(*minutes) * 60);
    let paused = inner.shared.results.pause_partition(topic, *partition, time, &job.who, &job.reason).await;
    let until = match paused {
        Ok(until) => moment(until),
        Err(error) => return Outcome::failed(format!("nothing is paused: Postgres: {error}")),
    };
    follow(inner).await;
    if told(&inner.shared.health, job, |snapshot| told_state(snapshot, topic, *partition) == Some("paused")).await {
        // A batch that was in flight may still be committed, so the next offset is not known yet.
        Outcome::done(format!("{topic}-{partition} is paused until {until}: no more batches are begun"))
    } else {
        Outcome::done(format!(
            "{topic}-{partition} is to be paused until {until}; no process has told that it follows, so look at the partition"
        ))
    }
}

/// Ends the pause of a partition, and waits until its owner has told so.
pub(super) async fn resume(inner: &Inner, job: &Job, Place { topic, partition }: &Place) -> Outcome {
    match inner.shared.results.resume_partition(topic, *partition).await {
        Err(error) => return Outcome::failed(format!("the pause was not ended: Postgres: {error}")),
        Ok(false) => return Outcome::done(format!("{topic}-{partition} was not paused any more")),
        Ok(true) => {}
    }
    follow(inner).await;
    let is_read = |snapshot: &Snapshot| told_state(snapshot, topic, *partition).is_some_and(|state| state != "paused");
    let goes_on = told(&inner.shared.health, job, is_read).await;
    let what = if goes_on { "is read again" } else { "is to be read again; no process has told that it follows" };
    Outcome::done(format!("{topic}-{partition} {what}{}", next_offset(inner, topic, *partition).await))
}

/// Holds the breaker, and waits until this process follows.
pub(super) async fn hold(inner: &Inner, job: &Job, Hold { state, minutes }: &Hold) -> Outcome {
    let (state, time) = (HeldState::from(*state), Duration::from_secs(u64::from(*minutes) * 60));
    match inner.shared.results.hold_breaker(state, time, &job.who, &job.reason).await {
        Err(error) => Outcome::failed(format!("the breaker is not held: Postgres: {error}")),
        Ok(until) => {
            follow(inner).await;
            let state = state.as_str();
            let here = breaker(inner, job, |known| known == format!("forced_{state}")).await;
            Outcome::done(format!(
                "the breaker is to be {state} until {}; here it is {here}, and all processes follow within two seconds",
                moment(until)
            ))
        }
    }
}

/// Lets the breaker go, and waits until this process follows.
pub(super) async fn release(inner: &Inner, job: &Job) -> Outcome {
    match inner.shared.results.release_breaker().await {
        Err(error) => Outcome::failed(format!("the breaker is still held: Postgres: {error}")),
        Ok(false) => Outcome::done("the breaker was not held any more"),
        Ok(true) => {
            follow(inner).await;
            let here = breaker(inner, job, |known| !known.starts_with("forced_")).await;
            Outcome::done(format!("nobody holds the breaker by the page; here it is {here}, and all processes follow within two seconds"))
        }
    }
}

/// This process need not wait for its next look.
async fn follow(inner: &Inner) {
    if let Err(error) = inner.shared.read_controls().await {
        inner.shared.metrics.postgres_error(error.class().as_str());
    }
}

/// Waits until the state of the group is so. Returns false if it is not so in time, or before the action is to stop: what is asked for stands
/// in its row all the same.
async fn told(health: &Health, job: &Job, is_so: impl Fn(&Snapshot) -> bool) -> bool {
    let began = Instant::now();
    loop {
        if is_so(&health.snapshot()) {
            return true;
        }
        if began.elapsed() > PATIENCE || job.is_to_stop() {
            return false;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits until the breaker of this process is so, or the action is to stop, and returns its state.
async fn breaker(inner: &Inner, job: &Job, is_so: impl Fn(&str) -> bool) -> &'static str {
    let began = Instant::now();
    loop {
        let state = inner.shared.redis.breaker().state.as_str();
        if is_so(state) || began.elapsed() > PATIENCE || job.is_to_stop() {
            return state;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The state of the partition, as its owner tells it: this process itself, or the one that has reported it last.
fn told_state<'a>(snapshot: &'a Snapshot, topic: &str, partition: i32) -> Option<&'a str> {
    let own = snapshot.partitions.iter().find(|((of, number), _)| **of == *topic && *number == partition);
    if let Some((_, known)) = own {
        return Some(known.state.as_str());
    }
    let (_, heard) = snapshot.group.processes.as_ref()?;
    heard.iter().find_map(|heard| heard.partition(topic, partition)).map(|known| known.state.as_str())
}

/// Where the partition stands, by the ledger.
async fn next_offset(inner: &Inner, topic: &str, partition: i32) -> String {
    let standings = inner.shared.results.ledger.standings(inner.shared.decoder.epoch).await.unwrap_or_default();
    let of = standings.iter().find(|row| row.topic == topic && row.partition == partition);
    of.map_or(String::new(), |row| format!("; its next offset is {}", row.next_offset))
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::health::{Detail, Heard, OrdersWithoutRedis, PartitionDetail, ProcessReport, Rules, SourceRules};

    fn health() -> Health {
        let second = Duration::from_secs(1);
        let source = SourceRules { heartbeat: second, slot_retained_bytes: 1 };
        Health::new(Rules { stall: second, poll_silence: second, without_redis: OrdersWithoutRedis::Pending, compare_every: None, source })
    }

    #[test]
    fn a_pause_in_another_process_is_known_by_the_state_that_it_reports() {
        let health = health();
        let partitions =
            vec![PartitionDetail { topic: "orders".into(), partition: 2, state: "paused".into(), ..PartitionDetail::default() }];
        let detail = Some(Detail { partitions, ..Detail::default() });
        // Words for people are no news of a partition.
        let reasons = vec!["orders-1: paused by ann until 2026-12-01T07:30:00Z".to_owned()];
        let heard = Heard { report: ProcessReport { reasons, detail, ..ProcessReport::default() }, age: Duration::from_secs(1) };
        health.group(|group| group.processes = Some((Instant::now(), vec![heard])));
        let snapshot = health.snapshot();
        assert_eq!((told_state(&snapshot, "orders", 2), told_state(&snapshot, "orders", 1)), (Some("paused"), None));
    }

    #[tokio::test]
    async fn the_end_of_the_process_is_not_held_up_by_an_answer_that_does_not_come() {
        let (health, job) = (health(), Job::of_an_ending_process());
        let waiting = told(&health, &job, |_| false);
        assert_eq!(tokio::time::timeout(Duration::from_secs(2), waiting).await, Ok(false));
    }
}

//! Reports to Postgres how this process is, and reads what all processes of the group report, so that any of them can tell of all (P9).

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::StoreError;
use ledger::letters::LetterCount;
use tokio::time::{MissedTickBehavior, interval};

use crate::flow::claim;
use crate::health::{Health, Letters, ProcessReport, REPORT_EVERY, REVISION, VERSION, readiness, reasons, status};
use crate::page::sampler::Sampled;
use crate::shared::Shared;

/// The number of reports between two removals of the rows of processes that are silent for long.
const FORGET_EVERY: u64 = 30;

/// Counting dead letters and due rows reads all of them, so counting takes at most this share of a connection's time (P10).
const COUNTING: u32 = 50;

/// The shortest time between two counts.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// The name of this task in logs.
const TASK: &str = "report of the process";

/// This process as a member of the group.
#[derive(Debug, Clone)]
pub(in crate::run) struct Member {
    /// A name that no other start of a process has.
    instance: String,
    /// The consumer group.
    group: String,
    /// The work of this process.
    sampled: Sampled,
}

impl Member {
    /// A member that has just started.
    pub(in crate::run) fn new(group: &str) -> Self {
        let instance = format!("{:016x}", fastrand::u64(..));
        Self { sampled: Sampled::new(instance.clone()), instance, group: group.to_owned() }
    }

    /// The name of this start of the process.
    pub(in crate::run) fn instance(&self) -> &str {
        &self.instance
    }

    /// The samples of this process, which its reports are made of.
    pub(in crate::run) fn sampled(&self) -> Sampled {
        self.sampled.clone()
    }

    /// Takes the process out of the list, at its orderly end. If Postgres is away, the others take it out ten minutes later.
    pub(in crate::run) async fn leaves(&self, shared: &Shared) {
        if let Err(error) = shared.results.forget_process(&self.instance).await {
            tracing::debug!(%error, "The end of this process was not noted");
        }
    }

    fn report(&self, health: &Health) -> ProcessReport {
        let (snapshot, now) = (health.snapshot(), Instant::now());
        let verdict = readiness(&snapshot, health.rules(), now);
        ProcessReport {
            instance: self.instance.clone(),
            process: claim::process(),
            version: VERSION.to_owned(),
            revision: REVISION.to_owned(),
            up_seconds: i64::try_from(now.saturating_duration_since(snapshot.started).as_secs()).unwrap_or(i64::MAX),
            state: status(&verdict).to_owned(),
            reasons: reasons(&verdict),
            partitions: snapshot.partitions.keys().map(|(topic, number)| format!("{topic}-{number}")).collect(),
            detail: Some(self.sampled.detail()),
        }
    }
}

/// Reports every two seconds, and reads the reports of all.
pub(in crate::run) async fn group(shared: Arc<Shared>, member: Member) {
    let (mut due, mut reports, mut count_at) = (interval(REPORT_EVERY), 0_u64, Instant::now());
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = exchange(&shared, &member, reports % FORGET_EVERY == 0).await {
            told(&shared, &error);
            continue;
        }
        reports += 1;
        if Instant::now() >= count_at {
            let began = Instant::now();
            if let Err(error) = count(&shared).await {
                told(&shared, &error);
            }
            count_at = Instant::now() + (began.elapsed() * COUNTING).max(COUNT_EVERY);
        }
    }
}

/// Logs what is in the way of the report. Whether Postgres is there is for the pings to say: a report that waited in vain for one of few
/// connections makes no process unready.
fn told(shared: &Shared, error: &StoreError) {
    shared.metrics.postgres_error(error.class().as_str());
    if let Some(suppressed) = shared.throttle(TASK) {
        tracing::warn!(task = TASK, class = error.class().as_str(), suppressed, %error, "A process could not report how it is; it is tried again");
    }
}

async fn exchange(shared: &Shared, member: &Member, forgets: bool) -> Result<(), StoreError> {
    shared.results.report_process(&member.group, &member.report(&shared.health)).await?;
    if forgets {
        shared.results.forget_silent_processes().await?;
    }
    let heard = shared.results.processes(&member.group).await?;
    let comparison = shared.results.last_comparison().await?;
    shared.health.group(|group| {
        group.processes = Some((Instant::now(), heard));
        group.comparison = comparison;
    });
    Ok(())
}

async fn count(shared: &Shared) -> Result<(), StoreError> {
    let (letters, due) = (shared.results.ledger.letters_by_reason().await?, shared.results.due_count().await?);
    let letters = letters.into_iter().map(|LetterCount { reason, open, resolved, .. }| Letters { reason, open, resolved }).collect();
    shared.health.group(|group| {
        group.letters = Some(letters);
        group.counted = Some(Instant::now());
        group.due = Some((due.orders, due.now, due.customers));
    });
    Ok(())
}

//! The restart of the connector's failed tasks. That Connect has taken the request proves nothing, so the connector is watched until it has run
//! for a while.

use std::time::{Duration, Instant};

use super::Inner;
use super::job::{Job, Outcome};
use crate::health::{ConnectorReading, RunState};
use crate::shop::connect::Restart;

/// A connector that has run for so long runs: a task that fails at its start does so within seconds.
const RUNS: Duration = Duration::from_secs(10);

/// The longest that the connector is watched, and that Connect is asked again while its workers rebalance.
const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is to be thought of the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It has run long enough.
    Runs,
    /// It is to be looked at again.
    Wait,
    /// The time is over.
    Over,
}

/// The connector after the restart. Pure.
#[derive(Debug, Clone, Copy)]
struct Watch {
    began: Instant,
    running_since: Option<Instant>,
}

impl Watch {
    fn step(&mut self, reading: &ConnectorReading, now: Instant) -> Step {
        let is_running = match reading {
            ConnectorReading::Known { state, tasks } => {
                *state == RunState::Running && !tasks.is_empty() && tasks.iter().all(|task| task.state == RunState::Running)
            }
            _ => false,
        };
        self.running_since = is_running.then(|| self.running_since.unwrap_or(now));
        if self.running_since.is_some_and(|since| now.saturating_duration_since(since) >= RUNS) {
            return Step::Runs;
        }
        if now.saturating_duration_since(self.began) >= PATIENCE { Step::Over } else { Step::Wait }
    }
}

/// Has the failed tasks started again, and looks whether they run.
pub(super) async fn run(inner: &Inner, job: &Job) -> Outcome {
    let (connect, name) = match inner.connector() {
        Ok(known) => known,
        Err(refusal) => return Outcome::failed(refusal.to_string()),
    };
    let mut watch = Watch { began: Instant::now(), running_since: None };
    loop {
        match connect.restart_failed().await {
            Restart::Taken => break,
            Restart::Refused(why) => return Outcome::failed(format!("Kafka Connect did not take the request: {why}")),
            Restart::Rebalancing if watch.began.elapsed() >= PATIENCE => {
                return Outcome::failed("Kafka Connect's workers have rebalanced for a minute, and took no request: try again");
            }
            Restart::Rebalancing => job.progressed(0, None, "Kafka Connect's workers rebalance; it is asked again"),
        }
        if job.is_to_stop() {
            return Outcome::stopped(format!("{}; nothing was started again", job.why_stopped()));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    watch.began = Instant::now();
    loop {
        let reading = connect.ask().await;
        let now = said(&reading);
        job.progressed(0, None, format!("asked for; the connector is {now}"));
        let seconds = watch.began.elapsed().as_secs();
        match watch.step(&reading, Instant::now()) {
            Step::Runs => return Outcome::done(format!("connector {name} and its tasks have run for {} s: {now}", RUNS.as_secs())),
            Step::Over => return Outcome::failed(format!("{seconds} s after the restart connector {name} does not run: {now}")),
            Step::Wait if job.is_to_stop() => {
                return Outcome::stopped(format!("{}; the restart was asked for, and the connector is {now}", job.why_stopped()));
            }
            Step::Wait => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// The connector in a few words.
fn said(reading: &ConnectorReading) -> String {
    match reading {
        ConnectorReading::Unasked => "not asked".to_owned(),
        ConnectorReading::Away(class) => format!("not known, because Connect does not answer ({class})"),
        ConnectorReading::Absent => "not there".to_owned(),
        ConnectorReading::Known { state, tasks } => {
            let task = |task: &crate::health::TaskReading| {
                let why = task.error.as_ref().map_or(String::new(), |error| format!(" ({error})"));
                format!(", task {} {}{why}", task.id, task.state.as_str())
            };
            format!("{}{}", state.as_str(), tasks.iter().map(task).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::TaskReading;

    fn reading(task: RunState) -> ConnectorReading {
        let error = (task == RunState::Failed).then(|| "ConnectException".to_owned());
        ConnectorReading::Known { state: RunState::Running, tasks: vec![TaskReading { id: 0, state: task, error }] }
    }

    #[test]
    fn a_connector_runs_only_after_it_has_run_for_a_while_in_one_piece() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut watch = Watch { began, running_since: None };
        assert_eq!(watch.step(&reading(RunState::Running), at(1)), Step::Wait);
        assert_eq!(watch.step(&reading(RunState::Failed), at(9)), Step::Wait, "it has failed again");
        assert_eq!(watch.step(&reading(RunState::Running), at(10)), Step::Wait);
        assert_eq!(watch.step(&reading(RunState::Running), at(19)), Step::Wait);
        assert_eq!(watch.step(&reading(RunState::Running), at(20)), Step::Runs);
    }

    #[test]
    fn a_connector_that_does_not_come_up_is_given_up_after_a_minute() {
        let began = Instant::now();
        let mut watch = Watch { began, running_since: None };
        assert_eq!(watch.step(&reading(RunState::Failed), began + Duration::from_secs(59)), Step::Wait);
        assert_eq!(watch.step(&ConnectorReading::Away("timeout"), began + Duration::from_secs(60)), Step::Over);
        let none = ConnectorReading::Known { state: RunState::Running, tasks: Vec::new() };
        assert_eq!(watch.step(&none, began + Duration::from_secs(60)), Step::Over, "a connector without a task reads nothing");
        assert_eq!(said(&reading(RunState::Failed)), "running, task 0 failed (ConnectException)");
    }
}

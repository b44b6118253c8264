//! What Kafka Connect says of the connector, and what is wrong with it.

use std::time::Instant;

use super::super::finding::{Finding, FindingKind as Kind};
use super::super::verdict::seconds;
use super::SILENCE;

/// The state of a connector or of a task, as Kafka Connect names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It works.
    Running,
    /// An operator has paused it.
    Paused,
    /// An operator has stopped it.
    Stopped,
    /// It has failed, and does not go on by itself.
    Failed,
    /// No worker has it.
    Unassigned,
    /// It is started again.
    Restarting,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 6] = [Self::Running, Self::Paused, Self::Stopped, Self::Failed, Self::Unassigned, Self::Restarting];

    /// The text in JSON and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Unassigned => "unassigned",
            Self::Restarting => "restarting",
        }
    }

    /// The state that Connect calls by this name, in capitals.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(name))
    }
}

/// A task of the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskReading {
    /// The number of the task.
    pub id: i64,
    /// The state of the task.
    pub state: RunState,
    /// The classes of the exceptions that the task has failed with, and never their words, which may quote a row (P11).
    pub error: Option<String>,
}

/// The answer of Kafka Connect about the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorReading {
    /// Connect was not asked yet.
    Unasked,
    /// Connect did not answer, or not as it should; the class of the error.
    Away(&'static str),
    /// Connect has no such connector.
    Absent,
    /// The state of the connector and of its tasks.
    Known {
        /// The connector itself.
        state: RunState,
        /// Its tasks, of which Debezium has one.
        tasks: Vec<TaskReading>,
    },
}

/// The connector, and since when it is as it is.
#[derive(Debug, Clone)]
pub struct ConnectorHealth {
    /// Its name: `connect.connector`.
    pub name: String,
    /// The last answer.
    pub reading: ConnectorReading,
    /// When the first of equal answers came. Two different errors are one silence.
    pub since: Instant,
    /// When the last answer came; `None` before the first.
    pub asked: Option<Instant>,
}

impl ConnectorHealth {
    /// A connector that nobody has asked for yet.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self { name, reading: ConnectorReading::Unasked, since: Instant::now(), asked: None }
    }

    /// Takes in an answer.
    pub fn answered(&mut self, reading: ConnectorReading, now: Instant) {
        let away = |reading: &ConnectorReading| matches!(reading, ConnectorReading::Away(_));
        if self.reading != reading && !(away(&self.reading) && away(&reading)) {
            self.since = now;
        }
        self.reading = reading;
        self.asked = Some(now);
    }

    /// Whether Connect answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.reading, ConnectorReading::Absent | ConnectorReading::Known { .. })
    }

    /// How many tasks are in this state.
    #[must_use]
    pub fn tasks_in(&self, state: RunState) -> usize {
        match &self.reading {
            ConnectorReading::Known { tasks, .. } => tasks.iter().filter(|task| task.state == state).count(),
            _ => 0,
        }
    }

    pub(super) fn findings(&self, now: Instant) -> Vec<Finding> {
        let (name, age) = (&self.name, seconds(self.since, now));
        let lasts = now.saturating_duration_since(self.since) > SILENCE;
        let finding = |kind, subject: &str, what: String| Finding::degrades(kind, subject, what).since(self.since);
        match &self.reading {
            ConnectorReading::Away(error) if lasts => {
                let what = format!(
                    "connect: Kafka Connect has not answered for {age} s ({error}): whether the shop's changes arrive is not known; see that \
                     its workers run, and connect.url"
                );
                vec![finding(Kind::ConnectAway, name, what)]
            }
            ConnectorReading::Absent => {
                let what = format!(
                    "connect: Kafka Connect has no connector {name}: no change of the shop arrives; make it, or correct connect.connector"
                );
                vec![finding(Kind::ConnectorAbsent, name, what)]
            }
            ConnectorReading::Known { state: RunState::Running, tasks } if tasks.is_empty() => {
                let without = lasts.then(|| format!("connect: connector {name} has no task"));
                without.into_iter().map(|what| finding(Kind::ConnectorNotRunning, name, told(&what, age))).collect()
            }
            ConnectorReading::Known { state, tasks } => {
                let whole = trouble(*state, lasts).map(|what| (name.clone(), format!("connect: connector {name} {what}")));
                let tasks = tasks.iter().filter_map(|task| {
                    let error = task.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
                    let what = format!("connect: task {} of connector {name} {}{error}", task.id, trouble(task.state, lasts)?);
                    Some((format!("task {} of {name}", task.id), what))
                });
                let all = whole.into_iter().chain(tasks);
                all.map(|(subject, what)| finding(Kind::ConnectorNotRunning, &subject, told(&what, age))).collect()
            }
            ConnectorReading::Unasked | ConnectorReading::Away(_) => Vec::new(),
        }
    }
}

/// What is wrong with this state. A restart passes through states that are wrong only if they last.
fn trouble(state: RunState, lasts: bool) -> Option<&'static str> {
    match state {
        RunState::Running => None,
        RunState::Failed => Some("has FAILED"),
        RunState::Paused => Some("is PAUSED"),
        RunState::Stopped => Some("is STOPPED"),
        RunState::Unassigned => lasts.then_some("has no worker"),
        RunState::Restarting => lasts.then_some("is still RESTARTING"),
    }
}

fn told(what: &str, age: u64) -> String {
    format!("{what}, for {age} s: no change of the shop arrives; docs/operations.md says how to look and how to start it again")
}

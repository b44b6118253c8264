//! How an action stands, as the page shows it. Pure.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::results::actions::ActionRow;
use crate::trace::mask::Shown;

/// The seconds of silence after which the process that executes an action is not at it any more: several of its reports are missing.
const SILENT: f64 = 15.0;

/// An action, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Action {
    /// The id of its plan.
    pub id: String,
    /// When its execution began, in Unix milliseconds.
    pub at: i64,
    /// Who has executed it.
    pub who: String,
    /// What is done.
    pub action: String,
    /// To what, and how. The id of a customer is shown to the roles reveal and operate alone.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub parameters: Value,
    /// Why, in the operator's words.
    pub reason: String,
    /// `running`, `stopping`, `done`, `stopped`, `failed`, or `interrupted`: the process that executes it is not heard of any more.
    #[cfg_attr(test, ts(type = "\"running\" | \"stopping\" | \"done\" | \"stopped\" | \"failed\" | \"interrupted\""))]
    pub state: &'static str,
    /// How far it is.
    pub progress: Option<Progress>,
    /// What was measured in the end.
    pub outcome: Option<String>,
    /// When it ended, in Unix milliseconds.
    pub finished_at: Option<i64>,
}

/// How far an action is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much, if that is known.
    pub of: Option<u64>,
    /// The same in words.
    pub text: String,
}

impl Action {
    /// The action of a row that was executed; `None` for a plan.
    #[must_use]
    pub fn of(row: ActionRow, shown: Shown) -> Option<Self> {
        let state = state(&row)?;
        let ms = |at: DateTime<chrono::Utc>| at.timestamp_millis();
        let ActionRow { id, at, who, action, parameters, reason, executed_at, progress, outcome, finished_at, .. } = row;
        Some(Self {
            id,
            at: ms(executed_at.unwrap_or(at)),
            who,
            action,
            parameters: masked(parameters, shown),
            reason,
            state,
            progress: progress.and_then(|progress| serde_json::from_value(progress).ok()),
            outcome,
            finished_at: finished_at.map(ms),
        })
    }
}

fn state(row: &ActionRow) -> Option<&'static str> {
    let is_silent = row.silent_seconds.is_none_or(|seconds| seconds > SILENT);
    match row.state.as_str() {
        "running" | "stopping" if is_silent => Some("interrupted"),
        known => ["running", "stopping", "done", "stopped", "failed"].into_iter().find(|state| *state == known),
    }
}

/// The key of a filter of letters may be the id of a customer (P11).
fn masked(mut parameters: Value, shown: Shown) -> Value {
    if let Some(Value::String(key)) = parameters.get_mut("key") {
        *key = shown.id(key);
    }
    parameters
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::json;

    use super::*;

    fn row(state: &str, silent_seconds: f64) -> ActionRow {
        ActionRow {
            id: "a1".into(),
            at: DateTime::UNIX_EPOCH,
            who: "ann".into(),
            action: "replay".into(),
            parameters: json!({"key": "emma@example.com"}),
            reason: String::new(),
            plan: Value::Null,
            state: state.into(),
            executed_at: DateTime::<Utc>::from_timestamp_millis(7),
            instance: Some("i1".into()),
            progress: Some(json!({"done": 200, "of": 1_180, "text": "198 applied"})),
            outcome: None,
            finished_at: None,
            silent_seconds: Some(silent_seconds),
            is_fresh: true,
        }
    }

    #[test]
    fn an_action_whose_process_is_not_heard_of_any_more_is_interrupted() {
        let state = |name, silent| Action::of(row(name, silent), Shown::Masked).map(|action| action.state);
        assert_eq!(
            [state("running", 14.0), state("stopping", 1.0), state("running", 15.1)],
            [Some("running"), Some("stopping"), Some("interrupted")]
        );
        assert_eq!([state("done", 99.0), state("failed", 99.0), state("stopped", 99.0)], [Some("done"), Some("failed"), Some("stopped")]);
        assert_eq!(state("planned", 0.0), None, "a plan is no action yet");
    }

    #[test]
    fn the_id_of_a_customer_is_shown_to_whoever_may_see_it() {
        let key = |shown| Action::of(row("done", 0.0), shown).unwrap().parameters["key"].clone();
        assert_eq!((key(Shown::Masked), key(Shown::Revealed)), (json!("e***@e***"), json!("emma@example.com")));
        let action = Action::of(row("running", 0.0), Shown::Masked).unwrap();
        assert_eq!((action.at, action.progress.unwrap().of), (7, Some(1_180)));
    }
}

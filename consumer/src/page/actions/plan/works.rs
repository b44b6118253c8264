//! The plans of works beside the stream: a rebuild of Redis, a restart of the connector's tasks.

use super::{Draft, number};
use crate::health::{ConnectorReading, RunState};
use crate::page::actions::refusal::Refusal;
use crate::page::actions::request::What;

/// The rows that a rebuild writes in a second, for an estimate: what two cores do that also run the servers.
const ROWS_A_SECOND: u64 = 20_000;

/// The plan of a rebuild of so many rows, or records of customers; `None` if nobody has counted them yet.
#[must_use]
pub fn rebuild(what: What, rows: Option<u64>) -> Draft {
    let (hashes, of) = match what {
        What::Cache => ("order:<id> of every order, and recent_orders", "rows of results, about"),
        What::Customers => ("customer:<id> of every customer, from the customers' topic", "records of customers, at most"),
    };
    let effect = format!("Write {hashes} anew, beside the running processes. Older never overwrites newer.");
    let draft = Draft { effect, ..Draft::default() };
    let draft = draft.with(of, rows.map_or("not known".to_owned(), number));
    let takes = rows.map_or("not known".to_owned(), |rows| match rows.div_ceil(ROWS_A_SECOND) {
        0..60 => "less than a minute".to_owned(),
        seconds => format!("about {} min", seconds.div_ceil(60)),
    });
    draft.with("takes", takes).warned("Redis and Postgres have this work beside that of the orders, which may become slower.")
}

/// The plan of a restart of the tasks that have failed.
///
/// # Errors
/// No task has failed, or Connect does not tell.
pub fn connector(name: &str, reading: &ConnectorReading) -> Result<Draft, Refusal> {
    let (state, tasks) = match reading {
        ConnectorReading::Known { state, tasks } => (state, tasks),
        ConnectorReading::Absent => return Err(Refusal::conflict(format!("Kafka Connect has no connector {name}"))),
        ConnectorReading::Unasked => return Err(Refusal::Away("Kafka Connect was not asked".to_owned())),
        ConnectorReading::Away(class) => return Err(Refusal::Away(format!("Kafka Connect does not answer ({class})"))),
    };
    let failed: Vec<_> = tasks.iter().filter(|task| task.state == RunState::Failed).collect();
    if failed.is_empty() && *state != RunState::Failed {
        return Err(Refusal::conflict(format!("no task of connector {name} has failed: there is nothing to start again")));
    }
    let effect = format!("Kafka Connect starts what has failed of connector {name} again, and this process looks whether it runs.");
    let mut draft = Draft { effect, ..Draft::default() }.with("connector", state.as_str());
    for task in tasks {
        let why = task.error.as_ref().map_or(String::new(), |error| format!(" ({error})"));
        draft = draft.with(&format!("task {}", task.id), format!("{}{why}", task.state.as_str()));
    }
    Ok(draft.warned("What a task has failed for is not mended by that: the exception's words are in Connect's log."))
}

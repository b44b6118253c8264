//! Captures what the real Debezium writes, as fixtures for the tests of the decoder.
//!
//! ```text
//! cargo run -p stack --example capture_fixtures       # every mode
//! cargo run -p stack --example capture_fixtures flat  # these
//! ```
//!
//! The program starts the services on free ports. For each [mode](modes::MODES) it makes a connector with a schema, a slot and a topic of
//! its own, makes the [changes](cases::CASES) in that schema, and writes every record to `consumer/tests/fixtures/<mode>.jsonl`, one a
//! line:
//!
//! ```text
//! {"case": "delete", "headers": {}, "key": "{\"id\":10}", "value": null}
//! ```
//!
//! Key, value and headers are the record's bytes as text; a tombstone's value is null. The schema of a value is the exception: a few
//! schemas come again and again and are several times as long as the rest, so each schema stands once, in a line of its own
//! (`{"schema": ".."}`), and the values that follow have the number of the schema's line in its place: `{"schema":0,"payload":..}`. Only
//! log positions and clocks differ from run to run.

mod cases;
mod modes;
mod topic;

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use stack::wait::{self, Attempt};
use stack::{Connect, Stack};

use cases::{CASES, FIRST_CHANGE, Group};
use modes::{MODES, Mode};
use topic::{Captured, Topic};

/// The last mark of a mode.
const END: &str = "end";
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let modes: Vec<&Mode> = MODES.iter().filter(|mode| wanted.is_empty() || wanted.iter().any(|name| name == mode.name)).collect();
    ensure!(!modes.is_empty(), "no mode of that name; there are {:?}", MODES.iter().map(|mode| mode.name).collect::<Vec<_>>());

    let stack = Stack::temporary()?.report(|step, took| println!("{step} ({:.1} s)", took.as_secs_f32())).start()?;
    for mode in modes {
        let begin = Instant::now();
        let records = capture(&stack, mode).with_context(|| format!("mode {}", mode.name))?;
        let text = lines(&records)?;
        let path = stack::root().join("consumer/tests/fixtures").join(mode.name).with_extension("jsonl");
        fs::write(&path, &text).with_context(|| format!("{} cannot be written", path.display()))?;
        println!("{}: {} records, {} bytes ({:.1} s)", mode.name, records.len(), text.len(), begin.elapsed().as_secs_f32());
    }
    stack.stop()
}

/// Captures the records of one mode: its snapshot, then its cases. A row in the table `mark`, which is captured too, announces each case.
fn capture(stack: &Stack, mode: &Mode) -> Result<Vec<Captured>> {
    let name = mode.name;
    let sql = |sql: &str| stack.psql(&format!("set search_path to {name}; {sql}"));
    sql(&mode.tables())?;
    stack.create_topic(name, 1, &[])?;
    stack.create_topic(&format!("{name}.{name}.signals"), 1, &[])?;
    let connect: &Connect = stack.connect_api();
    connect.register(name, &mode.connector(&stack.connector_config()?))?;

    let mut topic = Topic::open(&stack.bootstrap_servers(), name)?;
    topic.read_until_mark(FIRST_CHANGE)?;
    for case in CASES.iter().filter(|case| mode.has(case.group)) {
        if case.label != FIRST_CHANGE {
            sql(&format!("insert into mark values ('{}')", case.label))?;
        }
        sql(case.sql).with_context(|| case.label)?;
        if let Some(id) = case.awaits {
            topic.read_until_case(case.label, id)?;
        }
    }
    sql(&format!("insert into mark values ('{END}')"))?;
    topic.read_until_mark(END)?;
    if mode.has(Group::Tables) {
        topic.read_until_heartbeat()?;
    }
    remove(stack, name)?;
    Ok(topic.into_records())
}

/// Removes the connector and drops its replication slot, because Postgres has only ten slots.
fn remove(stack: &Stack, name: &str) -> Result<()> {
    ureq::delete(format!("{}/connectors/{name}", stack.connect_url())).call()?;
    let drop = format!("select pg_drop_replication_slot('{name}')");
    wait::until(&format!("the slot {name} is free"), PATIENCE, || Attempt::from(stack.psql(&drop)))?;
    Ok(())
}

fn lines(records: &[Captured]) -> Result<String> {
    let (mut text, mut schemas) = (String::new(), Vec::new());
    for record in records {
        let mut value = record.value.clone();
        if let Some((schema, payload)) = record.value.as_deref().and_then(split_schema) {
            let number = schemas.iter().position(|known| *known == schema).unwrap_or(schemas.len());
            if number == schemas.len() {
                writeln!(text, "{}", json!({ "schema": schema }))?;
                schemas.push(schema);
            }
            value = Some(format!(r#"{{"schema":{number},"payload":{payload}"#));
        }
        writeln!(text, "{}", json!({ "case": record.case, "key": record.key, "value": value, "headers": record.headers }))?;
    }
    Ok(text)
}

/// Splits a value into its schema and all that follows `"payload":`.
fn split_schema(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix(r#"{"schema":"#)?.split_once(r#","payload":"#)
}

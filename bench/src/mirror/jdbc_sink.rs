//! Debezium's JDBC sink on the same Kafka Connect that Debezium ran on, with the same topics.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, anyhow};
use serde_json::{Map, Value, json};

use super::shape::Shape;
use super::source::{Load, PREFIX};
use super::target::{self, Target};
use super::watched::Watched;
use crate::cost::family_memory_mb;
use crate::ground::Ground;
use crate::measures::Measures;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// What PEER and PEER_SETTINGS say.
#[derive(Debug, Clone, Default)]
pub(crate) struct JdbcSink {
    /// Settings of the connector by which those of here are replaced.
    pub(crate) settings: Vec<(String, String)>,
}

/// Measures the sink from empty tables to equal ones. The tables are made before, with the types of the source, because the sink would make
/// text of most of them.
pub(crate) fn drain(ground: &Ground, load: &Load, sink: &JdbcSink) -> Result<Measures> {
    let mut target = Target::empty(ground, load, |table| format!("{PREFIX}_{}_{table}", load.shape.schema()))?;
    let tables: String = target.names().iter().map(|name| format!("create table {name} ({});", load.shape.columns())).collect();
    ground.stack.psql_in(target::DATABASE, &tables)?;
    let counts: Vec<String> = target.names().iter().map(|name| format!("(select count(*) from {name})")).collect();
    ground.stack.connect().start()?;
    // A connector with a name of its own has a consumer group of its own, which has read nothing.
    let name = format!("jdbc-sink-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let watched = Watched::begin(ground, load)?;
    ground.stack.connect_api().register(&name, &settings(ground, load, sink))?;
    let failure = || match ground.stack.connect_api().state(&name) {
        Ok(state) if state == "FAILED" => Some(anyhow!("the sink has failed:\n{}", ground.stack.connect().log_tail(60))),
        _ => ground.stack.connect().death(),
    };
    let commits = watched.await_rows(&mut target, &format!("select {}", counts.join(" + ")), failure)?;
    let mut measures = watched.measures(&commits, &[])?;
    measures.put("connect_mb", family_memory_mb(&ground.stack.connect().pid().into_iter().collect::<Vec<_>>()));
    target.check(load)?;
    ground.stack.connect_api().remove(&name)?;
    Ok(measures)
}

/// The settings, tuned for throughput as the sink's documentation says.
fn settings(ground: &Ground, load: &Load, sink: &JdbcSink) -> Value {
    let port = ground.stack.ports().postgres;
    let url = format!("jdbc:postgresql://127.0.0.1:{port}/{}?reWriteBatchedInserts=true", target::DATABASE);
    let topics = load.topics();
    // With arrays the sink sends a date as a number of days, which Postgres refuses.
    let unnest = if load.shape == Shape::Wide { "false" } else { "true" };
    let own = [
        ("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"),
        ("tasks.max", "4"),
        ("topics.regex", &topics),
        ("connection.url", &url),
        ("connection.username", "postgres"),
        ("connection.password", "postgres"),
        ("insert.mode", "upsert"),
        ("primary.key.mode", "record_key"),
        ("delete.enabled", "true"),
        ("schema.evolution", "none"),
        ("batch.size", "2000"),
        ("use.reduction.buffer", "true"),
        ("dialect.postgres.unnest.insert.enabled", unnest),
        ("consumer.override.max.poll.records", "2000"),
        ("consumer.override.fetch.min.bytes", "100000"),
        ("consumer.override.fetch.max.wait.ms", "100"),
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("key.converter.schemas.enable", "true"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "true"),
    ];
    let mut settings: Map<String, Value> = own.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    settings.extend(sink.settings.iter().map(|(name, value)| (name.clone(), json!(value))));
    Value::Object(settings)
}

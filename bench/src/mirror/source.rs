//! The source: the real Debezium writes the events of each load into Kafka once, with their schemas.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};
use stack::wait::{Attempt, until};

use super::shape::{Shape, TAIL};
use crate::drain::patience;
use crate::ground::{Ground, PATIENCE};

/// The database that Debezium reads.
const DATABASE: &str = "mirror_source";
/// What the names of the topics begin with.
pub(crate) const PREFIX: &str = "copy";
/// How many rows of the load are counted: what Debezium has to write.
const COUNTS: &str = "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint, coalesce(sum(n_tup_del), 0)::bigint
    from pg_stat_user_tables where schemaname = ";

/// A load whose events are in Kafka.
#[derive(Debug)]
pub(crate) struct Load {
    /// Its tables.
    pub(crate) shape: Shape,
    /// How many rows were inserted, updated or deleted.
    pub(crate) changes: u64,
    /// The ids above this one are inserted last, into each table.
    pub(crate) tail_above: u64,
    /// The count and the checksum of all rows.
    pub(crate) digest: String,
}

impl Load {
    /// A pattern for the topics of the load.
    pub(crate) fn topics(&self) -> String {
        format!("{PREFIX}\\.{}\\..*", self.shape.schema())
    }
}

/// The URL of the source's database.
pub(crate) fn url(ground: &Ground) -> String {
    ground.database_url(DATABASE)
}

/// Makes the tables, lets Debezium follow them, and changes them as the loads say.
pub(crate) fn fill(ground: &Ground, shapes: &[Shape], events: u64) -> Result<Vec<Load>> {
    let begin = Instant::now();
    let stack = &ground.stack;
    stack.psql(&format!("drop database if exists {DATABASE} with (force)"))?;
    stack.psql(&format!("create database {DATABASE} template template0 encoding 'UTF8' locale 'C.UTF-8'"))?;
    for shape in shapes {
        let tables = shape.tables();
        let create = |table: &String| {
            let name = format!("{}.{table}", shape.schema());
            format!("create table {name} ({}); alter table {name} replica identity full;", shape.columns())
        };
        let statements: String = tables.iter().map(create).collect();
        stack.psql_in(DATABASE, &format!("create schema {};\n{statements}", shape.schema()))?;
    }
    stack.psql_in(DATABASE, "create publication mirror for all tables with (publish_via_partition_root)")?;
    let name = format!("bench_{}", shapes.first().map_or("none", |shape| shape.schema()));
    connect(ground, &name, shapes)?;
    let loads = shapes.iter().map(|shape| load(ground, *shape, events)).collect::<Result<Vec<Load>>>()?;
    ground.retire_connector(&name)?;
    let all: u64 = loads.iter().map(|load| load.changes).sum();
    println!("[{:5.1} s] Debezium has written {all} changes", begin.elapsed().as_secs_f64());
    Ok(loads)
}

/// Starts Debezium with the settings of connect/mirror-source-schemas.json, and waits until it reads the log.
fn connect(ground: &Ground, name: &str, shapes: &[Shape]) -> Result<()> {
    let text = std::fs::read_to_string(stack::root().join("connect/mirror-source-schemas.json")).context("the connector's file")?;
    let mut config: Value = serde_json::from_str(&text)?;
    let schemas: Vec<&str> = shapes.iter().map(|shape| shape.schema()).collect();
    let tables = format!("({})\\..*", schemas.join("|"));
    // Decimals as bytes with a schema: the JDBC sink writes no text into a numeric column.
    let own = [
        ("database.hostname", json!("127.0.0.1")),
        ("database.port", json!(ground.stack.ports().postgres.to_string())),
        ("database.dbname", json!(DATABASE)),
        ("database.user", json!("postgres")),
        ("database.password", json!("postgres")),
        ("slot.name", json!(name)),
        ("topic.prefix", json!(PREFIX)),
        ("table.include.list", json!(tables)),
        ("snapshot.mode", json!("no_data")),
        ("heartbeat.interval.ms", json!("0")),
        ("decimal.handling.mode", json!("precise")),
        ("topic.creation.default.replication.factor", json!("1")),
        ("topic.creation.default.partitions", json!(partitions(shapes).to_string())),
    ];
    let settings = config.as_object_mut().context("the connector's file is no object")?;
    settings.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    settings.retain(|name, _| !matches!(name.as_str(), "heartbeat.action.query" | "signal.data.collection"));
    ground.stack.connect().start()?;
    ground.stack.connect_api().register(name, &config)?;
    until("Debezium reads the log", PATIENCE, || {
        let active = ground.stack.psql(&format!("select count(*) from pg_replication_slots where active and slot_name = '{name}'"));
        Attempt::from(active.and_then(|active| if active == "1" { Ok(()) } else { bail!("the slot is not active") }))
    })
}

/// The partitions of each topic: those of the connector's file, and one where there are a thousand topics.
fn partitions(shapes: &[Shape]) -> i32 {
    if shapes.contains(&Shape::Thousand) { 1 } else { 4 }
}

fn load(ground: &Ground, shape: Shape, events: u64) -> Result<Load> {
    let (statements, last) = shape.statements(shape.size(events));
    ground.stack.psql_in(DATABASE, &statements.join(";\n"))?;
    let counted = ground.stack.psql_in(DATABASE, &format!("{COUNTS}'{}'", shape.schema()))?;
    let (changes, deletes) = counted.split_once('|').context("two counts")?;
    let (changes, deletes): (u64, u64) = (changes.parse()?, deletes.parse()?);
    let topics: Vec<String> = shape.tables().iter().map(|table| format!("{PREFIX}.{}.{table}", shape.schema())).collect();
    // A delete has a tombstone behind it.
    let expected = changes + deletes;
    until(&format!("Debezium has written the events of {}", shape.name()), patience(changes) + Duration::from_secs(300), || {
        Attempt::from(
            held(ground, &topics, partitions(&[shape]))
                .and_then(|held| if held == expected { Ok(()) } else { bail!("{held} of {expected}") }),
        )
    })?;
    let names: Vec<String> = shape.tables().iter().map(|table| format!("{}.{table}", shape.schema())).collect();
    let digest = ground.stack.psql_in(DATABASE, &super::target::digest(shape, &names))?;
    Ok(Load { shape, changes, tail_above: last - TAIL, digest })
}

/// How many records the topics hold, none of which has lost any. One request asks for all ends. The client is a new one each time, because a
/// client remembers for a while that a topic was not there.
fn held(ground: &Ground, topics: &[String], partitions: i32) -> Result<u64> {
    let watcher: BaseConsumer = ClientConfig::new().set("bootstrap.servers", ground.stack.bootstrap_servers()).create()?;
    let mut ends = TopicPartitionList::new();
    for topic in topics {
        (0..partitions).try_for_each(|partition| ends.add_partition_offset(topic, partition, Offset::End))?;
    }
    let ends = watcher.offsets_for_times(ends, PATIENCE)?;
    let count = |end: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        end.error()?;
        match end.offset() {
            Offset::Offset(end) => Ok(end.unsigned_abs()),
            other => bail!("{} ends at {other:?}", end.topic()),
        }
    };
    ends.elements().into_iter().map(count).sum()
}

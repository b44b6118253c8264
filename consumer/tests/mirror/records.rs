//! Records that are put on a table's topic by hand, as Debezium writes them, and questions that several tests have.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::topic::{Sent, Topics};
use crate::world::World;

/// The topic of one table of the schema `public`.
pub struct Topic {
    topics: Topics,
    /// The name of the topic.
    pub name: String,
    table: String,
    lsn: Cell<i64>,
    /// The number of the last event in its transaction.
    order: Cell<i64>,
}

impl Topic {
    /// Makes the topic of a table in the world `prefix`.
    pub fn new(world: &World, prefix: &str, table: &str, partitions: i32) -> Self {
        world.stack().create_topic(&format!("{prefix}.public.{table}"), partitions, &[]).unwrap();
        Self::of(world, prefix, table)
    }

    /// The topic of a table that is there.
    pub fn of(world: &World, prefix: &str, table: &str) -> Self {
        let name = format!("{prefix}.public.{table}");
        Self {
            topics: Topics::at(world.stack().bootstrap_servers()),
            name,
            table: table.to_owned(),
            lsn: Cell::new(1_000),
            order: Cell::new(0),
        }
    }

    /// An event of the log, newer than all that were made before. Its key and its rows are as given; `null` stands for what is absent.
    pub fn event(&self, op: &str, key: &Value, before: &Value, after: &Value) -> Sent {
        self.lsn.set(self.lsn.get() + 10);
        self.event_at(self.lsn.get(), op, key, before, after)
    }

    /// An event that stands at this place in the log.
    pub fn event_at(&self, lsn: i64, op: &str, key: &Value, before: &Value, after: &Value) -> Sent {
        let source = json!({
            "version": "3.7.0.Final", "connector": "postgresql", "name": "hand", "ts_ms": 1_700_000_000_000_i64 + lsn,
                "snapshot": "false", "db": "src",
            "sequence": format!(r#"["{lsn}","{lsn}"]"#), "schema": "public", "table": self.table, "txId": 1, "lsn": lsn, "xmin": null
        });
        self.order.set(self.order.get() + 1);
        let transaction = json!({ "id": format!("1:{lsn}"), "total_order": self.order.get(), "data_collection_order": self.order.get() });
        let value = json!({
            "before": before, "after": after, "source": source, "transaction": transaction, "op": op, "ts_ms": 1_700_000_000_000_i64
        });
        let key = (!key.is_null()).then(|| key.to_string().into_bytes());
        Sent { partition: Some(0), key, value: Some(value.to_string().into_bytes()), headers: Vec::new() }
    }

    /// A row that the snapshot at this place in the log has read.
    pub fn read_at(&self, lsn: i64, row: &Value) -> Sent {
        let source = json!({
            "version": "3.7.0.Final", "connector": "postgresql", "name": "hand", "ts_ms": 1_700_000_000_000_i64 + lsn, "snapshot": "true",
                "db": "src", "sequence": format!(r#"[null,"{lsn}"]"#), "schema": "public", "table": self.table, "txId": 1, "lsn": lsn, "xmin": null
        });
        let value =
            json!({ "before": null, "after": row, "source": source, "transaction": null, "op": "r", "ts_ms": 1_700_000_000_000_i64 });
        Sent { partition: Some(0), key: None, value: Some(value.to_string().into_bytes()), headers: Vec::new() }
    }

    /// A row that was made.
    pub fn create(&self, key: &Value, row: &Value) -> Sent {
        self.event("c", key, &Value::Null, row)
    }

    /// A row that has changed.
    pub fn update(&self, key: &Value, row: &Value) -> Sent {
        self.event("u", key, &Value::Null, row)
    }

    /// A row that is gone, of which the event has only the key.
    pub fn delete(&self, key: &Value) -> Sent {
        self.event("d", key, key, &Value::Null)
    }

    /// Puts records on the topic, and returns when they are there.
    pub fn send(&self, records: &[Sent]) {
        self.topics.send(&self.name, records);
    }

    /// Waits until so many records have a fate, and returns how many were applied, stale, ignored and dead letters.
    #[track_caller]
    pub fn await_fates(&self, world: &World, records: usize) -> String {
        let of = format!("from orderstream_mirror.consumer_offsets where topic = '{}'", self.name);
        world.await_target(&format!("select sum(applied + stale + ignored + dead_lettered) {of}"), &records.to_string());
        world.target(&format!("select sum(applied), sum(stale), sum(ignored), sum(dead_lettered) {of}"))
    }
}

/// What is left of a row in Kafka when its delete was compacted away.
pub fn tombstone(key: &Value) -> Sent {
    Sent { partition: Some(0), key: Some(key.to_string().into_bytes()), value: None, headers: Vec::new() }
}

/// The same record in another partition.
pub fn in_partition(partition: i32, record: Sent) -> Sent {
    Sent { partition: Some(partition), ..record }
}

/// All rows of a table, in the order of their texts.
pub fn rows(table: &str) -> String {
    format!(r#"select count(*), string_agg(one_row::text, ' ' order by one_row::text collate "C") from {table} one_row"#)
}

/// How many dead letters there are, with the first words of each.
pub const LETTERS: &str = "select count(*), string_agg(coalesce(table_name, '?') || ' ' || reason, ', ' order by table_name,
    \"offset\") from orderstream_mirror.dead_letters";

impl World {
    /// Waits until tables that have the same name on both sides are equal, row for row, and there is no dead letter.
    #[track_caller]
    pub fn await_same(&self, tables: &[&str]) {
        for table in tables {
            let query = rows(table);
            self.await_target(&query, &self.source(&query));
        }
        let letters = self.target("select string_agg(table_name || ': ' || message, '; ') from orderstream_mirror.dead_letters");
        assert_eq!(letters, "", "there are dead letters");
    }

    /// Waits until the process is not ready and says so in these words.
    #[track_caller]
    pub fn await_reason(&self, process: usize, words: &str) {
        self.await_that(&format!("/readyz says: {words}"), || {
            let said = self.get(process, "/readyz");
            if said.contains(words) { Ok(()) } else { Err(said) }
        });
    }
}

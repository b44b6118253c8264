//! The settings of the job `mirror`. Those that say how the source's connector writes values carry Debezium's names and values.

use service::settings::{Kind, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "mirror.topics",
        Kind::Checked { allowed: "topics by comma, or one pattern that begins with ^", check: topics },
        "^cdc\\.[^.]+\\.",
        "Change events of the tables to mirror",
    ),
    Setting::new("mirror.group_id", Kind::Text, "orderstream-mirror", "Consumer group; processes of one group share the partitions"),
    Setting::new("mirror.dead_letter_topic", Kind::Topic, "dlq-errors", "Where records go that cannot be processed"),
    Setting::new("mirror.target_url", super::POSTGRES_URL, "postgres://localhost:5432/mirror", "The Postgres that the tables are kept equal in").secret(),
    Setting::new(
        "mirror.source_url",
        super::POSTGRES_URL,
        "",
        "The source's Postgres, of which the catalog is read: tables are made, and follow their source, with exact types; empty: tables must be there",
    )
    .optional()
    .secret(),
    Setting::new(
        "mirror.types",
        Kind::Choice(&["catalog", "schema", "text"]),
        "catalog",
        "Where the types of a table come from that the target lacks: the source's catalog, the schemas of the events, or nowhere: all columns are texts",
    ),
    Setting::new("mirror.format", Kind::Choice(&["envelope", "flat"]), "envelope", "Debezium's envelope, or rows as the unwrap transform writes them"),
    Setting::new("mirror.schemas", Kind::Checked { allowed: "source=target by comma", check: schemas }, "", "Schemas of the target by those of the source").optional(),
    Setting::new(
        "mirror.tables",
        Kind::Checked { allowed: "schema.table=name by comma", check: tables },
        "",
        "Names in the target of single tables of the source",
    )
    .optional(),
    Setting::new("mirror.prefix", Kind::Text, "", "Put before the name of every other table in the target").optional(),
    Setting::new(
        "mirror.exclude_tables",
        Kind::Checked { allowed: "schema.table by comma", check: excluded_tables },
        "",
        "Tables whose events are passed over",
    )
    .optional(),
    Setting::new(
        "mirror.exclude_columns",
        Kind::Checked { allowed: "schema.table.column by comma", check: excluded_columns },
        "",
        "Columns that are not written",
    )
    .optional(),
    Setting::new(
        "mirror.constraints",
        Kind::Choice(&["refuse", "replica_role", "trust"]),
        "refuse",
        "What is done with foreign keys, checks and triggers of a table that was there: the table waits, they are left aside, they are trusted",
    ),
    Setting::new(
        "mirror.evolution",
        Kind::Choice(&["additive", "wait"]),
        "additive",
        "When a table of the source has changed: follow what only adds something, or let the table wait for every change",
    ),
    Setting::new(
        "mirror.decimal_handling_mode",
        Kind::Choice(&["precise", "double", "string"]),
        "string",
        "The connector's `decimal.handling.mode`, for values without a schema",
    ),
    Setting::new(
        "mirror.time_precision_mode",
        Kind::Choice(&["adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"]),
        "microseconds",
        "The connector's `time.precision.mode`, for values without a schema",
    ),
    Setting::new(
        "mirror.binary_handling_mode",
        Kind::Choice(&["bytes", "base64", "base64-url-safe", "hex"]),
        "bytes",
        "The connector's `binary.handling.mode`",
    ),
];

fn topics(text: &str) -> Result<(), String> {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    match names.as_slice() {
        [pattern] if pattern.starts_with('^') => kafka::pattern::check(pattern),
        names if names.iter().any(|name| name.starts_with('^')) => {
            Err("a pattern beside other topics; one pattern can name them all".to_owned())
        }
        names => names.iter().try_for_each(|name| Kind::Topic.normalize(name).map(drop)),
    }
}

fn schemas(text: &str) -> Result<(), String> {
    pairs(text).map(drop)
}

fn tables(text: &str) -> Result<(), String> {
    for (from, to) in pairs(text)? {
        has_names(from, 2)?;
        // The schema of the target is decided by mirror.schemas, so that a dot would become part of the table's name.
        if to.contains('.') {
            return Err("not clear: a name of the target has a dot, and only the name of the table stands there, because its schema is by mirror.schemas".to_owned());
        }
    }
    Ok(())
}

fn excluded_tables(text: &str) -> Result<(), String> {
    text.split(',').try_for_each(|name| has_names(name, 2))
}

fn excluded_columns(text: &str) -> Result<(), String> {
    text.split(',').try_for_each(|name| has_names(name, 3))
}

/// The pairs of a list. A name that stands there twice would have the last of its meanings.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    for pair in text.split(',') {
        let (from, to) = pair.split_once('=').map(|(from, to)| (from.trim(), to.trim())).ok_or("not a list of name=name by comma")?;
        if from.is_empty() || to.is_empty() {
            return Err("not a list of name=name by comma".to_owned());
        }
        if all.iter().any(|(before, _)| *before == from) {
            return Err("not clear: a name stands twice in front of =".to_owned());
        }
        all.push((from, to));
    }
    Ok(all)
}

/// Whether a name has so many parts with dots between them. A table may have a dot in its own name.
fn has_names(text: &str, parts: usize) -> Result<(), String> {
    let found = text.trim().split('.').collect::<Vec<_>>();
    let is_right = found.len() >= parts && found.iter().all(|part| !part.is_empty());
    let missing =
        if parts == 2 { "not a list of tables with their schemas" } else { "not a list of columns with their schemas and tables" };
    if is_right { Ok(()) } else { Err(missing.to_owned()) }
}

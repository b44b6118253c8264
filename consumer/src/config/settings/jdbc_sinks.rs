//! The settings of Kafka Connect's JDBC sinks, Debezium's and Confluent's, and what is here in the place of each. The table in docs/mirror.md has
//! the same rows.

use service::settings::{Foreign, Foreigners};

/// The settings of Debezium's and Confluent's JDBC sink, with those that Kafka Connect gives every sink.
pub const JDBC_SINKS: Foreigners = Foreigners { program: "the JDBC sink", section: "mirror", all: ALL };

const ALL: &[Foreign] = &[
    common(&["name", "connector.class", "config.action.reload", "internal.*"], "none: the mirror is a process and no connector"),
    common(&["topics", "topics.regex"], "`mirror.topics`"),
    own(&["tasks.max", "tasks.max.enforce"], "as many processes as you start"),
    common(&["connection.url", "connection.username", "connection.user", "connection.password"], "`mirror.target_url`"),
    common(&["connection.pool.max_size"], "`database.max_connections`"),
    common(
        &["connection.pool.*", "connection.provider", "hibernate.*"],
        "none: connections are opened as they are needed, up to `database.max_connections`",
    ),
    own(&["insert.mode"], "always what `upsert` is"),
    own(
        &["primary.key.mode", "primary.key.fields", "pk.mode", "pk.fields"],
        "none: the key is that of the source's catalog, else the target's primary key",
    ),
    own(&["delete.enabled", "truncate.enabled"], "always on; `skipped.operations` of the source's connector leaves them out"),
    common(&["batch.size"], "`batch.max_records`, `batch.max_bytes`"),
    own(
        &["use.reduction.buffer", "keyed.message.batch.mode", "dialect.postgres.unnest.insert.enabled"],
        "always: one change of each row in a batch, as arrays, for every type",
    ),
    own(&["dialect.*", "mssql.use.merge.holdlock"], "none: the target is Postgres, and its extensions are found where they are"),
    common(
        &[
            "flush.max.retries",
            "flush.retry.delay.ms",
            "max.retries",
            "retry.backoff.ms",
            "connection.attempts",
            "connection.backoff.ms",
            "connection.restart.on.errors",
            "errors.retry.timeout",
            "errors.retry.delay.max.ms",
        ],
        "none: an outage is waited for, for as long as it takes, and `/readyz` says so",
    ),
    own(
        &["errors.tolerance", "errors.deadletterqueue.*"],
        "always: a row that cannot be written is a dead letter in `mirror.dead_letter_topic`, an outage never is",
    ),
    own(
        &["errors.log.enable", "errors.log.include.messages", "trim.sensitive.log"],
        "none: `dead_letters` has the reason of each record, and no log has values of rows",
    ),
    own(&["schema.evolution"], "`basic`: `mirror.source_url`, or `mirror.types=schema`; `none`: neither of them"),
    own(&["collection.name.format", "table.name.format"], "`mirror.schemas`, `mirror.tables`, `mirror.prefix`"),
    own(&["column.naming.strategy", "collection.naming.strategy"], "none: columns keep their names"),
    own(&["quote.identifiers", "quote.sql.identifiers"], "always on, so that upper case and spaces survive"),
    own(&["field.include.list", "field.exclude.list", "fields.whitelist"], "`mirror.exclude_columns`"),
    common(
        &["use.time.zone", "db.timezone", "date.timezone", "date.calendar.system", "timestamp.fields.list", "timestamp.precision.mode"],
        "none: times are as in the source",
    ),
    own(&["replace.null.with.default"], "none: a null stays a null"),
    own(&["table.types"], "none: rows are written into tables, whose partitions Postgres finds"),
    own(&["auto.create", "auto.evolve"], "`mirror.source_url`, and without it `mirror.types=schema`"),
    common(
        &["transforms", "transforms.*", "predicates", "predicates.*"],
        "none: events are read as Debezium writes them, and with `mirror.format=flat` as its unwrap transform does",
    ),
    common(
        &[
            "key.converter",
            "key.converter.*",
            "value.converter",
            "value.converter.*",
            "header.converter",
            "header.converter.*",
            "cloud.events.schema.name.pattern",
        ],
        "none: JSON is read with and without schemas, each record as it is",
    ),
    common(&["consumer.override.*"], "`kafka.properties`"),
];

/// Settings whose names no other program has.
const fn own(names: &'static [&'static str], here: &'static str) -> Foreign {
    Foreign { names, here, is_common: false }
}

/// Settings whose variables other programs may have too.
const fn common(names: &'static [&'static str], here: &'static str) -> Foreign {
    Foreign { names, here, is_common: true }
}

//! The one definition of every setting: its default, its allowed values, its purpose. The table in docs/configuration.md is printed from
//! here.

use service::settings::{Kind, Setting};

use super::{receiver, url};

const POSTGRES_URL: Kind = Kind::Url { allowed: "postgres://user:password@host:port/database", check: url::postgres };
const HTTP_URL: Kind = Kind::Url { allowed: "http://host:port, or https:// for TLS", check: url::http };
const RECEIVER: Kind = Kind::Url { allowed: "http://host:port or https://host:port", check: receiver::check };
const REDIS_URL: Kind = Kind::Url { allowed: "redis://[[user]:password@]host[:port][/number], or rediss:// for TLS", check: url::redis };

/// The setting with that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    service::settings::find(SETTINGS, name)
}

/// Every setting, in the order of the table in docs/configuration.md.
pub const SETTINGS: &[Setting] = &[
    Setting::new("kafka.bootstrap_servers", Kind::Servers, "localhost:9092", "Brokers to start with"),
    Setting::new(
        "kafka.group_id",
        Kind::Text,
        "orderstream",
        "Consumer group; processes of one group share the partitions (those of customers in one with `-customers` behind it)",
    ),
    Setting::new("kafka.orders_topic", Kind::Topic, "shop.public.orders", "Change events of `orders`"),
    Setting::new(
        "kafka.customers_topic",
        Kind::Topic,
        "shop.public.customers",
        "Change events of `customers`; empty: somebody else keeps `customer:<id>` in Redis",
    )
    .optional(),
    Setting::new("kafka.dead_letter_topic", Kind::Topic, "dlq-errors", "Where records go that cannot be processed"),
    Setting::new(
        "kafka.security_protocol",
        Kind::Choice(&["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]),
        "plaintext",
        "How to connect to the brokers",
    ),
    Setting::new("kafka.sasl_mechanism", Kind::Choice(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]), "", "How to log in").optional(),
    Setting::new("kafka.sasl_username", Kind::Text, "", "User name at the brokers").optional(),
    Setting::new("kafka.sasl_password", Kind::Text, "", "Password at the brokers").optional().secret(),
    Setting::new(
        "kafka.ssl_ca_location",
        Kind::Text,
        "",
        "File with the certificates that the brokers' are checked against; empty: the system's",
    )
    .optional(),
    Setting::new("kafka.ssl_certificate_location", Kind::Text, "", "File with the client's own certificate").optional(),
    Setting::new("kafka.ssl_key_location", Kind::Text, "", "File with the key of the client's certificate").optional(),
    Setting::new("kafka.ssl_key_password", Kind::Text, "", "Password of that key").optional().secret(),
    Setting::new(
        "kafka.properties",
        Kind::Properties(kafka::properties::check),
        "",
        "Further librdkafka properties: a table in the file, `name=value` by `;` or line in the variable",
    )
    .optional()
    .secret(),
    Setting::new(
        "source.url",
        POSTGRES_URL,
        "",
        "The shop's Postgres, for `check`, `reconcile` and the watch of its replication slots to read; empty: they do not",
    )
    .optional()
    .secret(),
    Setting::new(
        "source.format",
        Kind::Choice(&["envelope", "flat"]),
        "envelope",
        "Debezium's envelope, or rows flattened by its unwrap transform",
    ),
    Setting::new(
        "source.epoch",
        Kind::Number(0, 2_147_483_647),
        "0",
        "Raise it when the source database was restored or replaced: its positions start anew",
    ),
    Setting::new(
        "source.decimal_scale",
        Kind::Number(0, 10),
        "",
        "Scale of base64 decimals whose events carry no schema; empty: such events are refused",
    )
    .optional(),
    Setting::new(
        "source.time_unit",
        Kind::Choice(&["auto", "millis", "micros", "nanos"]),
        "auto",
        "Unit of integer times whose events carry no schema; auto: by the size of the number, from 1971 to 2500",
    ),
    Setting::new("source.max_record_bytes", Kind::Number(1_024, 67_108_864), "1048576", "Larger records become dead letters"),
    Setting::new("source.heartbeat_topic", Kind::Topic, "auto", "Debezium's heartbeats; auto: of the orders' prefix; empty: not read")
        .optional(),
    Setting::new("connect.url", HTTP_URL, "", "Kafka Connect's REST interface, to tell how the connector is; empty: it is not asked")
        .optional(),
    Setting::new("connect.connector", Kind::Text, "shop", "Name of the connector that reads the shop"),
    Setting::new("connect.user", Kind::Text, "", "User name at Kafka Connect (basic authentication)").optional(),
    Setting::new("connect.password", Kind::Text, "", "Password at Kafka Connect").optional().secret(),
    Setting::new("connect.ssl_ca_location", Kind::Text, "", "Certificates that Connect's is checked against; empty: the system's")
        .optional(),
    Setting::new(
        "database.url",
        POSTGRES_URL,
        "postgres://orderstream:orderstream@localhost:15432/orders",
        "The Postgres that holds `results`",
    )
    .secret(),
    Setting::new("database.max_connections", Kind::Number(2, 1_000), "10", "Size of the connection pool"),
    Setting::new("database.statement_timeout_ms", Kind::Number(100, 600_000), "30000", "Longest a statement may run"),
    Setting::new("database.lock_timeout_ms", Kind::Number(10, 600_000), "5000", "Longest a statement may wait for a lock"),
    Setting::new("redis.url", REDIS_URL, "redis://localhost:6379", "The Redis that holds `customer:<id>` and `order:<id>`").secret(),
    Setting::new(
        "redis.ssl_ca_location",
        Kind::Text,
        "",
        "File with the certificates that the server's is checked against, with rediss://; empty: the system's",
    )
    .optional(),
    Setting::new("redis.ssl_certificate_location", Kind::Text, "", "File with the client's own certificate, with rediss://").optional(),
    Setting::new("redis.ssl_key_location", Kind::Text, "", "File with the key of the client's certificate").optional(),
    Setting::new("redis.lookup_deadline_ms", Kind::Number(10, 60_000), "1000", "Longest a batch waits for its customers"),
    Setting::new("redis.write_deadline_ms", Kind::Number(10, 60_000), "2000", "Longest a write-back may take"),
    Setting::new("redis.order_ttl_seconds", Kind::Number(60, 315_360_000), "604800", "Time to live of `order:<id>` after its last change"),
    Setting::new(
        "breaker.held",
        Kind::Choice(&["no", "open", "closed"]),
        "no",
        "Hold the breaker open (Redis is not asked: while it is repaired, say) or closed (every call is tried)",
    ),
    Setting::new("breaker.window_ms", Kind::Number(100, 600_000), "10000", "How far back calls to Redis count"),
    Setting::new("breaker.minimum_calls", Kind::Number(1, 10_000), "20", "Calls in the window before the share counts"),
    Setting::new("breaker.failure_share", Kind::Share, "0.5", "The breaker opens when this share of the calls in the window failed"),
    Setting::new(
        "breaker.failures_in_a_row",
        Kind::Number(0, 1_000),
        "5",
        "The breaker also opens after this many failures in a row; 0: it does not",
    ),
    Setting::new(
        "breaker.slow_call_ms",
        Kind::Number(1, 60_000),
        "",
        "Calls that take so long count as failures in the share; empty: only the deadline counts",
    )
    .optional(),
    Setting::new(
        "breaker.open_base_ms",
        Kind::Number(10, 600_000),
        "200",
        "Longest the breaker first stays open; doubles from opening to opening, with jitter",
    ),
    Setting::new("breaker.open_max_ms", Kind::Number(10, 600_000), "5000", "Longest the breaker stays open between probes"),
    Setting::new("breaker.probes", Kind::Number(1, 3), "1", "Pings that must be answered before the breaker closes"),
    Setting::new(
        "enrichment.when_redis_is_down",
        Kind::Choice(&["degrade", "hold", "dead_letter"]),
        "degrade",
        "Write the order as `pending` and complete it later, wait for Redis, or send it to the dead letters",
    ),
    Setting::new(
        "enrichment.when_customer_is_missing",
        Kind::Choice(&["degrade", "dead_letter"]),
        "degrade",
        "Write the order as `missing` and complete it later, or send it to the dead letters",
    ),
    Setting::new(
        "enrichment.when_customer_changes",
        Kind::Choice(&["refresh", "keep"]),
        "refresh",
        "Refresh the customer's orders, or keep the customer as of the order's event",
    ),
    Setting::new(
        "reconcile.every",
        Kind::Number(1, 604_800),
        "",
        "Seconds from one comparison with `source.url` to the next; empty: none by itself",
    )
    .optional(),
    Setting::new("reconcile.repair", Kind::Choice(&["false", "true"]), "false", "Set right what a comparison by itself has found"),
    Setting::new(
        "dead_letters.max_share",
        Kind::Share,
        "0.5",
        "A partition stops, and waits for an operator, when more than this share of its last records cannot be processed; 1: it does not",
    ),
    Setting::new("dead_letters.window_records", Kind::Number(1_000, 1_000_000), "1000", "How many records that share is of"),
    Setting::new(
        "retention.deleted_orders_days",
        Kind::Number(1, 36_500),
        "30",
        "How long tombstones of deleted orders are kept, never shorter than `redis.order_ttl_seconds`; empty: for ever",
    )
    .optional(),
    Setting::new(
        "retention.closed_letters_days",
        Kind::Number(1, 36_500),
        "90",
        "How long dead letters are kept after they were closed, in `dead_letters` and on the topic; empty: for ever",
    )
    .optional(),
    Setting::new("batch.max_records", Kind::Number(1, 100_000), "4000", "Most records in one transaction"),
    Setting::new(
        "batch.max_bytes",
        Kind::Number(1_024, 268_435_456),
        "8388608",
        "Most bytes in one transaction (one record is always taken)",
    ),
    Setting::new(
        "http.listen",
        Kind::Listen,
        "127.0.0.1:8080",
        "Where `/livez`, `/readyz`, `/health`, `/status` and `/metrics` answer; empty: nowhere",
    )
    .optional(),
    Setting::new("admin.listen", Kind::Loopback, "", "Where `/admin/log` changes the level, for this machine alone; empty: nowhere")
        .optional(),
    Setting::new(
        "health.stall_seconds",
        Kind::Number(1, 86_400),
        "30",
        "Not ready when there is lag and nothing was committed for this long",
    ),
    Setting::new("health.heartbeat_seconds", Kind::Number(1, 86_400), "60", "Degraded when Debezium's last heartbeat is older than this"),
    Setting::new(
        "health.slot_retained_mb",
        Kind::Number(1, 1_048_576),
        "1024",
        "Degraded when a replication slot of the shop keeps so much log",
    ),
    Setting::new("shutdown.deadline_ms", Kind::Number(100, 600_000), "9000", "Longest the batches in flight may take after SIGTERM"),
    Setting::new(
        "log.level",
        Kind::Filter,
        "info",
        "off, error, warn, info, debug, trace, or directives as `info,orderstream::flow=debug`",
    ),
    Setting::new("log.format", Kind::Choice(&["text", "json"]), "text", "Lines for people or for machines"),
    Setting::new("traces.endpoint", RECEIVER, "", "Receiver of OpenTelemetry traces, OTLP over gRPC; empty: no span is made").optional(),
    Setting::new("traces.sample", Kind::Share, "0.01", "Share of batches and sweeps traced, beside those with a sampled `traceparent`"),
];

//! The settings of Postgres, of Redis, and of the breaker around Redis.

use service::settings::{Kind, Setting};

use super::POSTGRES_URL;
use crate::config::url;

const REDIS_URL: Kind = Kind::Url { allowed: "redis://[[user]:password@]host[:port][/number], or rediss:// for TLS", check: url::redis };

pub(super) const SETTINGS: &[Setting] = &[
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
        "redis.sentinels",
        Kind::Servers,
        "",
        "Sentinels that name the master; the host in `redis.url` is then not used, everything else of it is; empty: none",
    )
    .optional(),
    Setting::new("redis.sentinel_master", Kind::Text, "", "Name of the master at the Sentinels").optional(),
    Setting::new("redis.sentinel_user", Kind::Text, "", "User name at the Sentinels").optional(),
    Setting::new("redis.sentinel_password", Kind::Text, "", "Password at the Sentinels").optional().secret(),
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
];

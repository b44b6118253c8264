//! The settings of the process: where it listens, when it is unhealthy, how it ends, what it logs and traces.

use service::settings::{Kind, Setting};

use crate::config::{receiver, tokens};

const TOKENS: Kind = Kind::Checked { allowed: "lines of `name role sha256`", check: tokens::check };

const RECEIVER: Kind = Kind::Url { allowed: "http://host:port or https://host:port", check: receiver::check };

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "http.listen",
        Kind::Listen,
        "127.0.0.1:8080",
        "Where the page, `/livez`, `/readyz`, `/health`, `/status` and `/metrics` answer; empty: nowhere",
    )
    .optional(),
    Setting::new("page.hosts", Kind::Text, "", "Names beside localhost by which the page may be asked, by comma: `orders.example:8080`")
        .optional(),
    Setting::new(
        "page.loopback",
        Kind::Choice(&["read", "off"]),
        "read",
        "Whether this machine reads the page without a token; `off` where others reach it by this machine, as through a proxy or a sidecar",
    ),
    Setting::new(
        "page.tokens",
        TOKENS,
        "",
        "Who may log in to the page: `name role sha256` by comma or line; see `orderstream page token`",
    )
    .optional()
    .secret(),
    Setting::new(
        "page.restart_connector",
        Kind::Choice(&["off", "on"]),
        "off",
        "Whether the page may have failed tasks of `connect.connector` started again",
    ),
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

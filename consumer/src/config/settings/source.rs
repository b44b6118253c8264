//! The settings of the shop and of Kafka Connect, where the events come from.

use service::settings::{Kind, Setting};

use super::POSTGRES_URL;
use crate::config::url;

const HTTP_URL: Kind = Kind::Url { allowed: "http://host:port, or https:// for TLS", check: url::http };

pub(super) const SETTINGS: &[Setting] = &[
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
];

//! The settings of Kafka.

use service::settings::{Kind, Setting};

pub(super) const SETTINGS: &[Setting] = &[
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
        Kind::Properties(::kafka::properties::check),
        "",
        "Further librdkafka properties: a table in the file, `name=value` by `;` or line in the variable",
    )
    .optional()
    .secret(),
];

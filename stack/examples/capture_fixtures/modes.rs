//! The modes of the fixtures: settings of Debezium and Kafka Connect whose events differ in shape.

use serde_json::{Map, Value, json};

use crate::cases::{FIRST_CHANGE, Group, SNAPSHOT_CUSTOMER, SNAPSHOT_ORDERS};

/// One connector: `connect/shop.json` but for these settings.
#[derive(Debug)]
pub(crate) struct Mode {
    /// The name of the mode, and of its schema in Postgres, slot, publication, connector and topic.
    pub(crate) name: &'static str,
    /// Whether keys and values come with their schemas.
    schemas: bool,
    /// `decimal.handling.mode`
    decimals: &'static str,
    /// `time.precision.mode`
    times: &'static str,
    /// `REPLICA IDENTITY FULL` or `DEFAULT`
    identity: &'static str,
    /// Whether Connect's converter writes a column's default where the value is null, which is Connect's own default.
    nulls_become_defaults: bool,
    /// SQL that makes the tables differ from those of the shop.
    tables: &'static str,
    /// Settings of the unwrap transform; none for the envelope.
    unwrap: Option<&'static [(&'static str, &'static str)]>,
    groups: &'static [Group],
}

const PRICES_AND_TIMES: &[Group] = &[Group::Prices, Group::Times];
const SHOP: Mode = Mode {
    name: "shop_json",
    schemas: false,
    decimals: "string",
    times: "isostring",
    identity: "full",
    nulls_become_defaults: false,
    tables: "",
    unwrap: None,
    groups: &[Group::Rows, Group::Prices, Group::NoNumbers, Group::Times, Group::Texts, Group::Nulls, Group::Tables, Group::Customers],
};

pub(crate) const MODES: &[Mode] = &[
    SHOP,
    // Debezium and Kafka Connect with their own defaults.
    Mode {
        name: "defaults",
        schemas: true,
        decimals: "precise",
        times: "adaptive",
        identity: "default",
        nulls_become_defaults: true,
        tables: "alter table orders alter updated_at type timestamp(3)",
        groups: &[Group::Rows, Group::Prices, Group::Times, Group::Nulls],
        ..SHOP
    },
    Mode {
        name: "schemas_double_connect",
        schemas: true,
        decimals: "double",
        times: "connect",
        groups: &[Group::Prices, Group::NoNumbers, Group::Times],
        ..SHOP
    },
    Mode {
        name: "schemas_string_nanoseconds",
        schemas: true,
        times: "nanoseconds",
        nulls_become_defaults: true,
        groups: &[Group::Times],
        ..SHOP
    },
    Mode { name: "precise_adaptive", decimals: "precise", times: "adaptive", groups: PRICES_AND_TIMES, ..SHOP },
    // In this mode nothing in an event says that its times count milliseconds.
    Mode { name: "double_connect", decimals: "double", times: "connect", groups: &[], ..SHOP },
    // A price without a fixed scale brings its scale along; a time with a zone is text in every mode.
    Mode {
        name: "variable_scale",
        decimals: "precise",
        times: "adaptive",
        tables: "alter table orders alter price type numeric, alter created_at type timestamptz, alter updated_at type timestamptz",
        groups: PRICES_AND_TIMES,
        ..SHOP
    },
    Mode {
        name: "identity_default",
        identity: "default",
        groups: &[Group::Rows, Group::Texts, Group::Nulls, Group::Customers, Group::LongNames],
        ..SHOP
    },
    Mode {
        name: "flat",
        schemas: true,
        decimals: "precise",
        times: "adaptive",
        unwrap: Some(&[]),
        groups: &[Group::Rows, Group::Prices, Group::Times, Group::Tables, Group::Customers],
        ..SHOP
    },
    Mode {
        name: "flat_rewrite",
        identity: "default",
        unwrap: Some(&[
            ("delete.tombstone.handling.mode", "rewrite"),
            ("add.fields", "op,lsn,source.sequence,source.snapshot,source.ts_ms"),
        ]),
        groups: &[Group::Rows, Group::Texts, Group::Nulls, Group::Tables, Group::Customers, Group::LongNames],
        ..SHOP
    },
];

impl Mode {
    pub(crate) fn has(&self, group: Group) -> bool {
        group == Group::Always || self.groups.contains(&group)
    }

    /// SQL for the tables of the shop, with texts of any length, and for the rows that are there before the connector.
    pub(crate) fn tables(&self) -> String {
        let Self { name, identity, tables, .. } = self;
        let customer = if self.has(Group::Customers) { SNAPSHOT_CUSTOMER } else { "" };
        format!(
            "create schema {name};
             create table orders (like public.orders including defaults including indexes);
             create table customers (like public.customers including defaults including indexes);
             create table signals (like public.debezium_signal including indexes);
             create table mark (label text primary key);
             alter table orders alter product_id type text, alter product_id set storage external;
             alter table customers alter name set storage external;
             {tables};
             alter table orders replica identity {identity};
             alter table customers replica identity {identity};
             create publication {name} for table orders, customers, signals, mark;
             {SNAPSHOT_ORDERS};
             {customer};
             insert into mark values ('{FIRST_CHANGE}')"
        )
    }

    /// The settings of the connector. A transform brings all tables together on one topic, so that the marks stand where they were made.
    pub(crate) fn connector(&self, shop: &Value) -> Value {
        let name = self.name;
        let own = json!({
            "database.user": "postgres",
            "database.password": "postgres",
            "slot.name": name,
            "publication.name": name,
            "topic.prefix": name,
            // The snapshot reads the tables in this order.
            "table.include.list": format!("{name}.customers,{name}.orders,{name}.mark,{name}.signals"),
            "signal.data.collection": format!("{name}.signals"),
            "heartbeat.interval.ms": if self.has(Group::Tables) { "500" } else { "0" },
            "key.converter.schemas.enable": self.schemas.to_string(),
            "value.converter.schemas.enable": self.schemas.to_string(),
            "value.converter.replace.null.with.default": self.nulls_become_defaults.to_string(),
            // Headers that say the same on every record are captured in one mode only.
            "extended.headers.enabled": (name == SHOP.name).to_string(),
            "decimal.handling.mode": self.decimals,
            "time.precision.mode": self.times,
            "transforms": if self.unwrap.is_some() { "unwrap,together" } else { "together" },
            "transforms.together.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.together.regex": ".*(orders|customers|mark|message|heartbeat.*)",
            "transforms.together.replacement": name,
        });
        let mut settings: Map<String, Value> = shop.as_object().into_iter().chain(own.as_object()).flatten().map(clone_pair).collect();
        settings.remove("heartbeat.action.query");
        if let Some(unwrap) = self.unwrap {
            settings.insert("transforms.unwrap.type".into(), "io.debezium.transforms.ExtractNewRecordState".into());
            settings.extend(unwrap.iter().map(|(key, value)| (format!("transforms.unwrap.{key}"), (*value).into())));
        }
        Value::Object(settings)
    }
}

fn clone_pair((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

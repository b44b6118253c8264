//! The type of a column in an event that carries its schema.

use serde::Deserialize;

/// The type that Kafka Connect's JSON converter names for a column. The names of logical types are those of Debezium and Kafka Connect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ConnectType {
    /// The plain type: `int64`, `string`, `bytes`, `array`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The logical type, such as `io.debezium.time.MicroTimestamp`.
    #[serde(default)]
    pub name: Option<String>,
    /// What the logical type needs to be read.
    #[serde(default)]
    pub parameters: Parameters,
    /// The type of the elements of an array.
    #[serde(default)]
    pub items: Option<Box<ConnectType>>,
}

/// The parameters of a logical type, which the JSON converter writes as text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Parameters {
    /// The digits behind the point of a `org.apache.kafka.connect.data.Decimal`.
    #[serde(default)]
    pub scale: Option<String>,
    /// The number of bits of an `io.debezium.data.Bits`.
    #[serde(default)]
    pub length: Option<String>,
    /// The digits of a `org.apache.kafka.connect.data.Decimal`, if the column limits them.
    #[serde(default, rename = "connect.decimal.precision")]
    pub precision: Option<String>,
    /// The source's type in capital letters, if the connector tells it (`column.propagate.source.type`).
    #[serde(default, rename = "__debezium.source.column.type")]
    pub source_type: Option<String>,
    /// The length of the source's type.
    #[serde(default, rename = "__debezium.source.column.length")]
    pub source_length: Option<String>,
    /// The scale of the source's type.
    #[serde(default, rename = "__debezium.source.column.scale")]
    pub source_scale: Option<String>,
}

impl Parameters {
    /// The digits behind the point.
    pub(crate) fn scale(&self) -> Option<i32> {
        number(self.scale.as_ref())
    }

    /// The number of bits.
    pub(crate) fn length(&self) -> Option<i32> {
        number(self.length.as_ref())
    }

    /// The digits of a decimal, if the column limits them.
    pub(crate) fn precision(&self) -> Option<i32> {
        number(self.precision.as_ref()).filter(|precision| *precision > 0)
    }

    /// The length of the source's type.
    pub(crate) fn source_length(&self) -> Option<i32> {
        number(self.source_length.as_ref())
    }

    /// The scale of the source's type.
    pub(crate) fn source_scale(&self) -> Option<i32> {
        number(self.source_scale.as_ref())
    }
}

fn number(text: Option<&String>) -> Option<i32> {
    text?.parse().ok()
}

impl ConnectType {
    /// The logical type, empty if there is none.
    pub(super) fn logical_type(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The scale of a decimal.
    pub(super) fn scale(&self) -> Option<i32> {
        self.parameters.scale()
    }

    /// The number of bits.
    pub(super) fn length(&self) -> Option<usize> {
        self.parameters.length.as_ref()?.parse().ok()
    }

    /// The source's type, if the connector tells it.
    pub(crate) fn propagated(&self) -> Option<&str> {
        self.parameters.source_type.as_deref()
    }

    /// Whether the values are bytes, also those of an array.
    pub(crate) fn is_bytes(&self) -> bool {
        self.type_ == "bytes" && self.name.is_none() || self.items.as_ref().is_some_and(|items| items.is_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_from_the_schema_of_an_event() {
        let decimal = r#"{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,
            "parameters":{"scale":"2","connect.decimal.precision":"10"},"field":"v"}"#;
        let decimal: ConnectType = serde_json::from_str(decimal).unwrap();
        assert_eq!(
            (decimal.type_.as_str(), decimal.logical_type(), decimal.scale()),
            ("bytes", "org.apache.kafka.connect.data.Decimal", Some(2))
        );
        let array: ConnectType = serde_json::from_str(r#"{"type":"array","items":{"type":"int32"},"field":"v"}"#).unwrap();
        assert_eq!(array.items.unwrap().type_, "int32");
    }
}

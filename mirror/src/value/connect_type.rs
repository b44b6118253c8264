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
}

impl ConnectType {
    /// The logical type, empty if there is none.
    pub(super) fn logical_type(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The scale of a decimal.
    pub(super) fn scale(&self) -> Option<i32> {
        self.parameters.scale.as_ref()?.parse().ok()
    }

    /// The number of bits.
    pub(super) fn length(&self) -> Option<usize> {
        self.parameters.length.as_ref()?.parse().ok()
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

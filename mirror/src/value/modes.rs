//! The settings of the source's connector that decide how a value is written, with Debezium's own names and values.
//! Source: <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-connector-properties>.

use serde::Deserialize;

use super::placeholder::Placeholder;

/// How the connector writes values. The default is what `connect/mirror-source.json` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modes {
    /// `decimal.handling.mode`: of numeric and money.
    pub decimal: DecimalMode,
    /// `time.precision.mode`: of date, time and timestamp.
    pub time: TimeMode,
    /// `binary.handling.mode`: of bytea and of unknown types.
    pub binary: BinaryMode,
    /// `interval.handling.mode`.
    pub interval: IntervalMode,
    /// `hstore.handling.mode`.
    pub hstore: HstoreMode,
    /// `money.fraction.digits`: the scale of money in [`DecimalMode::Precise`].
    pub money_fraction_digits: i32,
    /// `include.unknown.datatypes`: whether a type that Debezium does not know arrives as the bytes of its text, or not at all.
    pub include_unknown: bool,
    /// `unavailable.value.placeholder`: what stands for a value that an event leaves out.
    pub placeholder: Placeholder,
}

/// The values of `decimal.handling.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecimalMode {
    /// Base64 of a two's complement, whose scale is in the schema or beside the value.
    Precise,
    /// A JSON number with 15 to 17 digits.
    Double,
    /// The digits as text.
    String,
}

/// The values of `time.precision.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeMode {
    /// Milliseconds up to a precision of 3, else microseconds.
    Adaptive,
    /// The same, but a time of day always in microseconds.
    AdaptiveTimeMicroseconds,
    /// Milliseconds, by Kafka Connect's own types.
    Connect,
    /// ISO 8601 text.
    Isostring,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// The values of `binary.handling.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BinaryMode {
    /// Bytes, which the JSON converter writes as base64.
    Bytes,
    /// Base64 text.
    Base64,
    /// Base64 text with `-` and `_`.
    Base64UrlSafe,
    /// Hexadecimal text.
    Hex,
}

/// The values of `interval.handling.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntervalMode {
    /// Microseconds, with a month of 30.4375 days.
    Numeric,
    /// ISO 8601 text.
    String,
}

/// The values of `hstore.handling.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HstoreMode {
    /// The text of a JSON object.
    Json,
    /// A JSON object.
    Map,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            decimal: DecimalMode::String,
            time: TimeMode::Microseconds,
            binary: BinaryMode::Bytes,
            interval: IntervalMode::String,
            hstore: HstoreMode::Json,
            money_fraction_digits: 2,
            include_unknown: true,
            placeholder: Placeholder::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a, T: Deserialize<'a>>(json: &'a str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_values_of_a_setting_have_the_names_that_debezium_gives_them() {
        assert_eq!(named::<DecimalMode>(r#""precise""#), DecimalMode::Precise);
        assert_eq!(named::<TimeMode>(r#""adaptive_time_microseconds""#), TimeMode::AdaptiveTimeMicroseconds);
        assert_eq!(named::<TimeMode>(r#""isostring""#), TimeMode::Isostring);
        assert_eq!(named::<BinaryMode>(r#""base64-url-safe""#), BinaryMode::Base64UrlSafe);
        assert_eq!(named::<IntervalMode>(r#""numeric""#), IntervalMode::Numeric);
        assert_eq!(named::<HstoreMode>(r#""map""#), HstoreMode::Map);
    }
}

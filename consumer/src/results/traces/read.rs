//! Reads the answer of the functions that gather a trace.

use change::position::{Origin, Position};
use change::value::Timestamp;
use chrono::{DateTime, Utc};
use ledger::StoreError;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::StoredRow;
use crate::orders::customer::Customer;
use crate::orders::enrich::{Enrichment, KnownCustomer};
use crate::orders::row::ResultRow;

/// The error names a field and no value (P11).
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        let what = format!("a column that no event writes so, at character {} of the answer", error.column());
        sqlx::Error::Decode(what.into()).into()
    })
}

/// A row as `order_trace` gives it.
#[derive(Deserialize)]
struct RawRow {
    order_id: i64,
    customer_id: Option<String>,
    customer_name: Option<String>,
    customer_email: Option<String>,
    customer_tier: Option<String>,
    customer_country: Option<String>,
    product_id: String,
    quantity: i32,
    price: String,
    total: String,
    status: Option<String>,
    ordered_at: Option<i64>,
    updated_at: Option<i64>,
    enrichment: String,
    refused: Option<String>,
    #[serde(deserialize_with = "instant")]
    processed_at: DateTime<Utc>,
    revision: i64,
    customer_version: Option<String>,
    #[serde(flatten, deserialize_with = "position")]
    position: Position,
}

impl<'de> Deserialize<'de> for StoredRow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawRow::deserialize(from)?;
        let amount = |text: &str| text.parse().map_err(|_| D::Error::custom("price or total is no amount"));
        let time = |micros: Option<i64>| micros.map(time).transpose().map_err(D::Error::custom);
        let customer = Customer {
            name: raw.customer_name.map(Into::into),
            email: raw.customer_email.map(Into::into),
            tier: raw.customer_tier.map(Into::into),
            country: raw.customer_country.map(Into::into),
        };
        let row = ResultRow {
            order_id: raw.order_id,
            customer_id: raw.customer_id.map(Into::into),
            customer: KnownCustomer { customer, version: raw.customer_version.map(Into::into) }.into(),
            product_id: raw.product_id.into(),
            quantity: raw.quantity,
            price: amount(&raw.price)?,
            total: amount(&raw.total)?,
            status: raw.status.map(Into::into),
            ordered_at: time(raw.ordered_at)?,
            updated_at: time(raw.updated_at)?,
            enrichment: Enrichment::parse(&raw.enrichment).ok_or_else(|| D::Error::custom("enrichment is none of the four"))?,
            refused: raw.refused.map(Into::into),
            processed_at: raw.processed_at,
            revision: raw.revision,
        };
        Ok(Self { row, position: raw.position })
    }
}

/// A time of the shop from its microseconds; the ends of `i64` are the infinities.
fn time(micros: i64) -> Result<Timestamp, &'static str> {
    match micros {
        i64::MAX => Ok(Timestamp::INFINITY),
        i64::MIN => Ok(Timestamp::NEG_INFINITY),
        micros => Timestamp::from_micros(micros).ok_or("a timestamp after the year 294246"),
    }
}

pub(super) fn position<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
    #[derive(Deserialize)]
    struct Raw {
        epoch: i32,
        partition: i32,
        offset: i64,
        kind: char,
        commit_lsn: Option<i64>,
        lsn: Option<i64>,
        source_ms: Option<i64>,
    }
    let Raw { epoch, partition, offset, kind, commit_lsn, lsn, source_ms } = Raw::deserialize(from)?;
    let kind = Origin::from_code(kind).ok_or_else(|| D::Error::custom("kind is none of the five"))?;
    Ok(Position { epoch, partition, offset, kind, commit: commit_lsn, lsn, ts_ms: source_ms })
}

pub(in crate::results) fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(from)?;
    DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).map_err(|_| D::Error::custom("a time that is none"))
}

pub(super) fn maybe_instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let time = text.map(|text| DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()));
    time.transpose().map_err(|_| D::Error::custom("a time that is none"))
}

//! Times as Postgres' binary `timestamp`, with its infinities.

use change::value::Timestamp;
use chrono::NaiveDateTime;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

/// Microseconds from 1970-01-01 to 2000-01-01, where Postgres begins to count.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A time on its way to Postgres or back: microseconds since 2000. The two ends of `i64` are the infinities, which chrono does not have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        <NaiveDateTime as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Time {
    fn array_type_info() -> PgTypeInfo {
        <NaiveDateTime as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Time {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let micros = match self.0 {
            Timestamp::INFINITY | Timestamp::NEG_INFINITY => self.0.micros(),
            finite => finite.micros() - POSTGRES_EPOCH_MICROS,
        };
        buffer.extend_from_slice(&micros.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Time {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match <i64 as Decode<'_, Postgres>>::decode(value)? {
            i64::MAX => Ok(Self(Timestamp::INFINITY)),
            i64::MIN => Ok(Self(Timestamp::NEG_INFINITY)),
            micros => {
                let since_1970 = micros.checked_add(POSTGRES_EPOCH_MICROS).and_then(Timestamp::from_micros);
                since_1970.map(Self).ok_or_else(|| "a timestamp after the year 294246".into())
            }
        }
    }
}

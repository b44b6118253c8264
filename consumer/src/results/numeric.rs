//! Money as Postgres' binary `numeric`. The driver's own encoding divides 128-bit numbers digit by digit and allocates for each. The
//! driver's encoding is still used for amounts that are larger than money ever is.

use rust_decimal::Decimal;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, Postgres};
use sqlx::{Encode, Type};

/// A digit of `numeric` holds four decimal digits. Source: `numeric_recv` in Postgres' numeric.c.
const BASE: u64 = 10_000;
const DECIMALS_PER_DIGIT: u32 = 4;
/// The number of such digits that a `u64` has at most.
const DIGITS: usize = 5;
const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0;

/// An amount on its way to Postgres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Money(pub(super) Decimal);

impl Type<Postgres> for Money {
    fn type_info() -> PgTypeInfo {
        <Decimal as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Money {
    fn array_type_info() -> PgTypeInfo {
        <Decimal as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Money {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match Numeric::of(self.0) {
            Some(numeric) => {
                numeric.write(buffer);
                Ok(IsNull::No)
            }
            None => self.0.encode_by_ref(buffer),
        }
    }
}

/// A number of up to five digits to the base of ten thousand, the last digit first.
struct Numeric {
    digits: [u16; DIGITS],
    count: usize,
    /// The power of the base that belongs to the first digit.
    weight: i16,
    sign: u16,
    scale: u16,
}

impl Numeric {
    /// The number, or `None` if it has too many digits.
    fn of(amount: Decimal) -> Option<Self> {
        let scale = amount.scale();
        let padding = (DECIMALS_PER_DIGIT - scale % DECIMALS_PER_DIGIT) % DECIMALS_PER_DIGIT;
        let mantissa = u64::try_from(amount.mantissa().unsigned_abs()).ok()?;
        let mut rest = mantissa.checked_mul(10_u64.pow(padding))?;
        let mut digits = [0; DIGITS];
        let mut count = 0;
        while rest > 0 {
            digits[count] = u16::try_from(rest % BASE).ok()?;
            rest /= BASE;
            count += 1;
        }
        let behind_the_point = i16::try_from((scale + padding) / DECIMALS_PER_DIGIT).ok()?;
        let weight = i16::try_from(count).ok()? - 1 - behind_the_point;
        let sign = if amount.is_sign_negative() { NEGATIVE } else { POSITIVE };
        Some(Self { digits, count, weight, sign, scale: u16::try_from(scale).ok()? })
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        let count = u16::try_from(self.count).unwrap_or(0);
        buffer.extend_from_slice(&count.to_be_bytes());
        buffer.extend_from_slice(&self.weight.to_be_bytes());
        buffer.extend_from_slice(&self.sign.to_be_bytes());
        buffer.extend_from_slice(&self.scale.to_be_bytes());
        for digit in self.digits[..self.count].iter().rev() {
            buffer.extend_from_slice(&digit.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The amount that the digits add up to.
    fn value(numeric: &Numeric) -> Decimal {
        let mut value = Decimal::ZERO;
        for digit in numeric.digits[..numeric.count].iter().rev() {
            value = value * Decimal::from(BASE) + Decimal::from(*digit);
        }
        let places = i16::try_from(numeric.count).expect("few") - 1 - numeric.weight;
        for _ in 0..places {
            value /= Decimal::from(BASE);
        }
        if numeric.sign == NEGATIVE { -value } else { value }
    }

    #[test]
    fn an_amount_is_written_as_postgres_sends_it() {
        let mut buffer = Vec::new();
        Numeric::of("12345.67".parse().expect("a decimal")).expect("small").write(&mut buffer);
        // The digits are 1 * 10000 + 2345 + 6700 / 10000, and the scale is two decimals.
        assert_eq!(buffer, [0, 3, 0, 1, 0, 0, 0, 2, 0, 1, 9, 41, 26, 44]);
    }

    #[test]
    fn an_amount_of_more_than_five_digits_is_left_to_the_driver() {
        assert!(Numeric::of(Decimal::MAX).is_none());
    }

    proptest! {
        #[test]
        fn digits_add_up_to_the_amount(mantissa in -1_000_000_000_000_000_i64..1_000_000_000_000_000, scale in 0_u32..8) {
            let amount = Decimal::new(mantissa, scale);
            let numeric = Numeric::of(amount).expect("small");
            prop_assert_eq!(value(&numeric), amount);
            prop_assert_eq!(u32::from(numeric.scale), scale);
        }
    }
}

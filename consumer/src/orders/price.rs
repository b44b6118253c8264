//! Reads the money of an order, and checks that it fits the columns of `results`.

use change::envelope::{ColumnTypes, Field, Number, decimal};
use change::rejection::Rejection;
use rust_decimal::Decimal;

/// The limit of `numeric(12,2)`, in hundredths: the first number that does not fit.
const PRICE_LIMIT: u128 = 10_u128.pow(12);
/// The limit of `numeric(20,2)`: the first whole number that does not fit.
const TOTAL_LIMIT: i64 = 10_i64.pow(18);

/// Reads the price, which must not be negative and must fit `numeric(12,2)`.
pub(super) fn price(field: Field<'_>, columns: Option<&ColumnTypes<'_>>, configured_scale: Option<u32>) -> Result<Decimal, Rejection> {
    let number = decimal(field, columns, configured_scale)?;
    if number.negative && number.mantissa != 0 {
        return Err(Rejection::invalid(format!("{field}: negative")));
    }
    hundredths(number).map(|hundredths| Decimal::new(hundredths, 2)).ok_or_else(|| {
        Rejection::invalid(format!("{field}: does not fit numeric(12,2): at most 10 digits before the point and 2 after it"))
    })
}

/// Computes `quantity * price`, which must fit `numeric(20,2)`.
pub(super) fn total(quantity: i32, price: Decimal) -> Result<Decimal, Rejection> {
    price
        .checked_mul(Decimal::from(quantity))
        .filter(|total| *total < Decimal::from(TOTAL_LIMIT))
        .ok_or_else(|| Rejection::invalid("total: quantity * price does not fit numeric(20,2)"))
}

/// The number in hundredths, if it is a whole number of hundredths and fits `numeric(12,2)`. A saturated mantissa never is.
fn hundredths(number: Number) -> Option<i64> {
    let (mut mantissa, mut exponent) = (number.mantissa, number.exponent + 2);
    if mantissa == 0 {
        return Some(0);
    }
    while exponent < 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    while exponent > 0 && mantissa < PRICE_LIMIT {
        mantissa *= 10;
        exponent -= 1;
    }
    (exponent == 0 && mantissa < PRICE_LIMIT).then(|| i64::try_from(mantissa).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundredths(text: &str) -> Option<i64> {
        Number::parse(text).and_then(super::hundredths)
    }

    #[test]
    fn decimals_are_exact_to_the_last_hundredth() {
        for (text, expected) in [
            ("0", 0),
            ("-0.00", 0),
            ("0e999999999", 0),
            ("0.1", 10),
            ("19.99", 1999),
            ("007.5", 750),
            ("1E+2", 10_000),
            ("1.5e1", 1500),
            ("150E-1", 1500),
            ("12300e-4", 123),
            ("1.10000000000000000000000000000000000000000000", 110),
            ("9999999999.99", 999_999_999_999),
            ("0.30", 30),
        ] {
            assert_eq!(hundredths(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_or_is_no_number_is_none() {
        let digits = "9".repeat(1000);
        for text in ["10000000000", "0.005", "1e10", "1e-3", &digits, &format!("0.{digits}"), "", "-", "+1", "1.2.3", "1e1e1", "٣", "0x10"]
        {
            assert_eq!(hundredths(text), None, "{text}");
        }
    }
}

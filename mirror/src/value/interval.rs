//! Intervals, in the two ways of `interval.handling.mode`.

use std::borrow::Cow;

use change::envelope::Json;

use super::json;
use super::mismatch::Mismatch;

/// Reads `P1Y2M3DT4H5M6.78S`, which Postgres reads too, also with negative parts; or microseconds, in which months and days are lost.
pub(super) fn interval(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match json::kind(raw) {
        Json::Text => json::text(raw),
        Json::Number => {
            let micros: i64 = raw.parse().map_err(|_| Mismatch::new("microseconds", "a number that is no integer of 64 bits"))?;
            Ok(Cow::Owned(format!("{micros} microseconds")))
        }
        _ => Err(Mismatch::of(raw, "an ISO 8601 interval or microseconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_text_or_microseconds() {
        for (raw, expected) in [(r#""P-1Y-2M3DT-4H-5M-6.000001S""#, "P-1Y-2M3DT-4H-5M-6.000001S"), ("-1", "-1 microseconds")] {
            assert_eq!(interval(raw).as_deref(), Ok(expected));
        }
        assert!(interval("1.5").is_err());
    }
}

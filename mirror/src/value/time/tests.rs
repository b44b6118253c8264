use super::*;
use crate::value::{ConnectType, Modes};

fn with<T>(time: TimeMode, read: impl FnOnce(Written<'_>) -> T) -> T {
    read(Written { modes: &Modes { time, ..Modes::default() }, schema: None })
}

#[test]
fn the_limits_are_the_days_that_they_are_called() {
    assert_eq!(calendar::days_since_1970(-5_877_611, 6, 21), Some(INFINITE_DAYS[0]));
    assert_eq!(calendar::days_since_1970(-5_877_611, 6, 22), Some(NEG_INFINITE_DAYS[0]));
    assert_eq!(calendar::days_since_1970(-4713, 11, 24), Some(*DAYS.start()));
    assert_eq!(calendar::days_since_1970(5_874_897, 12, 31), Some(*DAYS.end()));
    assert_eq!(TIMESTAMP_DAYS.start(), DAYS.start());
    assert_eq!(calendar::days_since_1970(294_276, 12, 31), Some(*TIMESTAMP_DAYS.end()));
}

#[test]
fn a_date_of_any_year_is_written_as_postgres_reads_it() {
    for (raw, expected) in [
        ("0", "1970-01-01"),
        ("-1", "1969-12-31"),
        ("11016", "2000-02-29"),
        ("-719162", "0001-01-01"),
        ("-719163", "0001-12-31 BC"),
        ("-2440588", "4714-11-24 BC"),
        ("2145042905", "5874897-12-31"),
        ("-2147472692", "infinity"),
        ("-2147472691", "-infinity"),
        ("2146033979", "infinity"),
        ("-622191234", "infinity"),
        ("-625821272", "-infinity"),
        (r#""2017-09-15Z""#, "2017-09-15"),
    ] {
        assert_eq!(date(raw).as_deref(), Ok(expected), "{raw}");
    }
    for raw in ["-2440589", "2145042906", "true", "1.5"] {
        assert!(date(raw).is_err(), "{raw}");
    }
}

#[test]
fn a_time_of_day_keeps_its_microseconds_and_the_24th_hour() {
    for (mode, raw, precision, expected) in [
        (TimeMode::Microseconds, "0", None, "00:00:00"),
        (TimeMode::Microseconds, "1", None, "00:00:00.000001"),
        (TimeMode::Microseconds, "86400000000", None, "24:00:00"),
        (TimeMode::Nanoseconds, "86399999999000", None, "23:59:59.999999"),
        (TimeMode::Connect, "86400000", None, "24:00:00"),
        (TimeMode::Adaptive, "45296789", Some(3), "12:34:56.789000"),
        (TimeMode::Adaptive, "45296789012", Some(6), "12:34:56.789012"),
        (TimeMode::AdaptiveTimeMicroseconds, "45296789000", Some(3), "12:34:56.789000"),
    ] {
        assert_eq!(with(mode, |written| time(raw, precision, written)).as_deref(), Ok(expected), "{mode:?} {raw}");
    }
    assert!(with(TimeMode::Microseconds, |written| time("86400000001", None, written)).is_err());
    assert!(with(TimeMode::Microseconds, |written| time("-1", None, written)).is_err());
    assert!(with(TimeMode::Isostring, |written| time("1", None, written)).is_err());
}

#[test]
fn a_timestamp_of_any_year_is_written_as_postgres_reads_it() {
    for (mode, raw, precision, expected) in [
        (TimeMode::Microseconds, "0", None, "1970-01-01 00:00:00"),
        (TimeMode::Microseconds, "-1", None, "1969-12-31 23:59:59.999999"),
        (TimeMode::Microseconds, "-62135596800000001", None, "0001-12-31 23:59:59.999999 BC"),
        (TimeMode::Microseconds, "-210866803200000000", None, "4714-11-24 00:00:00 BC"),
        (TimeMode::Microseconds, "9223372036825200000", None, "infinity"),
        (TimeMode::Microseconds, "-9223372036832400000", None, "-infinity"),
        (TimeMode::Microseconds, "9223372036854775807", None, "infinity"),
        (TimeMode::Microseconds, "-9223372036854775808", None, "-infinity"),
        (TimeMode::Microseconds, "9223372036825200001", None, "294247-01-10 04:00:25.200001"),
        (TimeMode::Adaptive, "1704067200123", Some(3), "2024-01-01 00:00:00.123000"),
        (TimeMode::Adaptive, "9223372036825200", Some(3), "infinity"),
        (TimeMode::Connect, "9223372036825200000", None, "infinity"),
        (TimeMode::Connect, "-9223372036832400000", None, "-infinity"),
        (TimeMode::Connect, "9223372036855500", None, "294247-01-10 04:00:55.500000"),
        (TimeMode::AdaptiveTimeMicroseconds, "-9223372036832400", Some(0), "-infinity"),
        (TimeMode::Nanoseconds, "-1000", None, "1969-12-31 23:59:59.999999"),
        (TimeMode::Nanoseconds, "9223372036854775807", None, "infinity"),
        (TimeMode::Nanoseconds, "-9223372036854775808", None, "-infinity"),
    ] {
        assert_eq!(with(mode, |written| timestamp(raw, precision, written)).as_deref(), Ok(expected), "{mode:?} {raw}");
    }
}

#[test]
fn a_timestamp_that_64_bits_cannot_hold_is_refused_instead_of_being_another() {
    for raw in ["-9223372036854775807", "-9223372036853775810", "-210866803200000001"] {
        assert!(with(TimeMode::Microseconds, |written| timestamp(raw, None, written)).is_err(), "{raw}");
    }
}

#[test]
fn the_schema_tells_the_unit_whatever_the_mode_says() {
    let schema = |name: &str| ConnectType { name: Some(name.to_owned()), type_: "int64".to_owned(), ..ConnectType::default() };
    for (name, raw) in [
        ("io.debezium.time.Timestamp", "1000"),
        ("org.apache.kafka.connect.data.Timestamp", "1000"),
        ("io.debezium.time.MicroTimestamp", "1000000"),
        ("io.debezium.time.NanoTimestamp", "1000000000"),
    ] {
        let written = Written { modes: &Modes::default(), schema: Some(&schema(name)) };
        assert_eq!(timestamp(raw, None, written).as_deref(), Ok("1970-01-01 00:00:01"), "{name}");
    }
    let written = Written { modes: &Modes::default(), schema: Some(&ConnectType::default()) };
    assert!(timestamp("0", None, written).is_err());
}

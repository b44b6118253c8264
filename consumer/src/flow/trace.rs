//! The trace of a batch: the span of the batch, and the spans of those of its records whose way from the source to here is told.
//!
//! ```text
//! record                 the change in the source ─────────────────────────────────────────▶ its hash is written
//!   capture              the change in the source ─▶ the event in Kafka
//!   wait                                             the event in Kafka ─▶ received here
//!   batch                                                                  received here ──▶ its hash is written
//!     decode, lookup, dead_letter, commit, write_back
//! ```
//!
//! A batch is traced if the draw says so, or if one of its records is part of a trace that somebody else has sampled: whoever sampled it is
//! going to look for the rest. Without such a record, the way of the first record is told, in a trace that begins with it. No span holds a
//! value of an event but the order's id (P11).

use std::ops::Range;
use std::time::{Duration, SystemTime};

use change::fate::{Fate, Fates};
use change::record::Record;
use service::traces::{Beginning, Origin, Span};

use crate::shared::{Place, Shared};

/// The header that names the trace of a record.
const TRACEPARENT: &str = "traceparent";

/// The records of a batch whose way is told at most (P10).
const TOLD: usize = 8;

/// The span of a batch, with the spans of the records around it. Empty for a batch that is not traced. Clones are the same trace, which
/// ends with the last of them.
#[derive(Debug, Clone, Default)]
pub(super) struct BatchTrace {
    /// The span of the batch.
    pub(super) span: Span,
    /// Open for as long as the batch is.
    _records: Vec<Span>,
}

/// Begins the trace of a batch that was just received, if the batch is traced. `order_of` tells the order of a record.
pub(super) fn begin(
    shared: &Shared,
    place: &Place,
    records: &[Record],
    offsets: &Range<i64>,
    order_of: impl Fn(&Record) -> Option<i64>,
) -> BatchTrace {
    if !shared.traces.is_on() || records.is_empty() {
        return BatchTrace::default();
    }
    let mut told = sampled(records);
    let origins: Vec<Origin> = told.iter().filter_map(|(_, origin)| origin.clone()).collect();
    if told.is_empty() {
        if !shared.traces.draw() {
            return BatchTrace::default();
        }
        told.extend(records.iter().find(|record| record.value.is_some()).map(|record| (record, None)));
    }
    let now = SystemTime::now();
    let way = |(record, origin): &(&Record, Option<Origin>)| {
        let source = shared.decoder.position(record).ts_ms;
        told_of(shared, record, origin.clone(), Times::of(source, record.timestamp_ms, now), order_of(record))
    };
    let ways: Vec<Span> = told.iter().map(way).collect();
    let span = match ways.first() {
        Some(record) => record.part("batch", &origins),
        None => shared.traces.begin("batch", &Beginning::default(), &origins),
    };
    describe(&span, place, records, offsets);
    BatchTrace { span, _records: ways }
}

/// The records that are part of a trace that somebody else has sampled, up to a fixed number.
fn sampled(records: &[Record]) -> Vec<(&Record, Option<Origin>)> {
    let origin = |record: &Record| Origin::parse(record.headers.last(TRACEPARENT)?).filter(Origin::is_sampled);
    records.iter().filter_map(|record| Some((record, Some(origin(record)?)))).take(TOLD).collect()
}

/// Begins the span of a record at the time of its change, and notes the way until now.
fn told_of(shared: &Shared, record: &Record, origin: Option<Origin>, times: Times, order: Option<i64>) -> Span {
    let span = shared.traces.begin("record", &Beginning { at: Some(times.changed), origin }, &[]);
    span.set("messaging.kafka.offset", record.offset);
    order.into_iter().for_each(|order| span.set("orderstream.order_id", order));
    span.past("capture", times.changed, times.in_kafka);
    span.past("wait", times.in_kafka, times.received);
    span
}

/// Says which batch it is. The names with `messaging` are those of OpenTelemetry's semantic conventions.
fn describe(span: &Span, place: &Place, records: &[Record], offsets: &Range<i64>) {
    span.set("messaging.system", "kafka");
    span.set("messaging.operation.type", "process");
    span.set("messaging.destination.name", place.tenure.claim.topic.to_string());
    span.set("messaging.destination.partition.id", place.tenure.claim.partition.to_string());
    span.set("messaging.batch.message_count", count(records.len()));
    span.set("orderstream.bytes", count(records.iter().map(Record::size).sum()));
    span.set("orderstream.offset_from", offsets.start);
    span.set("orderstream.offset_to", offsets.end);
}

impl BatchTrace {
    /// Says that the batch was committed, and what became of its records.
    pub(super) fn committed(&self, fates: Fates) {
        if self.span.is_traced() {
            for fate in Fate::ALL {
                self.span.set(name(fate), i64::try_from(fates.of(fate)).unwrap_or(i64::MAX));
            }
        }
    }
}

fn name(fate: Fate) -> &'static str {
    match fate {
        Fate::Applied => "orderstream.applied",
        Fate::Stale => "orderstream.stale",
        Fate::Ignored => "orderstream.ignored",
        Fate::DeadLettered => "orderstream.dead_lettered",
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The stations of a record, in their order. Each is by another machine's clock, so a station that would lie before the one before it, or
/// after now, is moved there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    /// The time at which the source made the change.
    changed: SystemTime,
    /// The time at which Kafka had the event.
    in_kafka: SystemTime,
    /// The time at which the event was here.
    received: SystemTime,
}

impl Times {
    /// The stations by the milliseconds since 1970 that event and record tell. A station that nobody tells is the next one.
    fn of(source: Option<i64>, kafka: Option<i64>, received: SystemTime) -> Self {
        let at = |ms: i64| SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let in_kafka = kafka.map_or(received, |ms| at(ms).min(received));
        let changed = source.map_or(in_kafka, |ms| at(ms).min(in_kafka));
        Self { changed, in_kafka, received }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
    }

    #[test]
    fn stations_stay_in_their_order_whatever_the_clocks_say() {
        let times = |source, kafka| {
            let Times { changed, in_kafka, received } = Times::of(source, kafka, at(1_000));
            [changed, in_kafka, received]
        };
        assert_eq!(times(Some(900), Some(950)), [at(900), at(950), at(1_000)]);
        assert_eq!(times(None, Some(950)), [at(950), at(950), at(1_000)], "an event without the source's time");
        assert_eq!(times(Some(900), None), [at(900), at(1_000), at(1_000)], "a record without Kafka's time");
        assert_eq!(times(Some(970), Some(950)), [at(950), at(950), at(1_000)], "the source's clock is ahead");
        assert_eq!(times(Some(2_000), Some(3_000)), [at(1_000); 3], "both clocks are ahead");
        assert_eq!(times(Some(-5), Some(950)), [at(0), at(950), at(1_000)]);
    }

    #[test]
    fn only_records_of_sampled_traces_are_told_of_and_not_too_many() {
        let record = |offset, flags: &str| Record {
            topic: "t".into(),
            partition: 0,
            offset,
            timestamp_ms: None,
            key: None,
            value: None,
            headers: [(TRACEPARENT, Some(format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}")))].into_iter().collect(),
        };
        let mut records = vec![record(0, "00"), record(1, "01"), record(2, "zz")];
        assert_eq!(sampled(&records).iter().map(|(record, _)| record.offset).collect::<Vec<_>>(), [1]);
        records.extend((3..30).map(|offset| record(offset, "01")));
        assert_eq!(sampled(&records).len(), TOLD);
    }
}

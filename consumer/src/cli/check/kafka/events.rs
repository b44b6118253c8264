//! Reads the last events of a topic with the decoder that `run` would use, to tell what will become of the next ones (P9).
//!
//! The check reads beside the consumer group and commits nothing. The judging is pure.

use change::effect::Effect;
use change::record::Record;
use change::rejection::Rejection;
use kafka::reread::{Batches, Reread};
use kafka::source::survey::{SurveyError, survey};
use kafka::source::{RereadError, TopicPartition, Watermarks};
use service::tasks;

use crate::cli::check::{Findings, in_time};
use crate::orders::absent::{ColumnSet, ContractColumn, Tally};
use crate::orders::customer::CustomerChange;
use crate::orders::decode::{Decoded, Decoder};
use crate::orders::order::OrderChange;

/// How many offsets at the end of each partition are looked at. Some of them may hold no record.
const LAST: i64 = 100;

/// How many partitions are read at once: each takes a Kafka client (P10).
const AT_ONCE: usize = 8;

/// How many different reasons for dead letters are reported.
const REASONS: usize = 3;

/// Reads an event. Returns the columns that the event's row lacks, if the event has a row.
pub(super) type Decode = fn(&Decoder, &Record) -> Result<Option<ColumnSet>, Rejection>;

/// Reads an event of `orders`.
pub(super) fn order(decoder: &Decoder, record: &Record) -> Result<Option<ColumnSet>, Rejection> {
    Ok(match decoder.order(record)? {
        Decoded::Change(OrderChange { effect: Effect::Put(order), .. }) => Some(order.absent),
        _ => None,
    })
}

/// Reads an event of `customers`.
pub(super) fn customer(decoder: &Decoder, record: &Record) -> Result<Option<ColumnSet>, Rejection> {
    Ok(match decoder.customer(record)? {
        Decoded::Change(CustomerChange { effect: Effect::Put(customer), .. }) => Some(customer.absent()),
        _ => None,
    })
}

/// Looks at the last events of a topic that is known to exist.
pub(super) async fn check(reread: &Reread, topic: &str, decoder: &Decoder, decode: Decode, findings: &mut Findings) {
    let mut seen = Seen::default();
    // What was seen before the deadline counts.
    let read = in_time(async { Ok(read(reread, topic, |record| seen.add(record, decode(decoder, record))).await) }).await;
    match read {
        Ok(Err(Unread::Forbidden(what))) => findings.failed(what),
        Ok(Err(Unread::Otherwise(why))) | Err(why) => judge(topic, &seen, Err(why), findings),
        Ok(Ok(())) => judge(topic, &seen, Ok(()), findings),
    }
}

/// Why events were not read.
enum Unread {
    /// A right is missing. The words say what to grant.
    Forbidden(String),
    /// Something else, which may pass.
    Otherwise(String),
}

impl From<RereadError> for Unread {
    fn from(error: RereadError) -> Self {
        match error {
            RereadError::Forbidden(what) => Self::Forbidden(what),
            error => Self::Otherwise(error.to_string()),
        }
    }
}

async fn read(reread: &Reread, topic: &str, mut see: impl FnMut(&Record)) -> Result<(), Unread> {
    let (from, topics) = (reread.clone(), [topic.to_owned()]);
    let survey = tasks::blocking(move || survey(&from.properties, &from.group, &topics)).await.map_err(|error| match error {
        // The whole text of this error tells the reader to run `check`.
        SurveyError::Unavailable(error) => Unread::Otherwise(error.to_string()),
        error => Unread::Otherwise(error.to_string()),
    })?;
    let logs: Vec<(TopicPartition, Watermarks)> = survey.logs.into_iter().collect();
    for some in logs.chunks(AT_ONCE) {
        // Each reader reads ahead while the records of another one are looked at.
        let ends: Vec<Batches> = some.iter().map(|(partition, log)| end_of(reread, partition, *log)).collect();
        for mut end in ends {
            while let Some(records) = end.next().await {
                records.map_err(Unread::from)?.iter().for_each(&mut see);
            }
        }
    }
    Ok(())
}

fn end_of(reread: &Reread, partition: &TopicPartition, log: Watermarks) -> Batches {
    reread.start(&partition.topic, partition.number, log.low.max(log.high - LAST)..log.high)
}

/// What was seen of a topic.
#[derive(Debug, Default)]
struct Seen {
    events: u64,
    /// Events that say what a row is; `absent` counts the columns that they lack.
    rows: u64,
    absent: Tally,
    refused: Vec<Refused>,
}

/// Events that cannot be read, for the same reason.
#[derive(Debug)]
struct Refused {
    message: String,
    events: u64,
    /// The partition and the offset of the first such event.
    first: (i32, i64),
}

impl Seen {
    fn add(&mut self, record: &Record, read: Result<Option<ColumnSet>, Rejection>) {
        self.events += 1;
        match read {
            Ok(Some(absent)) => {
                self.rows += 1;
                self.absent.add(absent);
            }
            Ok(None) => {}
            Err(Rejection { message, .. }) => match self.refused.iter_mut().find(|refused| refused.message == message) {
                Some(refused) => refused.events += 1,
                None => self.refused.push(Refused { message, events: 1, first: (record.partition, record.offset) }),
            },
        }
    }
}

fn judge(topic: &str, seen: &Seen, read: Result<(), String>, findings: &mut Findings) {
    let all = match seen.events {
        1 => format!("the last event of {topic}"),
        events => format!("the last {events} events of {topic}"),
    };
    match read {
        Err(error) => findings.warning(format!("the last events of {topic} cannot all be looked at: {error}; {} seen", seen.events)),
        Ok(()) if seen.events == 0 => findings.ok(format!("{topic} has no events yet, so none was looked at")),
        Ok(()) if seen.refused.is_empty() => findings.ok(format!("{all} can {}be read", if seen.events == 1 { "" } else { "all " })),
        Ok(()) => {}
    }
    let some = |events: u64| if seen.events == 1 { all.clone() } else { format!("{events} of {all}") };
    refused(topic, some, &seen.refused, findings);
    let lack = |(column, events): (ContractColumn, u64)| format!("{} ({events} of {})", column.as_str(), seen.rows);
    let absent: Vec<String> = seen.absent.counts().map(lack).collect();
    if !absent.is_empty() {
        let absent = absent.join(", ");
        findings.warning(format!("{all}: inserts and updates lack columns: {absent}; what is stored stays, see docs/contract.md"));
    }
}

fn refused(topic: &str, some: impl Fn(u64) -> String, refused: &[Refused], findings: &mut Findings) {
    let mut by_number: Vec<&Refused> = refused.iter().collect();
    by_number.sort_by_key(|refused| std::cmp::Reverse(refused.events));
    for Refused { message, events, first: (partition, offset) } in by_number.iter().take(REASONS) {
        let some = some(*events);
        findings
            .warning(format!("{some} cannot be read (a dead letter each), the first at {topic}/{partition}, offset {offset}: {message}"));
    }
    let others: u64 = by_number.iter().skip(REASONS).map(|refused| refused.events).sum();
    if others > 0 {
        findings.warning(format!("{} cannot be read for other reasons", some(others)));
    }
}

#[cfg(test)]
mod tests;

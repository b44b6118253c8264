//! Searches an order's partition for its records. No index leads to the records of a key, so every record from a place on is looked at, up to
//! a number and a time (P10).

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::reread::Reread;
use kafka::topics::places::{self, Asked};
use serde::Serialize;

use super::{Found, is_of, view};
use crate::trace::facts::OrderFacts;
use crate::trace::mask::Shown;
use crate::trace::place;
use change::record::Record;

mod beginning;

use beginning::Beginning;

/// The most records of the order that a search finds (P10).
const MOST_FOUND: usize = 500;

/// How far a search goes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most records that are looked at.
    pub records: i64,
    /// The longest time.
    pub time: Duration,
    /// Where the search begins, by Kafka's clock; `None`: when the order was made, or at the first record that a letter names, or so far
    /// before the end that the limit is reached.
    pub since_ms: Option<i64>,
}

/// What a search has found.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceSearch"))]
pub struct Searched {
    /// The partition.
    pub partition: i32,
    /// The first offset that was looked at.
    pub from: String,
    /// The offset after the last one.
    pub up_to: String,
    /// How many records were looked at.
    pub records: i64,
    /// Why the search ended: `end of the partition`, `records`, `500 found`, `time`, `interrupted`, or what went wrong.
    pub ended_by: String,
    /// The records of the order.
    pub found: Vec<Found>,
}

/// Searches until the end of the partition, a limit, or the end of `interrupted`. `progress` is called with how many records were looked at.
///
/// # Errors
/// Nothing tells the partition, or Kafka does not answer; in words.
pub async fn search(
    facts: &OrderFacts,
    reread: &Reread,
    limits: Limits,
    shown: Shown,
    interrupted: impl Future<Output = ()>,
    mut progress: impl FnMut(i64),
) -> Result<Searched, String> {
    let until = Instant::now() + limits.time;
    let place = place::of(facts).ok_or("nothing tells which partition the order is in, so there is nothing to search")?;
    let topic: Arc<str> = facts.settings.orders_topic.as_str().into();
    let ends = reread.ends(&topic, limits.time).await.map_err(|error| error.to_string())?;
    let log = ends.get(&place.partition).ok_or_else(|| format!("Kafka has no partition {} of {topic}", place.partition))?;
    let first = begin(facts, reread, limits, place.partition, log.high).await?.max(log.low);
    let mut searched = Searched {
        partition: place.partition,
        from: first.to_string(),
        up_to: first.to_string(),
        records: 0,
        ended_by: "end of the partition".to_owned(),
        found: Vec::new(),
    };
    if first >= log.high {
        return Ok(searched);
    }
    let mut batches = reread.start(&topic, place.partition, first..log.high);
    tokio::pin!(interrupted);
    loop {
        let next = tokio::select! {
            biased;
            () = &mut interrupted => return Ok(ended(searched, "interrupted")),
            () = tokio::time::sleep_until(until.into()) => return Ok(ended(searched, "time")),
            next = batches.next() => next,
        };
        match next {
            None => return Ok(searched),
            Some(Err(error)) => return Ok(ended(searched, &error.to_string())),
            Some(Ok(records)) => {
                for record in records {
                    if let Some(by) = searched.full(limits.records) {
                        return Ok(ended(searched, by));
                    }
                    searched.take_in(&record, facts.id, shown);
                }
                progress(searched.records);
            }
        }
    }
}

impl Searched {
    /// The limit that is reached.
    fn full(&self, records: i64) -> Option<&'static str> {
        match self.found.len() >= MOST_FOUND {
            true => Some("500 found"),
            false => (self.records >= records).then_some("records"),
        }
    }

    fn take_in(&mut self, record: &Record, order_id: i64, shown: Shown) {
        self.records += 1;
        self.up_to = (record.offset + 1).to_string();
        if is_of(record, order_id) {
            self.found.push(view(record, order_id, "search", shown));
        }
    }
}

fn ended(searched: Searched, by: &str) -> Searched {
    Searched { ended_by: by.to_owned(), ..searched }
}

/// The offset at which a search begins.
async fn begin(facts: &OrderFacts, reread: &Reread, limits: Limits, partition: i32, high: i64) -> Result<i64, String> {
    let known = match (limits.since_ms, facts.postgres.get()) {
        (None, Some(stored)) => Beginning::of(stored, &facts.settings, partition, high),
        (since_ms, _) => Beginning { since_ms, offset: None },
    };
    let Some(since) = known.since_ms else { return Ok(known.offset.unwrap_or(high - limits.records)) };
    let asked = Asked { properties: reread.properties.clone(), topic: facts.settings.orders_topic.clone() };
    let places = places::first_since(asked, since).await.map_err(|error| format!("Kafka does not answer: {error}"))?;
    let of_time = places.get(&partition).copied().ok_or_else(|| format!("Kafka has no partition {partition}"))?;
    Ok(known.offset.map_or(of_time, |offset| offset.min(of_time)))
}

#[cfg(test)]
mod tests {
    use change::record::{Headers, Key};

    use super::*;

    #[test]
    fn a_search_ends_at_its_records_and_at_500_of_the_order() {
        let up_to = |records: i64, limit: i64| {
            let (from, ended_by) = ("0".to_owned(), String::new());
            let mut searched = Searched { partition: 0, up_to: from.clone(), from, records: 0, ended_by, found: Vec::new() };
            let by = (0..records).find_map(|offset| {
                let full = searched.full(limit);
                if full.is_none() {
                    searched.take_in(&record(offset, if offset % 2 == 0 { 7 } else { 8 }), 7, Shown::Masked);
                }
                full
            });
            (by, searched.records, searched.up_to, searched.found.len())
        };
        assert_eq!(up_to(10, 20), (None, 10, "10".into(), 5));
        assert_eq!(up_to(21, 20), (Some("records"), 20, "20".into(), 10));
        assert_eq!(up_to(5_000, 200_000), (Some("500 found"), 999, "999".into(), 500));
    }

    fn record(offset: i64, order: i64) -> Record {
        Record {
            topic: "orders".into(),
            partition: 0,
            offset,
            timestamp_ms: None,
            key: Some(Key::from_slice(format!(r#"{{"payload":{{"id":{order}}}}}"#).as_bytes())),
            value: None,
            headers: Headers::default(),
        }
    }
}

//! The last 15 minutes, a point a second, so that the charts of a page are full at once.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::overview::Overview;

/// The points that are kept.
const POINTS: usize = 900;

/// The partitions whose lag is kept (P10).
const PARTITIONS: usize = 48;

/// What is kept of one second.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// The time in seconds since 1970.
    pub at: i64,
    /// Each number by its name.
    pub numbers: BTreeMap<String, Option<f32>>,
}

/// The points so far, as columns.
#[derive(Debug, Clone, Default)]
pub struct History {
    times: VecDeque<i64>,
    columns: BTreeMap<String, VecDeque<Option<f32>>>,
}

/// `GET /api/history`: columns of equal length.
#[derive(Debug, Serialize)]
pub struct Columns<'a> {
    /// The times, in seconds since 1970.
    t: &'a VecDeque<i64>,
    /// The numbers by their name; null where one is not known.
    series: &'a BTreeMap<String, VecDeque<Option<f32>>>,
}

impl Point {
    /// What is kept of an overview.
    #[must_use]
    pub fn of(overview: &Overview) -> Self {
        let mut numbers = BTreeMap::new();
        #[expect(clippy::cast_possible_truncation, reason = "a chart has fewer pixels than f32 has digits")]
        let mut keep = |name: &str, number: Option<f64>| {
            numbers.insert(name.to_owned(), number.map(|number| number as f32));
        };
        keep("lag", overview.lag.records.map(as_f64));
        keep("lag_s", overview.lag.seconds.map(as_f64));
        keep("per_s", overview.edges.read.per_s);
        keep("age_p50_ms", overview.age_ms.p50);
        keep("age_p99_ms", overview.age_ms.p99);
        keep("busy_decode", overview.edges.decode.busy);
        keep("busy_lookup", overview.edges.lookup.busy);
        keep("busy_commit", overview.edges.commit.busy);
        keep("busy_write_back", overview.edges.write_back.busy);
        keep("lookups_per_s", overview.edges.lookup.per_s);
        keep("hashes_per_s", overview.edges.write_back.per_s);
        keep("letters_per_s", overview.edges.dead_letter.per_s);
        keep("redis_behind", overview.redis.behind.map(as_f64));
        keep("due", overview.due.as_ref().map(|due| as_f64(due.orders)));
        for partition in overview.partitions.iter().take(PARTITIONS) {
            keep(&format!("lag:{}-{}", partition.topic, partition.partition), partition.lag.map(as_f64));
        }
        Self { at: overview.at / 1_000, numbers }
    }
}

impl History {
    /// Adds a point. A number that is new was not known before; one that is gone is not known from now on, and forgotten in the end.
    pub fn add(&mut self, Point { at, numbers }: Point) {
        let before = self.times.len();
        self.times.push_back(at);
        for (name, number) in numbers {
            let column = self.columns.entry(name).or_default();
            column.resize(before, None);
            column.push_back(number);
        }
        let is_full = self.times.len() > POINTS;
        if is_full {
            self.times.pop_front();
        }
        for column in self.columns.values_mut() {
            column.resize(before + 1, None);
            if is_full {
                column.pop_front();
            }
        }
        self.columns.retain(|_, column| column.iter().any(Option::is_some));
    }

    /// All of it.
    #[must_use]
    pub fn columns(&self) -> Columns<'_> {
        Columns { t: &self.times, series: &self.columns }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of records for a chart")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, numbers: &[(&str, Option<f32>)]) -> Point {
        Point { at, numbers: numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect() }
    }

    #[test]
    fn columns_have_equal_lengths_whatever_comes_and_goes() {
        let mut history = History::default();
        history.add(point(1, &[("lag", Some(3.0))]));
        history.add(point(2, &[("lag", None), ("lag:orders-0", Some(1.0))]));
        history.add(point(3, &[("lag", Some(2.0))]));
        let json = serde_json::to_value(history.columns()).unwrap();
        assert_eq!(json, serde_json::json!({"t": [1, 2, 3], "series": {"lag": [3.0, null, 2.0], "lag:orders-0": [null, 1.0, null]}}));
    }

    #[test]
    fn a_quarter_of_an_hour_is_kept_and_a_partition_that_is_long_gone_is_forgotten() {
        let mut history = History::default();
        history.add(point(0, &[("gone", Some(1.0)), ("lag", Some(0.0))]));
        (1..=2_000).for_each(|second| history.add(point(second, &[("lag", Some(1.0))])));
        let json = serde_json::to_value(history.columns()).unwrap();
        assert_eq!(json["t"].as_array().unwrap().len(), POINTS);
        assert_eq!((json["t"][0].as_i64(), json["series"]["lag"].as_array().unwrap().len()), (Some(1_101), POINTS));
        assert!(json["series"].get("gone").is_none());
    }
}

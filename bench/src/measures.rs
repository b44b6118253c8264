//! Measures: the named numbers of one repetition, in the order in which they were taken.

use serde_json::{Map, Value};

/// What one repetition of a case gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measures(Vec<(String, f64)>);

impl Measures {
    /// Adds a number.
    pub(crate) fn put(&mut self, name: &str, value: f64) {
        self.0.push((name.to_owned(), value));
    }

    /// A number by name.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The number that matters most, in words.
    pub(crate) fn headline(&self) -> String {
        match (self.get("events_per_second"), self.0.first()) {
            (Some(rate), _) => format!("{rate:.0} events/s"),
            (None, Some((name, value))) => format!("{name} {value:.1}"),
            (None, None) => "nothing".to_owned(),
        }
    }

    /// The numbers as a JSON object.
    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.0.iter().map(|(name, value)| (name.clone(), rounded(*value))).collect::<Map<_, _>>())
    }

    /// Reads the numbers of a JSON object; a field that is no number is left out.
    pub(crate) fn from_json(value: &Value) -> Self {
        let fields = value.as_object().into_iter().flatten();
        Self(fields.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect())
    }
}

/// Rounds to three decimals, because more decimals would claim more precision than was measured.
fn rounded(value: f64) -> Value {
    serde_json::Number::from_f64((value * 1000.0).round() / 1000.0).map_or(Value::Null, Value::Number)
}

/// The smallest, the middle and the largest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// The spread of the numbers; `None` if there are no numbers.
    pub(crate) fn of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { min, median: low.midpoint(high), max })
    }
}

/// The number at or below which so many percent of `sorted` lie (nearest rank); zero if there are no numbers.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0);
    sorted.iter().copied().zip(1_u32..).find(|(_, number)| f64::from(*number) >= rank).map_or(0.0, |(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_number_at_its_rank() {
        let numbers: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([50.0, 99.0, 100.0].map(|percent| percentile(&numbers, percent)), [100.0, 198.0, 200.0]);
        assert_eq!((percentile(&[7.0], 99.0), percentile(&[], 50.0)), (7.0, 0.0));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0].into_iter()), Some(Spread { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(Spread::of([5.0, 1.0, 3.0].into_iter()).map(|spread| spread.median), Some(3.0));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }

    #[test]
    fn measures_come_back_from_json() {
        let mut measures = Measures::default();
        measures.put("rate", 58_000.123_456);
        assert_eq!(Measures::from_json(&measures.to_json()).get("rate"), Some(58_000.123));
    }
}

//! Turns ids into filters of Debezium's incremental snapshots: as few signals as possible, each short enough for its column.

use comparison::filter::{LONGEST, one_of};

/// Conditions on `id` that hold for all of `ids` (ascending), and for no other id: a row that is snapshot in vain is an event like any
/// other, and may be one that cannot be processed.
#[must_use]
pub fn filters(ids: &[i64]) -> Vec<String> {
    let mut filters: Vec<Filter> = Vec::new();
    for (first, last) in runs(ids) {
        let (is_single, condition) =
            (first == last, if first == last { first.to_string() } else { format!("id between {first} and {last}") });
        match filters.last_mut() {
            Some(filter) if filter.length + condition.len() + SEPARATOR <= LONGEST => filter.add(is_single, condition),
            _ => {
                let mut filter = Filter::default();
                filter.add(is_single, condition);
                filters.push(filter);
            }
        }
    }
    filters.iter().map(Filter::condition).collect()
}

/// The longest text between two conditions.
const SEPARATOR: usize = " or ".len();

/// One filter: single ids and ranges.
#[derive(Debug, Default)]
struct Filter {
    ids: Vec<String>,
    ranges: Vec<String>,
    length: usize,
}

impl Filter {
    fn add(&mut self, is_single: bool, condition: String) {
        self.length += condition.len() + SEPARATOR;
        if is_single { self.ids.push(condition) } else { self.ranges.push(condition) }
    }

    /// The filter's condition, in parentheses, because Debezium puts conditions of its own beside it.
    fn condition(&self) -> String {
        let ids = (!self.ids.is_empty()).then(|| format!("id in ({})", self.ids.join(", ")));
        format!("({})", ids.iter().chain(&self.ranges).map(String::as_str).collect::<Vec<_>>().join(" or "))
    }
}

/// Conditions on `id` that hold for these texts, in the order in which they come.
#[must_use]
pub fn text_filters(ids: &[String]) -> Vec<String> {
    one_of("id", ids.iter().map(|id| format!("'{}'", id.replace('\'', "''"))))
}

/// The first and the last id of each run of ids without a gap.
fn runs(ids: &[i64]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for &id in ids {
        match runs.last_mut() {
            Some((_, last)) if id.checked_sub(1) == Some(*last) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_gap_are_one_range_and_no_other_id_is_among_them() {
        assert_eq!(filters(&[3, 5, 1_000, 2_000, 2_001]), ["(id in (3, 5, 1000) or id between 2000 and 2001)"]);
        assert!(filters(&[]).is_empty());
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(text_filters(&["C1".into(), "O'Neil\\".into()]), [r"id in ('C1', 'O''Neil\')"]);
        assert!(text_filters(&[]).is_empty());
    }

    #[test]
    fn many_scattered_ids_are_several_filters_none_of_them_too_long() {
        let ids: Vec<i64> = (0..1_000).map(|i| i64::MAX - 1_000_000 + i * 100).collect();
        let filters = filters(&ids);
        assert!(filters.iter().all(|filter| filter.len() <= LONGEST + "(id in ())".len()));
        assert_eq!(filters.iter().map(|filter| filter.matches("92233").count()).sum::<usize>(), 1_000);
    }
}

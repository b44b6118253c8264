//! Filters of Debezium's incremental snapshots, each short enough for the column of its signal.

/// The longest filter. `debezium_signal.data` holds 2048 characters, and the rest of the signal needs some of them.
pub const LONGEST: usize = 1_600;

/// Conditions that `column`, or a row of columns, has one of these values, in the order in which they come. Each value is an expression of SQL.
/// As few conditions as possible, none of them longer than [`LONGEST`] unless a value alone is.
#[must_use]
pub fn one_of(column: &str, values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut filters: Vec<String> = Vec::new();
    let mut length = 0;
    for value in values {
        let more = length_in_signal(&value);
        match filters.last_mut() {
            Some(filter) if length + more <= LONGEST => {
                filter.push_str(", ");
                filter.push_str(&value);
                length += more;
            }
            _ => {
                filters.push(format!("{column} in ({value}"));
                length = more;
            }
        }
    }
    filters.into_iter().map(|filter| format!("{filter})")).collect()
}

/// The length that a part of a filter has in a signal, where the filter is a text within JSON.
#[must_use]
pub fn length_in_signal(part: &str) -> usize {
    serde_json::to_string(part).map_or(part.len(), |json| json.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_of_many_values_is_too_long_and_none_is_lost() {
        assert!(one_of("id", Vec::new()).is_empty());
        assert_eq!(one_of("(a, b)", vec!["('1', 'x')".into(), "('2', 'y')".into()]), ["(a, b) in (('1', 'x'), ('2', 'y'))"]);
        let filters = one_of("id", (0..500).map(|i| format!("'{i:\"<50}'")));
        assert!(filters.iter().all(|filter| length_in_signal(filter) < 1_700), "{filters:?}");
        assert_eq!(filters.iter().map(|filter| filter.matches("\"'").count()).sum::<usize>(), 500);
    }
}

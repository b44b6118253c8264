//! Ids as filters of incremental snapshots: few enough signals, each short enough for its column.

use std::fmt::Write as _;

/// Ids that stand so close are one stretch: a row that is snapshot in vain costs less than a longer filter.
const NEAR: i64 = 16;

/// `debezium_signal.data` holds 2048 characters, and the rest of the signal needs some of them.
const LONGEST: usize = 1_600;

/// Conditions on `id` that hold for all of `ids` (ascending), and for few others.
#[must_use]
pub fn filters(ids: &[i64]) -> Vec<String> {
    let mut filters: Vec<String> = Vec::new();
    for (first, last) in stretches(ids) {
        let mut condition = String::new();
        if first == last { write!(condition, "id = {first}") } else { write!(condition, "id between {first} and {last}") }.ok();
        match filters.last_mut() {
            Some(filter) if filter.len() + condition.len() + " or ".len() <= LONGEST => {
                filter.push_str(" or ");
                filter.push_str(&condition);
            }
            _ => filters.push(condition),
        }
    }
    // Debezium puts conditions of its own beside it.
    filters.into_iter().map(|filter| format!("({filter})")).collect()
}

/// The same for texts, in the order in which they come.
#[must_use]
pub fn text_filters(ids: &[String]) -> Vec<String> {
    let mut filters: Vec<String> = Vec::new();
    let mut length = 0;
    for id in ids {
        let literal = format!("'{}'", id.replace('\'', "''"));
        // As JSON writes it: the filter is a text within a text.
        let more = serde_json::to_string(&literal).map_or(literal.len(), |json| json.chars().count());
        match filters.last_mut() {
            Some(filter) if length + more <= LONGEST => {
                filter.push_str(", ");
                filter.push_str(&literal);
                length += more;
            }
            _ => {
                filters.push(format!("id in ({literal}"));
                length = more;
            }
        }
    }
    filters.into_iter().map(|filter| format!("{filter})")).collect()
}

fn stretches(ids: &[i64]) -> Vec<(i64, i64)> {
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for &id in ids {
        match stretches.last_mut() {
            Some((_, last)) if id.saturating_sub(*last) <= NEAR => *last = id,
            _ => stretches.push((id, id)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ids_are_one_stretch_and_far_ones_stand_alone() {
        assert_eq!(filters(&[3, 5, 9, 1_000, 2_000, 2_001]), ["(id between 3 and 9 or id = 1000 or id between 2000 and 2001)"]);
        assert!(filters(&[]).is_empty());
    }

    #[test]
    fn texts_are_quoted_and_none_of_their_filters_is_too_long() {
        assert_eq!(text_filters(&["C1".into(), "O'Neil\\".into()]), [r"id in ('C1', 'O''Neil\')"]);
        assert!(text_filters(&[]).is_empty());
        let ids: Vec<String> = (0..500).map(|i| format!("{i:\"<50}")).collect();
        let filters = text_filters(&ids);
        assert!(filters.iter().all(|filter| serde_json::to_string(filter).unwrap().len() < 1_700), "{filters:?}");
        assert_eq!(filters.iter().map(|filter| filter.matches("\"'").count()).sum::<usize>(), 500);
    }

    #[test]
    fn many_scattered_ids_are_several_filters_none_of_them_too_long() {
        let ids: Vec<i64> = (0..1_000).map(|i| i64::MAX - 1_000_000 + i * 100).collect();
        let filters = filters(&ids);
        assert!(filters.iter().all(|filter| filter.len() <= LONGEST + 2));
        assert_eq!(filters.iter().map(|filter| filter.matches("id = ").count()).sum::<usize>(), 1_000);
    }
}

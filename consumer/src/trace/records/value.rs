//! What the value of a record says, as far as it can be shown: the columns before and after, whatever else is wrong with them. A record that
//! became a letter is shown here too, so nothing is taken for granted.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::trace::mask::Shown;

/// The columns whose values are shown: those of the contract of orders.
const COLUMNS: [&str; 8] = ["id", "customer_id", "product_id", "quantity", "price", "status", "created_at", "updated_at"];

/// The kinds of changes that Debezium writes.
const OPS: [&str; 6] = ["c", "u", "d", "r", "t", "m"];

/// How many columns are shown, and how many characters of a name or value (P10).
const MOST_COLUMNS: usize = 100;
const LONGEST: usize = 4_000;

/// A change as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceChange"))]
pub struct Change {
    /// `c`, `u`, `d`, `r` or `t` of Debezium; `tombstone` for a null value, `flat` for a flat row.
    pub op: String,
    /// When the shop committed, in milliseconds since 1970.
    pub source_ms: Option<String>,
    /// The columns that the change has changed, or all where there is only one side.
    pub columns: Vec<Column>,
}

/// A column before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceColumn"))]
pub struct Column {
    /// The column.
    pub column: String,
    /// The value before; `None` if the record does not tell it.
    pub before: Option<String>,
    /// The value after; `None` if the record does not tell it.
    pub after: Option<String>,
}

/// The change in a value, or why there is none to be shown. The reason has no value of the record (P11).
pub(super) fn of(value: Option<&[u8]>, shown: Shown) -> Result<Change, &'static str> {
    let Some(bytes) = value else { return Ok(Change { op: "tombstone".to_owned(), source_ms: None, columns: Vec::new() }) };
    let Ok(Value::Object(whole)) = serde_json::from_slice(bytes) else {
        return Err("its value is no JSON object; `orderstream dlq show --payload` shows the bytes of a letter");
    };
    let event = match whole.get("payload") {
        Some(Value::Object(payload)) if whole.contains_key("schema") => payload,
        _ => &whole,
    };
    let number = |of: &Map<String, Value>, name: &str| of.get(name).filter(|value| value.is_number()).map(ToString::to_string);
    match event.get("op") {
        Some(op) => Ok(Change {
            op: op.as_str().filter(|op| OPS.contains(op)).unwrap_or("unknown").to_owned(),
            source_ms: event.get("source").and_then(Value::as_object).and_then(|source| number(source, "ts_ms")),
            columns: columns(side(event, "before"), side(event, "after"), shown),
        }),
        None => {
            Ok(Change { op: "flat".to_owned(), source_ms: number(event, "__source_ts_ms"), columns: columns(None, Some(event), shown) })
        }
    }
}

fn side<'a>(event: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    event.get(name).and_then(Value::as_object)
}

/// The columns that differ between both sides; all columns of a side that stands alone.
fn columns(before: Option<&Map<String, Value>>, after: Option<&Map<String, Value>>, shown: Shown) -> Vec<Column> {
    let names = after.into_iter().chain(before.filter(|_| after.is_none())).flat_map(Map::keys);
    let value = |of: Option<&Map<String, Value>>, name: &str| of.and_then(|of| of.get(name)).map(|value| text(name, value, shown));
    names
        .filter(|name| before.is_none() || after.is_none() || before.and_then(|b| b.get(*name)) != after.and_then(|a| a.get(*name)))
        .map(|name| Column { column: short(name), before: value(before, name), after: value(after, name) })
        .take(MOST_COLUMNS)
        .collect()
}

fn text(name: &str, value: &Value, shown: Shown) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // What stands within another value may be anything, whatever the column is called.
    let is_within = value.is_object() || value.is_array();
    match shown {
        Shown::Masked if is_within || !COLUMNS.contains(&name) => "***".to_owned(),
        _ => short(&shown.column(name, &text)),
    }
}

fn short(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).collect();
    let rest = if short.len() < text.len() { ".." } else { "" };
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column: &str, before: Option<&str>, after: Option<&str>) -> Column {
        Column { column: column.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn an_update_shows_what_differs_and_masks_what_is_not_of_the_contract() {
        let event = br#"{"schema":{},"payload":{"op":"u","source":{"ts_ms":7},"before":{"id":1,"status":"new","note":"Ann"},
            "after":{"id":1,"status":"paid","note":"Bob"}}}"#;
        let change = of(Some(event), Shown::Masked).unwrap();
        assert_eq!((change.op.as_str(), change.source_ms.as_deref()), ("u", Some("7")));
        let expected = [column("note", Some("***"), Some("***")), column("status", Some("new"), Some("paid"))];
        assert_eq!(change.columns, expected);
        assert_eq!(of(Some(event), Shown::Revealed).unwrap().columns[0], column("note", Some("Ann"), Some("Bob")));
    }

    #[test]
    fn a_record_whose_shape_is_wrong_tells_no_name_by_that() {
        let event = br#"{"op":"Emma","after":{"id":1,"customer_id":{"name":"Emma"},"status":["Emma"],"product_id":"emma@example.com"}}"#;
        let change = of(Some(event), Shown::Masked).unwrap();
        assert!(!format!("{change:?}").to_lowercase().contains("emma"), "{change:?}");
        let revealed = of(Some(event), Shown::Revealed).unwrap();
        assert!(revealed.columns.contains(&column("customer_id", None, Some(r#"{"name":"Emma"}"#))), "{revealed:?}");
    }

    #[test]
    fn a_record_of_any_size_is_shown_up_to_a_limit() {
        let columns: Map<String, Value> = (0..500).map(|number| (number.to_string(), Value::from("x".repeat(9_000)))).collect();
        let change = of(Some(Value::Object(columns).to_string().as_bytes()), Shown::Revealed).unwrap();
        assert_eq!((change.columns.len(), change.columns[0].after.as_ref().unwrap().len()), (MOST_COLUMNS, LONGEST + 2));
    }

    #[test]
    fn one_side_alone_is_shown_whole_and_what_is_no_event_is_said() {
        let create = of(Some(br#"{"op":"c","before":null,"after":{"id":1,"price":9.5}}"#), Shown::Masked).unwrap();
        assert_eq!(create.columns, [column("id", None, Some("1")), column("price", None, Some("9.5"))]);
        let delete = of(Some(br#"{"op":"d","before":{"id":1},"after":null}"#), Shown::Masked).unwrap();
        assert_eq!(delete.columns, [column("id", Some("1"), None)]);
        assert_eq!(of(None, Shown::Masked).unwrap().op, "tombstone");
        assert_eq!(of(Some(br#"{"id":1}"#), Shown::Masked).unwrap().op, "flat");
        assert!(of(Some(b"{"), Shown::Masked).unwrap_err().starts_with("its value is no JSON object"));
    }
}

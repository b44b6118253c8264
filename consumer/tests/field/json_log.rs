//! The log as JSON: what collectors and filters depend on.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value};

use crate::shop::Shop;

/// The fields of docs/logging.md with their types.
fn documented() -> BTreeMap<String, String> {
    let text = fs::read_to_string("../docs/logging.md").unwrap();
    let row = |line: &str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name.to_owned(), rest.split_once(" |")?.0.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Bool(_) => "true, false",
        _ => "something else",
    }
}

#[test]
fn each_line_of_the_json_log_has_the_documented_fields_with_their_types() {
    let shop = Shop::with(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "info,orderstream=debug")]);
    shop.stack().postgres().kill();
    shop.process(0).await_readiness(503, "postgres: down");
    shop.stack().heal().unwrap();
    shop.stack().redis().restart().unwrap();
    shop.process(0).await_readiness(200, "");
    let log = fs::read_to_string(shop.stack().folder().join(shop.process(0).service().name()).with_extension("log")).unwrap();
    let lines: Vec<Map<String, Value>> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.len() > 10 && lines.len() == log.lines().count(), "each line is an object: {log}");
    let documented = documented();
    for line in &lines {
        for always in ["timestamp", "level", "message", "target"] {
            assert!(line[always].is_string(), "{always} in {line:?}");
        }
        if !line["target"].as_str().unwrap().starts_with("orderstream") {
            continue;
        }
        for (name, value) in line.iter().filter(|(name, _)| !["timestamp", "level", "message", "target"].contains(&name.as_str())) {
            assert_eq!(documented.get(name).map(String::as_str), Some(type_of(value)), "{name} in {line:?}");
        }
    }
    shop.await_everything_right();
}

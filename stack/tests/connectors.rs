//! The files of connect/ against each other. The tests need no server.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;

/// The settings by which the events carry their schemas.
const WITH_SCHEMAS: [&str; 2] = ["key.converter.schemas.enable", "value.converter.schemas.enable"];

fn settings(file: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(stack::root().join("connect").join(file)).unwrap()).unwrap()
}

#[test]
fn the_mirrors_connector_with_schemas_differs_in_nothing_else() {
    let (plain, mut with_schemas) = (settings("mirror-source.json"), settings("mirror-source-schemas.json"));
    for name in WITH_SCHEMAS {
        let value = with_schemas.insert(name.to_owned(), plain[name].clone());
        assert_eq!((&*plain[name], value.as_deref()), ("false", Some("true")), "{name}");
    }
    assert_eq!(plain, with_schemas);
}

#[test]
fn two_connectors_of_one_connect_and_one_postgres_share_no_name() {
    let (orders, mirror) = (settings("shop.json"), settings("mirror-source.json"));
    for name in ["slot.name", "topic.prefix"] {
        assert_ne!(orders[name], mirror[name], "{name}");
    }
}

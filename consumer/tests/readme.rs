//! What the README says of the program is what the program says of itself.

#![allow(clippy::unwrap_used)]

const README: &str = include_str!("../../README.md");

#[test]
fn the_table_of_settings_is_the_programs_own() {
    let (_, rest) = README.split_once("<!-- configuration -->").unwrap();
    let (table, _) = rest.split_once("<!-- /configuration -->").unwrap();
    let current = orderstream::config::report::markdown().to_string();
    assert_eq!(table.trim(), current.trim(), "put the output of `orderstream config --markdown` between the markers");
}

#[test]
fn each_test_that_the_promises_name_exists() {
    let (_, rest) = README.split_once("| | Promise | Shown by |").unwrap();
    let (table, _) = rest.split_once("\n\n").unwrap();
    let sources = [
        "consumer/tests/promises",
        "consumer/tests/field",
        "consumer/tests/shop",
        "consumer/tests/redis_edge",
        "consumer/tests/fixtures",
        "consumer/src",
    ];
    let code: String = sources.iter().map(|folder| read_all(&std::path::Path::new("..").join(folder))).collect();
    let named: Vec<&str> = table.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() > 2).collect();
    assert!(named.len() > 20, "the table names its tests");
    let absent: Vec<&&str> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(absent.is_empty(), "{absent:?}");
}

fn read_all(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &read_all(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

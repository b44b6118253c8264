//! The rule about positions stands in the tables of each job, because a database has one of them alone. A property test of the job `orders` compares its
//! functions with `change::position`; this test compares the mirror's with those.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// What the newest migration in the folder makes of the function: its arguments and its body.
fn newest(folder: &str, function: &str) -> String {
    let mut paths: Vec<_> = fs::read_dir(Path::new("../sql").join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.into_iter().rev().map(|path| fs::read_to_string(path).unwrap());
    let made = texts.into_iter().find_map(|text| {
        let (_, rest) = text.split_once(&format!("function {function}("))?;
        Some(rest.split("$$;").next().unwrap().to_owned())
    });
    made.unwrap_or_else(|| panic!("no migration of {folder} makes {function}"))
}

#[test]
fn the_rule_about_positions_is_the_same_in_the_tables_of_both_jobs() {
    for function in ["position_supersedes", "position_outlives", "precedes_truncate"] {
        assert_eq!(newest("mirror", function), newest("results", function), "{function}");
    }
}

//! The rooms of the program: the documentation lists all of them, and no dependency runs against the order of that list.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order of the table in docs/architecture.md.
pub(crate) fn listed(architecture: &str) -> Vec<String> {
    let rows = architecture.lines().filter_map(|line| line.strip_prefix("| consumer/src/"));
    rows.filter_map(|row| Some(row.split_once(' ')?.0.to_owned())).collect()
}

/// The rooms that there are, by name.
pub(crate) fn there_are(source: &Path) -> Vec<String> {
    let entries = fs::read_dir(source).unwrap().map(|entry| entry.unwrap());
    let mut rooms: Vec<String> =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect();
    rooms.sort();
    rooms
}

/// The dependencies that run upwards: from a room to one that stands above it.
pub(crate) fn upwards(source: &Path, rooms: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, room) in rooms.iter().enumerate() {
        let mut files = vec![source.join(room).with_extension("rs")];
        super::collect(&source.join(room), "rs", &mut files);
        for file in files.iter().filter(|file| !is_test(file)) {
            let text = fs::read_to_string(file).unwrap();
            let above = used(&text).into_iter().filter(|used| rooms[..place].contains(used));
            found.extend(above.map(|above| format!("{} uses {above}, which stands above {room}", file.display())));
        }
    }
    found
}

fn is_test(file: &Path) -> bool {
    let parts: PathBuf = file.with_extension("");
    parts.iter().any(|part| part == "tests" || part == "examples")
}

/// The rooms that the code names. Comments and what is compiled for tests alone do not count.
fn used(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let paths = lines.flat_map(|line| line.split("crate::").skip(1));
    paths.map(|path| path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn an_arrow_upwards_is_found_and_one_in_a_comment_or_a_test_is_none() {
    let text = "use crate::flow::claim; // crate::cli\n//! [`crate::run`]\nfn f() { crate::orders::g() }\n#[cfg(test)]\nmod tests { use crate::run; }";
    assert_eq!(used(text), ["flow", "orders"]);
}

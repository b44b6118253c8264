//! Tests of the documentation: what it says of the program is what the program says of itself, and every link leads somewhere. The tests
//! need no server.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod alerts;
mod commands;
mod deployments;
mod links;
mod log_fields;
mod markdown;
mod metrics;
mod packages;
mod reasons;
mod rooms;

use commands::Known;
use markdown::Document;

/// The path of the repository from the folder in which Cargo runs the tests of a package.
const ROOT: &str = "..";

/// The documents that name tests. Other documents have long words with underscores that are not tests.
const WITH_TESTS: [&str; 3] = ["docs/architecture.md", "docs/semantics.md", "docs/testing.md"];

#[test]
fn the_table_of_settings_is_the_programs_own() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/configuration.md")).unwrap();
    let (_, rest) = text.split_once("<!-- configuration -->").unwrap();
    let (table, _) = rest.split_once("<!-- /configuration -->").unwrap();
    let current = commands::of_program(&["config", "--markdown"]);
    assert_eq!(table.trim(), current.trim(), "put the output of `orderstream config --markdown` between the markers");
}

#[test]
fn the_table_of_metrics_is_what_a_process_exposes() {
    let path = Path::new(ROOT).join("docs/metrics.md");
    for (marker, current) in [("metrics", metrics::table()), ("metrics of the mirror", metrics::table_of_mirror())] {
        let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- /{marker} -->"));
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(&begin).unwrap();
        let (table, after) = rest.split_once(&end).unwrap();
        if std::env::var_os("STORE_METRICS").is_some() {
            fs::write(&path, format!("{before}{begin}{current}{end}{after}")).unwrap();
        } else {
            assert_eq!(table, current, "STORE_METRICS=1 puts the table of today between the markers");
        }
    }
}

#[test]
fn what_can_be_degraded_of_the_source_has_its_row_and_its_section() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    let (_, rest) = text.split_once("## What is told as degraded").unwrap();
    let table: Vec<&str> = rest.lines().filter(|line| line.starts_with("| `") && line.contains("](#")).collect();
    for beginning in reasons::beginnings() {
        let is_told = table.iter().any(|row| row.contains(&format!("`{beginning} ")));
        assert!(is_told, "`{beginning} ..`: docs/operations.md has no row with a link to its section");
    }
}

#[test]
fn the_fields_of_log_lines_are_those_that_are_documented() {
    let mut paths = Vec::new();
    ["src", "../crates"].iter().for_each(|folder| collect(Path::new(folder), "rs", &mut paths));
    let without_tests = |path: &PathBuf| fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let code: String = paths.iter().filter(|path| !path.ends_with("tests.rs")).map(without_tests).collect();
    let written = log_fields::written(&code);
    assert!(written.len() > 30, "the code writes fields: {written:?}");
    let listed = log_fields::listed(&fs::read_to_string(Path::new(ROOT).join("docs/logging.md")).unwrap());
    let differing: Vec<&String> = written.symmetric_difference(&listed).collect();
    assert!(differing.is_empty(), "only in the code, or only in docs/logging.md: {differing:?}");
}

#[test]
fn every_room_is_listed_and_dependencies_go_down_the_list() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    let (source, listed) = (Path::new("src"), rooms::listed(&text));
    let mut sorted = listed.clone();
    sorted.sort();
    assert_eq!(sorted, rooms::there_are(source));
    let upwards = rooms::upwards(source, &listed);
    assert!(upwards.is_empty(), "{}", upwards.join("\n"));
}

#[test]
fn each_promise_names_tests() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    for number in 1..=11 {
        let (_, rest) = text.split_once(&format!("\n### P{number} ")).unwrap_or_else(|| panic!("P{number} has a section"));
        let section = rest.split("\n#").next().unwrap();
        let (_, shown_by) = section.split_once("Shown by:").unwrap_or_else(|| panic!("P{number} says what shows it"));
        assert!(markdown::code_spans(shown_by).any(|span| is_test(&span)), "P{number} names a test");
    }
}

#[test]
fn each_test_that_is_named_exists() {
    let code: String = ["consumer/src", "consumer/tests", "crates"].iter().map(|folder| code_in(&Path::new(ROOT).join(folder))).collect();
    let with_tests = |document: &Document| WITH_TESTS.iter().any(|name| document.path.ends_with(name));
    let spans = documents().into_iter().filter(with_tests).flat_map(|document| document.code_spans());
    let named: BTreeSet<String> = spans.filter(|span| is_test(span)).collect();
    assert!(named.len() > 100, "the documentation names its tests: {}", named.len());
    let absent: Vec<&String> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(absent.is_empty(), "{absent:#?}");
}

#[test]
fn each_link_leads_to_a_file_and_its_heading() {
    let documents = documents();
    let found: usize = documents.iter().map(|document| document.links().len()).sum();
    assert!(found > 100, "the documentation has links: {found}");
    let broken: Vec<String> = documents.iter().flat_map(|document| links::broken(document, Path::new(ROOT))).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn each_alert_of_the_page_leads_to_a_heading() {
    let broken = alerts::broken(Path::new(ROOT));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn each_file_that_is_shown_is_shown_as_it_is() {
    let mut shown = 0;
    for document in documents() {
        let text = fs::read_to_string(&document.path).unwrap();
        for (name, block) in text.split("<!-- file: ").skip(1).map(|rest| rest.split_once(" -->\n").unwrap()) {
            let (_, block) = block.split_once('\n').unwrap();
            let (block, _) = block.split_once("\n```").unwrap();
            let file = fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
            assert_eq!(block.trim(), file.trim(), "{} shows {name}", document.path.display());
            shown += 1;
        }
    }
    assert!(shown >= 3, "the documentation shows files: {shown}");
}

#[test]
fn each_command_that_is_shown_exists() {
    let known = Known::of_repository(Path::new(ROOT));
    let (mut seen, mut unknown) = (0, Vec::new());
    for document in documents() {
        for command in commands::shown(&document, &known) {
            seen += 1;
            unknown.extend(known.judge(&command).err().map(|why| format!("{}: `{command}`: {why}", document.path.display())));
        }
    }
    assert!(seen > 100, "the documentation shows commands: {seen}");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// Whether the word looks like the name of a test.
fn is_test(span: &str) -> bool {
    span.matches('_').count() > 2
        && !span.starts_with("orderstream_")
        && span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Every Markdown file of the repository.
fn documents() -> Vec<Document> {
    let mut paths = Vec::new();
    collect(Path::new(ROOT), "md", &mut paths);
    assert!(paths.len() > 10, "{paths:?}");
    paths.into_iter().map(|path| Document::read(&path)).collect()
}

fn code_in(folder: &Path) -> String {
    let mut paths = Vec::new();
    collect(folder, "rs", &mut paths);
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Collects the files with this extension, in folders that are neither hidden nor built. A folder that does not exist has no files.
fn collect(folder: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                collect(&path, extension, into);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            into.push(path);
        }
    }
}

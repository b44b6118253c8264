//! Writes the captured fixtures as the first inputs of the fuzz target `envelope`.

#![expect(clippy::expect_used, reason = "a tool of developers ends with the reason")]

use std::fs;
use std::path::Path;

use serde_json::Value;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../fuzz/corpus/envelope");
    fs::create_dir_all(&corpus).expect("the folder can be made");
    for file in fs::read_dir(root.join("tests/fixtures")).expect("the fixtures are there") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let mode = path.file_stem().expect("a name").to_string_lossy().into_owned();
            write(&corpus, &mode, &fs::read_to_string(&path).expect("a text"));
        }
    }
}

fn write(corpus: &Path, mode: &str, text: &str) {
    // Bit 0: flat; bits 1 and 2: the scale.
    let settings = u8::from(mode.starts_with("flat")) | if mode == "precise_adaptive" { 0b100 } else { 0 };
    let mut schemas = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        if let Some(schema) = line["schema"].as_str() {
            schemas.push(schema.to_owned());
            continue;
        }
        let part = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let input = [&[settings], part("key").as_bytes(), b"\n", with_schema(&part("value"), &schemas).as_bytes()].concat();
        fs::write(corpus.join(format!("{mode}-{number}")), input).expect("it can be written");
    }
}

/// Puts the schema back in the place of its number.
fn with_schema(value: &str, schemas: &[String]) -> String {
    match value.strip_prefix(r#"{"schema":"#).and_then(|rest| rest.split_once(',')) {
        Some((number, payload)) => format!(r#"{{"schema":{},{payload}"#, schemas[number.parse::<usize>().expect("a number")]),
        None => value.to_owned(),
    }
}

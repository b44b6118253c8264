//! Writes the captured fixtures as the first inputs of the fuzz target `envelope`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../fuzz/corpus/envelope");
    fs::create_dir_all(&corpus).with_context(|| format!("{} cannot be made", corpus.display()))?;
    for file in fs::read_dir(root.join("tests/fixtures")).context("there are no fixtures")? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let mode = path.file_stem().unwrap_or_default().to_string_lossy();
            write(&corpus, &mode, &fs::read_to_string(&path)?).with_context(|| format!("{} cannot be used", path.display()))?;
        }
    }
    Ok(())
}

fn write(corpus: &Path, mode: &str, text: &str) -> Result<()> {
    // Bit 0 says that the format is flat; bits 1 and 2 are the scale.
    let settings = u8::from(mode.starts_with("flat")) | if mode == "precise_adaptive" { 0b100 } else { 0 };
    let mut schemas = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line)?;
        if let Some(schema) = line["schema"].as_str() {
            schemas.push(schema.to_owned());
            continue;
        }
        let part = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let input = [&[settings], part("key").as_bytes(), b"\n", with_schema(&part("value"), &schemas)?.as_bytes()].concat();
        fs::write(corpus.join(format!("{mode}-{number}")), input)?;
    }
    Ok(())
}

/// Puts the schema back in the place of its number.
fn with_schema(value: &str, schemas: &[String]) -> Result<String> {
    let Some((number, payload)) = value.strip_prefix(r#"{"schema":"#).and_then(|rest| rest.split_once(',')) else {
        return Ok(value.to_owned());
    };
    let schema = schemas.get(number.parse::<usize>()?).context("an event names a schema that is not there")?;
    Ok(format!(r#"{{"schema":{schema},{payload}"#))
}

//! Reads the configuration file: TOML or YAML, by its extension. The file holds tables of scalars, and each scalar becomes a text, as in
//! the environment.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Origin, Sourced, known};
use crate::settings::foreign::Foreigners;
use crate::settings::kind::Kind;
use crate::settings::problem::Problem;
use crate::settings::{Settings, find};

mod yaml;

/// Reads each known setting of the file. Every other setting is a problem, and of one that another program has it is told what is here instead.
pub(super) fn read(settings: Settings, others: &Foreigners, path: &Path, problems: &mut Vec<Problem>) -> BTreeMap<&'static str, Sourced> {
    let mut found = BTreeMap::new();
    let mut sections = parse(path).unwrap_or_else(|what| {
        problems.push(Problem::new(path.display().to_string(), what));
        Map::new()
    });
    take_foreign(settings, others, "", &mut sections, &mut |name, what| problems.push(problem(name, path, what)));
    for (section, content) in &sections {
        let Value::Object(values) = content else {
            // In YAML, `section:` without a key below it is null.
            if !content.is_null() {
                problems.push(Problem::new(format!("{section} in {}", path.display()), "must be a section with keys below it"));
            }
            continue;
        };
        for (name, value) in values {
            let name = format!("{section}.{name}");
            match known(settings, &name, path).and_then(|key| Ok((key, text(&key.kind, value).map_err(|what| problem(&name, path, what))?)))
            {
                Ok((key, text)) => drop(found.insert(key.name, Sourced { text, origin: Origin::File(path.into()) })),
                Err(problem) => problems.push(problem),
            }
        }
    }
    found
}

/// Takes the settings of other programs out of a table, with all tables in it, and tells of each. A table that has nothing else is taken out too.
fn take_foreign(settings: Settings, others: &Foreigners, before: &str, table: &mut Map<String, Value>, tell: &mut dyn FnMut(&str, &str)) {
    table.retain(|name, value| {
        let name = format!("{before}{name}");
        match value {
            // The properties of a client are a table of names that only the client knows.
            Value::Object(_) if find(settings, &name).is_some_and(|key| matches!(key.kind, Kind::Properties(_))) => true,
            Value::Object(inner) => {
                let was_empty = inner.is_empty();
                take_foreign(settings, others, &format!("{name}."), inner, tell);
                was_empty || !inner.is_empty()
            }
            _ if find(settings, &name).is_some() => true,
            _ => others.answer(&name).inspect(|what| tell(&name, what)).is_none(),
        }
    });
}

fn problem(name: &str, path: &Path, what: &str) -> Problem {
    Problem::new(format!("{name} in {}", path.display()), what)
}

/// Parses the file. An error names only the line, because the line itself may hold a secret.
fn parse(path: &Path) -> Result<Map<String, Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let line = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(&text)
            .map_err(|error| format!("not TOML, line {}: {}", error.span().map_or(1, |s| line(s.start)), error.message())),
        Some("yaml" | "yml") if text.trim().is_empty() => Ok(Map::new()),
        Some("yaml" | "yml") => yaml::parse(&text).map_err(|error| format!("not YAML: {}", error.without_snippet())),
        _ => Err("must end in .toml, .yaml or .yml".into()),
    }
}

fn text(kind: &Kind, value: &Value) -> Result<String, &'static str> {
    match (kind, value) {
        (_, Value::Null) => Ok(String::new()),
        (Kind::Properties(_), Value::Object(table)) => {
            let mut lines = Vec::new();
            flatten("", table, &mut lines)?;
            Ok(lines.join("\n"))
        }
        (Kind::Servers, Value::Array(servers)) => Ok(servers.iter().map(scalar).collect::<Result<Vec<_>, _>>()?.join(",")),
        // Only TOML passes numbers on, and to TOML 1.10 is 1.1.
        (Kind::Text | Kind::Topic, Value::Number(number)) if number.is_f64() => Err("must be in quotes: as a number it loses its spelling"),
        _ => scalar(value),
    }
}

/// Joins nested tables back into lines, because TOML reads an unquoted `socket.keepalive.enable = true` as tables in tables.
fn flatten(prefix: &str, table: &Map<String, Value>, lines: &mut Vec<String>) -> Result<(), &'static str> {
    for (name, value) in table {
        match value {
            Value::Object(inner) => flatten(&format!("{prefix}{name}."), inner, lines)?,
            _ => lines.push(format!("{prefix}{name}={}", scalar(value)?)),
        }
    }
    Ok(())
}

fn scalar(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("must be a text or a number"),
    }
}

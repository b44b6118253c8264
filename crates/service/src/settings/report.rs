//! Prints the effective configuration and the table of settings. Secrets are redacted before they get here.

use std::fmt;

use super::kind::Kind;
use super::properties::Properties;
use super::secret::{REDACTED, redact_url};
use super::values::Values;
use super::{Setting, Settings};

/// The value of each setting and its origin. `Display` is TOML with the origin as a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(Vec<Line>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    section: &'static str,
    name: &'static str,
    shown: String,
    origin: String,
}

impl Report {
    /// The report of these values.
    #[must_use]
    pub fn new(values: &Values) -> Self {
        let line = |(key, sourced): (&'static Setting, &super::sources::Sourced)| Line {
            section: key.section(),
            name: key.short_name(),
            shown: shown(key, &sourced.text),
            origin: sourced.origin.to_string(),
        };
        Self(values.iter().map(line).collect())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = "";
        for line in &self.0 {
            if line.section != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = line.section;
                writeln!(f, "{gap}[{section}]")?;
            }
            writeln!(f, "{} = {}  # {}", line.name, line.shown, line.origin)?;
        }
        Ok(())
    }
}

fn shown(key: &Setting, text: &str) -> String {
    match key.kind {
        Kind::Properties(_) => {
            let properties = Properties::parse(text).unwrap_or_default();
            let entries: Vec<String> = properties.redacted().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
            if entries.is_empty() { "{}".into() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        Kind::Url { .. } if !text.is_empty() => quoted(&redact_url(text)),
        Kind::Number(..) | Kind::Share if !text.is_empty() => text.into(),
        _ if key.secret && !text.is_empty() => quoted(REDACTED),
        _ => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The table of all settings in Markdown, as it stands in docs/configuration.md.
#[must_use]
pub fn markdown(settings: Settings) -> String {
    let mut table = String::from("| Setting | Default | Allowed | What for |\n|---|---|---|---|\n");
    for key in settings {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        let row = [format!("`{}`", key.name), default, key.allowed().replace('|', "\\|"), key.about.replace('|', "\\|")];
        table.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    table
}

/// The table of all settings for a terminal: variable, default, purpose.
#[must_use]
pub fn help(settings: Settings) -> String {
    let mut text = String::new();
    for key in settings {
        let file = key.file_variable().map(|variable| format!(" or {variable}")).unwrap_or_default();
        let default = if key.default.is_empty() { "not set" } else { key.default };
        text.push_str(&format!("  {} ({}{file})\n      {}; {}; default: {default}\n", key.name, key.variable(), key.about, key.allowed()));
    }
    text
}

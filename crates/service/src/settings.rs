//! Settings: file and environment to values that were checked.
//!
//! A value comes from the first of: the environment variable, the file, the default. The setting `kafka.group_id` is the variable
//! `KAFKA_GROUP_ID`; a secret `X` may also stand in the file that the variable `X_FILE` names. All errors are found at once, so that one look
//! at the log is enough. Which settings there are, each program says by a table of [`Setting`].

use std::path::Path;

mod kind;
mod problem;
mod properties;
mod report;
mod secret;
mod sources;
mod values;

pub use kind::Kind;
pub use problem::{Problem, Problems, nearest};
pub use properties::Properties;
pub use report::{Report, help, markdown};
pub use secret::{ExposeSecret, REDACTED, Secret, redact_url};
pub use sources::Environment;
pub use values::Values;

/// All settings of a program.
pub type Settings = &'static [Setting];

/// One key of the configuration.
#[derive(Debug)]
pub struct Setting {
    /// `section.name`, as in the file.
    pub name: &'static str,
    /// The value when nobody sets one; empty means "not set".
    pub default: &'static str,
    /// What it is for, one sentence without a full stop.
    pub about: &'static str,
    /// The shape of its values.
    pub kind: Kind,
    /// Whether an empty value is allowed and means "not set".
    pub optional: bool,
    /// Whether the value may come from a file named by `X_FILE`.
    pub secret: bool,
}

impl Setting {
    /// A setting that must have a value.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Self {
        Self { name, default, about, kind, optional: false, secret: false }
    }

    /// The same, which may be empty.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The same, which may come from a file and is never shown.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The environment variable: `kafka.group_id` is `KAFKA_GROUP_ID`.
    #[must_use]
    pub fn variable(&self) -> String {
        self.name.replace('.', "_").to_ascii_uppercase()
    }

    /// The variable that names a file with the value, for secrets.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable()))
    }

    /// What values are allowed, for a person.
    #[must_use]
    pub fn allowed(&self) -> String {
        let allowed = self.kind.allowed();
        if self.optional { format!("{allowed}, or empty") } else { allowed }
    }

    /// The section that the key stands in.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The key's name inside its section.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, name)| name)
    }
}

/// The setting of that name.
#[must_use]
pub fn find(settings: Settings, name: &str) -> Option<&'static Setting> {
    settings.iter().find(|setting| setting.name == name)
}

/// Reads the file, if one is given, and the environment. What is wrong is added to `problems`, and the default stands in its place.
#[must_use]
pub fn load(settings: Settings, file: Option<&Path>, environment: &Environment, problems: &mut Vec<Problem>) -> Values {
    let found = sources::collect(settings, file, environment, problems);
    Values::checked(settings, found, problems)
}

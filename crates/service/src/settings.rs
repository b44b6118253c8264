//! Reads the settings of a program: file and environment become checked values.
//!
//! A value comes from the first of: the environment variable, the file, the default. The setting `kafka.group_id` is the variable
//! `KAFKA_GROUP_ID`. A secret `X` may also stand in the file that the variable `X_FILE` names. All errors are found at once, so that one
//! look at the log is enough. Each program defines its settings by a table of [`Setting`].

use std::path::Path;

mod foreign;
mod kind;
mod problem;
mod properties;
mod renewable;
mod report;
mod secret;
mod sources;
mod values;

pub use foreign::{Foreign, Foreigners};
pub use kind::Kind;
pub use problem::{Problem, Problems, nearest};
pub use properties::Properties;
pub use renewable::Renewable;
pub use report::{Report, help, markdown};
pub use secret::{ExposeSecret, REDACTED, Secret, redact_url};
pub use sources::Environment;
pub use values::Values;

/// All settings of a program.
pub type Settings = &'static [Setting];

/// One setting of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `section.name`, as in the file.
    pub name: &'static str,
    /// The default value; empty means "not set".
    pub default: &'static str,
    /// The purpose of the setting, one sentence without a full stop.
    pub about: &'static str,
    /// The kind of its values.
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

    /// The same setting, which may be empty.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The same setting, whose value may come from a file and is never shown.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The environment variable of the setting: `kafka.group_id` is `KAFKA_GROUP_ID`.
    #[must_use]
    pub fn variable(&self) -> String {
        self.name.replace('.', "_").to_ascii_uppercase()
    }

    /// The variable that names a file with the value; only secrets have one.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable()))
    }

    /// The allowed values, for people.
    #[must_use]
    pub fn allowed(&self) -> String {
        let allowed = self.kind.allowed();
        if self.optional { format!("{allowed}, or empty") } else { allowed }
    }

    /// The section of the setting.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The setting's name inside its section.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, name)| name)
    }
}

/// The settings of all parts as one table. `N` is the number of all settings, which the compiler checks.
///
/// # Panics
/// If `N` is another number, while the program is compiled.
#[must_use]
pub const fn all<const N: usize>(parts: &[&[Setting]]) -> [Setting; N] {
    let mut all = [parts[0][0]; N];
    let (mut part, mut number) = (0, 0);
    while part < parts.len() {
        let mut here = 0;
        while here < parts[part].len() {
            all[number] = parts[part][here];
            (here, number) = (here + 1, number + 1);
        }
        part += 1;
    }
    assert!(number == N, "a part of the settings is not counted");
    all
}

/// The setting with that name.
#[must_use]
pub fn find(settings: Settings, name: &str) -> Option<&'static Setting> {
    settings.iter().find(|setting| setting.name == name)
}

/// Reads the file, if one is given, and the environment. Each error is added to `problems`, and the default takes the place of the wrong
/// value. A setting of `others` is an error that says what is here in its place.
#[must_use]
pub fn load(
    settings: Settings,
    others: &Foreigners,
    file: Option<&Path>,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Values {
    let found = sources::collect(settings, others, file, environment, problems);
    Values::checked(settings, found, problems)
}

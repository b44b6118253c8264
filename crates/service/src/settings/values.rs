//! The value of every setting: one valid text each, with typed readers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::kind::Kind;
use super::problem::Problem;
use super::properties::Properties;
use super::renewable::Renewable;
use super::secret::Secret;
use super::sources::{Origin, Sourced};
use super::{Setting, Settings, find};

/// The value of every setting.
#[derive(Debug)]
pub struct Values {
    settings: Settings,
    found: BTreeMap<&'static str, Sourced>,
}

impl Values {
    /// Checks each text by itself. A wrong text is replaced by the default, so that all others can still be checked.
    pub(super) fn checked(settings: Settings, mut found: BTreeMap<&'static str, Sourced>, problems: &mut Vec<Problem>) -> Self {
        let mut values = BTreeMap::new();
        for key in settings {
            let default = Sourced { text: key.default.to_owned(), origin: Origin::Default };
            let value = match found.remove(key.name).map(|sourced| check(key, sourced)) {
                None => default,
                Some(Ok(sourced)) => sourced,
                Some(Err(problem)) => {
                    problems.push(problem);
                    default
                }
            };
            values.insert(key.name, value);
        }
        Self { settings, found: values }
    }

    /// Each setting with its value, in the order of the definition.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Setting, &Sourced)> {
        self.settings.iter().filter_map(|key| Some((key, self.found.get(key.name)?)))
    }

    /// The place where this setting was set, as an error names it.
    #[must_use]
    pub fn place(&self, name: &str) -> String {
        match (find(self.settings, name), self.found.get(name)) {
            (Some(key), Some(sourced)) => sourced.place(key),
            _ => name.to_owned(),
        }
    }

    /// The text of a setting.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn text(&self, name: &str) -> Result<String, Problem> {
        self.raw(name).map(str::to_owned)
    }

    /// The secret of a setting.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn secret(&self, name: &str) -> Result<Secret, Problem> {
        self.raw(name).map(Secret::from)
    }

    /// The text of a setting; `None` if it is empty.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn optional(&self, name: &str) -> Result<Option<String>, Problem> {
        Ok(Some(self.text(name)?).filter(|text| !text.is_empty()))
    }

    /// The secret of a setting, which is read again from its file whenever it is asked for.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn renewable(&self, name: &str) -> Result<Renewable, Problem> {
        let defined = find(self.settings, name).zip(self.found.get(name));
        defined.map(|(setting, sourced)| Renewable::new(setting, sourced)).ok_or_else(|| Problem::new(name, "has no definition"))
    }

    /// The secret of a setting; `None` if it is empty.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn optional_secret(&self, name: &str) -> Result<Option<Secret>, Problem> {
        Ok(self.optional(name)?.map(Secret::from))
    }

    /// The number of a setting, if it fits its type.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<T, Problem> {
        self.parse(name, |text| T::try_from(text.parse().ok()?).ok())
    }

    /// The number of a setting; `None` if it is empty.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn optional_number<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, Problem> {
        if self.raw(name)?.is_empty() { Ok(None) } else { self.number(name).map(Some) }
    }

    /// The share of a setting, above 0 and up to 1.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn share(&self, name: &str) -> Result<f64, Problem> {
        self.parse(name, |text| text.parse().ok())
    }

    /// The time of a setting in milliseconds.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn millis(&self, name: &str) -> Result<Duration, Problem> {
        self.number(name).map(Duration::from_millis)
    }

    /// The time of a setting in milliseconds; `None` if it is empty.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn optional_millis(&self, name: &str) -> Result<Option<Duration>, Problem> {
        Ok(self.optional_number(name)?.map(Duration::from_millis))
    }

    /// The time of a setting in days; `None` if it is empty.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn optional_days(&self, name: &str) -> Result<Option<Duration>, Problem> {
        Ok(self.optional_number(name)?.map(|days: u64| Duration::from_secs(days * 86_400)))
    }

    /// The time of a setting in seconds.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn seconds(&self, name: &str) -> Result<Duration, Problem> {
        self.number(name).map(Duration::from_secs)
    }

    /// The word of a setting, as its type.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn choice<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let word: StrDeserializer<'_, WordError> = self.raw(name)?.into_deserializer();
        T::deserialize(word).map_err(|error| Problem::new(name, error.to_string()))
    }

    /// The properties of a client from a setting.
    ///
    /// # Errors
    /// If the table of settings does not say what the caller expects, which is a defect of this program.
    pub fn properties(&self, name: &str) -> Result<Properties, Problem> {
        Properties::parse(self.raw(name)?).map_err(|what| Problem::new(name, what))
    }

    fn raw(&self, name: &str) -> Result<&str, Problem> {
        self.found.get(name).map(|sourced| sourced.text.as_str()).ok_or_else(|| Problem::new(name, "has no definition"))
    }

    fn parse<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        parse(self.raw(name)?).ok_or_else(|| Problem::new(name, "does not fit its type"))
    }
}

/// Checks the text of a setting by itself.
pub(super) fn check(key: &'static Setting, sourced: Sourced) -> Result<Sourced, Problem> {
    // Spaces around a value are a typing error, but in a password they count.
    let is_password = key.secret && matches!(key.kind, Kind::Text);
    let text = if is_password { sourced.text.as_str() } else { sourced.text.trim() };
    if text.is_empty() && key.optional {
        return Ok(Sourced { text: String::new(), ..sourced });
    }
    let checked = if text.is_empty() { Err("is empty".to_owned()) } else { key.kind.normalize(text) };
    match checked {
        Ok(text) => Ok(Sourced { text, ..sourced }),
        Err(what) => {
            let may_hold_a_password = key.secret || matches!(key.kind, Kind::Url { .. } | Kind::Properties(_));
            let shown = if may_hold_a_password || text.is_empty() { String::new() } else { format!("`{text}` is ") };
            Err(Problem::new(sourced.place(key), format!("{shown}{what}; allowed: {}", key.allowed())))
        }
    }
}

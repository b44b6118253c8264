//! Collects the text of each setting with its origin. The environment overrides the file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::foreign::Foreigners;
use super::problem::{Problem, nearest};
use super::{Setting, Settings, find};

mod file;

/// The environment variables, taken once at the start.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    /// Warnings about variables whose name looks like a typing error: close to a known one, in one of the known sections.
    #[must_use]
    pub fn near_misses(&self, settings: Settings) -> Vec<String> {
        let ours: Vec<String> = settings.iter().flat_map(|key| [Some(key.variable()), key.file_variable()]).flatten().collect();
        let unknown = self.0.keys().filter(|name| !ours.contains(name));
        unknown
            .filter_map(|name| {
                let section = name.split_once('_')?.0;
                let candidates = ours.iter().map(String::as_str).filter(|ours| ours.starts_with(section));
                nearest(name, candidates).map(|meant| format!("the environment variable {name} is unknown; did you mean {meant}?"))
            })
            .collect()
    }

    /// The names of all variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    /// Shows only the names, because any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    SecretFile { variable: String, path: PathBuf },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::SecretFile { variable, path } => write!(f, "{}, named by {variable}", path.display()),
        }
    }
}

impl Origin {
    /// The text of a secret as its file has it now.
    pub(super) fn read_again(&self) -> Result<Sourced, Problem> {
        match self {
            Self::SecretFile { variable, path } => secret_file(path, variable.clone()),
            other => Err(Problem::new(other.to_string(), "is no file of a secret")),
        }
    }
}

/// A text as somebody wrote it, with its origin. `Debug` does not show the text.
#[derive(Clone)]
pub(super) struct Sourced {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl fmt::Debug for Sourced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}", self.origin)
    }
}

impl Sourced {
    /// The place of this value, as an error names it.
    pub(super) fn place(&self, key: &Setting) -> String {
        match &self.origin {
            Origin::Variable(name) => name.clone(),
            Origin::SecretFile { variable, .. } => variable.clone(),
            Origin::File(path) => format!("{} in {}", key.name, path.display()),
            Origin::Default => key.name.to_owned(),
        }
    }
}

/// The text of each setting that somebody set.
pub(super) fn collect(
    settings: Settings,
    others: &Foreigners,
    file: Option<&Path>,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Sourced> {
    let mut found = file.map(|path| file::read(settings, others, path, problems)).unwrap_or_default();
    others.in_environment(settings, environment, problems);
    for key in settings {
        match from_environment(key, environment) {
            Ok(Some(sourced)) => drop(found.insert(key.name, sourced)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    found
}

fn from_environment(key: &'static Setting, environment: &Environment) -> Result<Option<Sourced>, Problem> {
    let variable = key.variable();
    let direct = environment.get(&variable);
    let named = key.file_variable().and_then(|name| Some((environment.get(&name).filter(|path| !path.is_empty())?, name)));
    match (direct, named) {
        // Compose files pass on `${X:-}`, so an empty variable beside `X_FILE` is not a second value.
        (Some(text), Some((_, file_variable))) if !text.is_empty() => {
            Err(Problem::new(variable, format!("both it and {file_variable} are set; set one of them")))
        }
        (_, Some((path, file_variable))) => secret_file(Path::new(path), file_variable).map(Some),
        (Some(text), None) => Ok(Some(Sourced { text: text.to_owned(), origin: Origin::Variable(variable) })),
        (None, None) => Ok(None),
    }
}

fn secret_file(path: &Path, variable: String) -> Result<Sourced, Problem> {
    match std::fs::read_to_string(path) {
        // Editors and `echo` end a file with a line end, which is not part of the secret.
        Ok(text) => {
            Ok(Sourced { text: text.trim_end_matches(['\r', '\n']).to_owned(), origin: Origin::SecretFile { variable, path: path.into() } })
        }
        Err(error) => Err(Problem::new(variable, format!("cannot read {}: {error}", path.display()))),
    }
}

/// The setting with that name, or the problem that names the nearest setting.
fn known(settings: Settings, name: &str, path: &Path) -> Result<&'static Setting, Problem> {
    find(settings, name).ok_or_else(|| {
        let hint = nearest(name, settings.iter().map(|key| key.name)).map(|meant| format!("; did you mean {meant}?"));
        Problem::new(format!("{name} in {}", path.display()), format!("unknown key{}", hint.unwrap_or_default()))
    })
}

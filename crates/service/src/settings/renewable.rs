//! Secrets that may change while the process runs. A secret that stands in a file is read again whenever it is asked for, which is at each
//! new connection, so that a changed password is taken up without a restart.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::Problem;
use super::secret::{ExposeSecret, Secret};
use super::sources::{Origin, Sourced};
use super::{Setting, values};

/// A secret that is read again from its file, if it has one. A clone shares what was read last.
#[derive(Clone)]
pub struct Renewable(Arc<Inner>);

struct Inner {
    file: Option<File>,
    last: Mutex<Last>,
}

/// Where the secret stands.
struct File {
    setting: &'static Setting,
    origin: Origin,
}

struct Last {
    secret: Secret,
    /// Why the file's present content is not used, as it was told.
    refused: Option<String>,
}

impl Renewable {
    pub(super) fn new(setting: &'static Setting, sourced: &Sourced) -> Self {
        // What is no file, as a pipe, is empty after it was read once, or waits for somebody who writes.
        let is_file = matches!(&sourced.origin, Origin::SecretFile { path, .. } if path.metadata().is_ok_and(|about| about.is_file()));
        let file = is_file.then(|| File { setting, origin: sourced.origin.clone() });
        Self::of(file, Secret::from(sourced.text.as_str()))
    }

    fn of(file: Option<File>, secret: Secret) -> Self {
        Self(Arc::new(Inner { file, last: Mutex::new(Last { secret, refused: None }) }))
    }

    /// The secret as its file has it now. While the file cannot be read, or holds something that cannot be the secret, the one before it
    /// stays in use. That, and each change, is told in the log.
    #[must_use]
    pub fn now(&self) -> Secret {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.0.file {
            last.take(file);
        }
        last.secret.clone()
    }

    /// The present text of the secret, whatever it is: empty if the file is empty or gone. For a list of what is allowed, of which nothing may stay
    /// in use that was taken out. Nothing is checked, and nothing is told.
    #[must_use]
    pub fn present(&self) -> Secret {
        match &self.0.file {
            Some(file) => Secret::from(file.origin.read_again().map(|sourced| sourced.text).unwrap_or_default()),
            None => self.now(),
        }
    }
}

impl Last {
    fn take(&mut self, File { setting, origin }: &File) {
        let name = setting.name;
        match read(setting, origin) {
            Ok(text) if text == self.secret.expose_secret() => self.refused = None,
            Ok(text) => {
                tracing::info!(setting = name, from = %origin, "A secret has changed in its file: new connections use it");
                *self = Self { secret: Secret::from(text), refused: None };
            }
            Err(why) if self.refused.as_ref() == Some(&why) => {}
            Err(why) => {
                tracing::warn!(setting = name, why, "A secret has changed in its file and cannot be used: the one before it stays in use");
                self.refused = Some(why);
            }
        }
    }
}

fn read(setting: &'static Setting, origin: &Origin) -> Result<String, String> {
    let sourced = origin.read_again().and_then(|sourced| values::check(setting, sourced));
    let text = sourced.map_err(|Problem { place, what }| format!("{place}: {what}"))?.text;
    // A file that is being written may be empty for a moment.
    if text.is_empty() { Err(format!("{origin} is empty")) } else { Ok(text) }
}

/// A secret that never changes.
impl From<String> for Renewable {
    fn from(secret: String) -> Self {
        Self::of(None, Secret::from(secret))
    }
}

/// A secret that never changes.
impl From<&str> for Renewable {
    fn from(secret: &str) -> Self {
        Self::from(secret.to_owned())
    }
}

impl fmt::Debug for Renewable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewable").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::settings::{Environment, Foreigners, Kind, load};

    const SETTINGS: &[Setting] = &[Setting::new("a.number", Kind::Number(1, 9), "1", "a secret number").secret()];

    #[test]
    fn a_secret_is_read_again_from_its_file_and_what_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "2\n").unwrap();
        let environment: Environment = [("A_NUMBER_FILE", path.display().to_string())].into_iter().collect();
        let values = load(SETTINGS, &Foreigners::NONE, None, &environment, &mut Vec::new());
        let secret = values.renewable("a.number").unwrap();
        let now = || secret.now().expose_secret().to_owned();
        assert_eq!(now(), "2");
        for (text, expected) in [("3\n", "3"), ("", "3"), ("many", "3"), ("4", "4")] {
            fs::write(&path, text).unwrap();
            assert_eq!(now(), expected, "{text:?}");
        }
        fs::write(&path, "").unwrap();
        assert_eq!((now(), secret.present().expose_secret()), ("4".to_owned(), ""));
        fs::remove_file(&path).unwrap();
        assert_eq!((now(), secret.present().expose_secret()), ("4".to_owned(), ""));
    }

    #[test]
    fn a_secret_from_a_pipe_is_read_once_and_never_waited_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, "7\n").unwrap()
        });
        let environment: Environment = [("A_NUMBER_FILE", path.display().to_string())].into_iter().collect();
        let values = load(SETTINGS, &Foreigners::NONE, None, &environment, &mut Vec::new());
        writer.join().unwrap();
        assert_eq!(values.renewable("a.number").unwrap().now().expose_secret(), "7");
    }

    #[test]
    fn a_secret_from_elsewhere_stays_as_it_is() {
        let secret = Renewable::from("s3cret");
        assert_eq!(secret.now().expose_secret(), "s3cret");
        assert!(!format!("{secret:?}").contains("s3cret"));
    }
}

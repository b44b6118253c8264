//! What is logged: directives that are checked once, and a handle that changes them while the process runs.

use std::str::FromStr;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::{Registry, reload};

/// Why what is logged stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// The text is no list of directives.
    #[error("not a log filter; allowed: off, error, warn, info, debug, trace, or module=level by comma, as info,orderstream::flow=debug")]
    Directives,
    /// Logging was started by somebody else, who alone can change it.
    #[error("the log of this process was not started with this handle")]
    NotStarted,
}

/// Reads directives: a level, or `module=level`, several by comma. A bare word that is no level is refused: it would be taken as a module's
/// name, and a misspelled level would silence everything else (P9).
///
/// # Errors
/// [`LevelError::Directives`]
pub fn filter(directives: &str) -> Result<EnvFilter, LevelError> {
    let is_level = |word: &str| ["off", "error", "warn", "info", "debug", "trace"].iter().any(|level| level.eq_ignore_ascii_case(word));
    let mut words = directives.split(',').map(str::trim);
    if !words.all(|word| word.contains(['=', '[']) || is_level(word)) {
        return Err(LevelError::Directives);
    }
    EnvFilter::from_str(directives).map_err(|_| LevelError::Directives)
}

/// The handle on what is logged. Clones change the same log. Nothing is kept: a process that starts again logs what its settings say.
#[derive(Debug, Clone)]
pub struct Level(reload::Handle<EnvFilter, Registry>);

impl Level {
    pub(super) fn new(handle: reload::Handle<EnvFilter, Registry>) -> Self {
        Self(handle)
    }

    /// Logs by these directives from now on, and says so in the log. If they are wrong, nothing changes.
    ///
    /// # Errors
    /// [`LevelError`]
    pub fn set(&self, directives: &str) -> Result<(), LevelError> {
        let filter = filter(directives)?;
        tracing::warn!(from = self.now(), to = %filter, "What is logged changes");
        self.0.reload(filter).map_err(|_| LevelError::NotStarted)
    }

    /// The directives that hold now, in their order for the log; empty if the log was not started with this handle.
    #[must_use]
    pub fn now(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level as Severity;
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn what_is_logged_changes_while_the_log_is_in_use() {
        let (layer, handle) = reload::Layer::new(filter("info").unwrap());
        let level = Level::new(handle);
        with_default(Registry::default().with(layer), || {
            assert!(!tracing::enabled!(Severity::DEBUG));
            level.set("warn,orderstream_service=debug").unwrap();
            assert!(tracing::enabled!(Severity::DEBUG));
            assert_eq!(level.now(), "orderstream_service=debug,warn");
            assert_eq!(level.set("inof"), Err(LevelError::Directives));
            assert!(tracing::enabled!(Severity::DEBUG), "wrong directives change nothing");
            level.set("off").unwrap();
            assert!(!tracing::enabled!(Severity::ERROR));
        });
        assert_eq!((level.set("info"), level.now()), (Err(LevelError::NotStarted), String::new()));
    }

    #[test]
    fn a_misspelled_level_is_no_filter() {
        for right in ["off", "info", "WARN", "info,orderstream::flow=debug", "orderstream=trace"] {
            assert!(filter(right).is_ok(), "{right}");
        }
        for wrong in ["", "inof", "info,", "info,orderstream", "a=b=c"] {
            assert!(filter(wrong).is_err(), "{wrong}");
        }
    }
}

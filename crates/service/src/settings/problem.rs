//! The errors of a configuration: what is wrong, where, and what is allowed.

use std::fmt;

/// One error of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// The setting in the file, or the environment variable.
    pub place: String,
    /// What is wrong and what is allowed; never the value of a secret.
    pub what: String,
}

impl Problem {
    /// A problem at this place.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// All errors of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} {} in the configuration:", if count == 1 { "error" } else { "errors" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// The candidate that is most like `text`, if one is so close that a typing error explains the difference.
#[must_use]
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = (text.len() / 4).clamp(1, 3);
    candidates
        .map(|candidate| (strsim::levenshtein(text, candidate), candidate))
        .filter(|(d, _)| *d <= close)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_finds_its_key() {
        let keys = || ["batch.max_records", "batch.max_bytes", "redis.url"].into_iter();
        assert_eq!(nearest("batch.max_record", keys()), Some("batch.max_records"));
        assert_eq!(nearest("redis.ulr", keys()), Some("redis.url"));
        assert_eq!(nearest("kafka.url", keys()), None);
    }
}

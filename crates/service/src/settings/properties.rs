//! Properties of a client that have no setting of their own, as entries `name=value`.

use std::collections::BTreeMap;
use std::fmt;

use super::secret::REDACTED;

/// Further properties of a client by name. `Debug` shows the values of harmless ones only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Parses entries `name=value`, which are separated by line ends or, on a single line, by semicolons.
    ///
    /// # Errors
    /// The number of the entry that cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_checked(text, |_, _| Ok(()))
    }

    /// The same, where each entry has to pass `check`.
    ///
    /// # Errors
    /// Which entry is none, or what is wrong with it.
    pub fn parse_checked(text: &str, check: impl Fn(&str, &str) -> Result<(), String>) -> Result<Self, String> {
        let separator = if text.trim().contains('\n') { '\n' } else { ';' };
        let mut properties = BTreeMap::new();
        for (index, line) in text.split(separator).map(str::trim).filter(|line| !line.is_empty()).enumerate() {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("entry {} is not name=value", index + 1))?;
            check(name.trim(), value.trim())?;
            properties.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Self(properties))
    }

    /// All entries, each on a line of its own.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
    }

    /// Each name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Each name and value, with secret values redacted.
    pub fn redacted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|(name, value)| (name, if is_secret_property(name) { REDACTED } else { value }))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.redacted()).finish()
    }
}

fn is_secret_property(name: &str) -> bool {
    ["password", "passphrase", "secret", "pem", "private", "oauthbearer.config", "assertion"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_from_lines_or_semicolons() {
        let expected = vec![("client.id", "1"), ("debug", "broker,topic")];
        for text in ["client.id=1;debug=broker,topic", "client.id=1\ndebug=broker,topic\n"] {
            assert_eq!(Properties::parse(text).unwrap().iter().collect::<Vec<_>>(), expected);
        }
        assert!(Properties::parse("client.id").is_err());
    }

    #[test]
    fn secret_properties_are_not_shown() {
        let properties = Properties::parse("ssl.keystore.password=s3cret;socket.keepalive.enable=true").unwrap();
        let shown = format!("{properties:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("socket.keepalive.enable"));
    }
}

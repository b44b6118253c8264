//! Kafka, Connect and Debezium, fetched by Maven once per machine.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository;

/// What Kafka and Connect run on.
pub(crate) const KAFKA: &str = "kafka";
/// Where Connect looks for plugins, each in a folder of its own.
pub(crate) const PLUGINS: &str = "plugins";

/// Where Connect looks for the plugins that only measurements need.
pub(crate) const PEERS: &str = "peers";

/// The agent by which Java tells Prometheus what it counts.
pub(crate) const AGENT: &str = "jmx";

/// What only some stacks need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// The agent for Prometheus.
    Agent,
    /// Debezium's JDBC sink.
    JdbcSink,
}

impl More {
    fn argument(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::JdbcSink => "jdbc-sink",
        }
    }
}

/// The folder with the jars, after fetching what is missing. A script fetches, for `make up` fetches before this program is compiled.
pub(crate) fn fetch(more: &[More]) -> Result<PathBuf> {
    folder_from(script().args(more.iter().map(|more| more.argument())))
}

fn script() -> Command {
    Command::new(repository::root().join("stack/jars.sh"))
}

fn folder_from(script: &mut Command) -> Result<PathBuf> {
    let output = script.output().context("stack/jars.sh cannot be run")?;
    if !output.status.success() {
        bail!("the jars of Kafka and Debezium cannot be fetched:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let folder = String::from_utf8(output.stdout).context("the folder of the jars has no readable name")?;
    Ok(PathBuf::from(folder.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    /// A machine with an empty cache, whose `mvn` notes which pom it is given.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn with_maven(body: &str) -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            let mvn = machine.0.path().join("mvn");
            fs::write(&mvn, format!("#!/bin/sh\necho \"$4\" >>'{}'\n{body}\n", machine.notes().display())).unwrap();
            fs::set_permissions(&mvn, fs::Permissions::from_mode(0o755)).unwrap();
            machine
        }

        fn notes(&self) -> PathBuf {
            self.0.path().join("notes")
        }

        fn cache(&self) -> PathBuf {
            self.0.path().join("a cache")
        }

        fn fetch(&self) -> Result<PathBuf> {
            let path = format!("{}:{}", self.0.path().display(), std::env::var("PATH").unwrap());
            let mut script = Command::new(repository::root().join("stack/jars.sh"));
            folder_from(script.env("PATH", path).env("ORDERSTREAM_STACK_CACHE", self.cache()))
        }

        /// The poms that Maven was given since the last look.
        fn fetched(&self) -> Vec<String> {
            let notes = fs::read_to_string(self.notes()).unwrap_or_default();
            fs::write(self.notes(), "").unwrap();
            notes.lines().map(|pom| Path::new(pom).file_name().unwrap().to_str().unwrap().to_owned()).collect()
        }
    }

    #[test]
    fn maven_is_asked_for_what_is_not_there_as_the_pom_of_today_names_it() {
        let machine = Machine::with_maven("");
        assert_eq!(machine.fetch().unwrap(), machine.cache());
        assert_eq!(machine.fetched(), ["kafka.xml", "debezium.xml"]);
        machine.fetch().unwrap();
        assert!(machine.fetched().is_empty(), "everything is there");

        let old = machine.cache().join(KAFKA);
        fs::write(old.join("pom.xml"), "of another day").unwrap();
        fs::write(old.join("old.jar"), "").unwrap();
        machine.fetch().unwrap();
        assert_eq!(machine.fetched(), ["kafka.xml"]);
        assert!(!old.join("old.jar").exists(), "a jar of another day is left");
    }

    #[test]
    fn what_maven_says_when_it_fails_is_told_and_nothing_counts_as_fetched() {
        let machine = Machine::with_maven("echo no such artifact; exit 1");
        for _ in 0..2 {
            let message = machine.fetch().unwrap_err().to_string();
            assert!(message.contains("no such artifact\nMaven could not fetch the jars named in "), "{message}");
            assert_eq!(machine.fetched(), ["kafka.xml"]);
        }
    }
}

//! Java, on which Kafka and Kafka Connect run: which `java` is used, and with which options.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{jars, repository};

const OLDEST: u32 = 17;

/// A `java` that is new enough, and the class path of Kafka's jars.
#[derive(Clone, Debug)]
pub(crate) struct Java {
    program: PathBuf,
    class_path: String,
    short_lived: bool,
}

impl Java {
    /// Finds `java` in `JAVA_HOME` first, then in the `PATH`; `folder` is the folder of the jars. A `short_lived` Java starts quickly and
    /// would be slower later on.
    pub(crate) fn find(folder: &Path, short_lived: bool) -> Result<Self> {
        let program = locate(std::env::var_os("JAVA_HOME").as_deref());
        check_version(&program)?;
        Ok(Self { program, short_lived, class_path: format!("{}/*", folder.join(jars::KAFKA).display()) })
    }

    /// The same Java for a program that ends at once.
    pub(crate) fn for_a_moment(&self) -> Self {
        Self { short_lived: true, ..self.clone() }
    }

    /// A command that runs `main_class` with a heap of at most `heap_mb`.
    pub(crate) fn command(&self, heap_mb: u32, main_class: &str) -> Command {
        let mut command = Command::new(&self.program);
        if self.short_lived {
            command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
        }
        command
            .args([format!("-Xms{}m", heap_mb / 2), format!("-Xmx{heap_mb}m")])
            .args(["-XX:-UsePerfData", "-Djava.awt.headless=true"])
            .arg(format!("-Dlog4j2.configurationFile={}", repository::root().join("stack/log4j2.properties").display()))
            .args(["-cp", &self.class_path, main_class]);
        command
    }
}

fn locate(java_home: Option<&OsStr>) -> PathBuf {
    java_home.map(|home| Path::new(home).join("bin/java")).filter(|java| java.is_file()).unwrap_or_else(|| PathBuf::from("java"))
}

fn check_version(program: &Path) -> Result<()> {
    let advice = format!("Kafka and Kafka Connect need Java {OLDEST} or newer: install it (Debian: default-jre-headless) or set JAVA_HOME");
    let output = Command::new(program).arg("-version").output();
    let output = output.with_context(|| format!("`{}` cannot be run. {advice}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    match major_version(&text) {
        Some(major) if major >= OLDEST => Ok(()),
        Some(major) => bail!("`{}` is Java {major}. {advice}", program.display()),
        None => bail!("`{} -version` does not say its version: {text}. {advice}", program.display()),
    }
}

/// The major version that `java -version` prints: `openjdk version "17.0.15" 2025-04-15` is 17; `java version "1.8.0_292"` is 8.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match numbers.next()?.ok()? {
        1 => numbers.next()?.ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_java_is_reported_with_what_to_install() {
        let message = format!("{:#}", check_version(Path::new("/nowhere/bin/java")).unwrap_err());
        assert!(message.contains("`/nowhere/bin/java` cannot be run"), "{message}");
        assert!(message.contains("need Java 17 or newer: install it"), "{message}");
    }

    #[test]
    fn the_major_version_is_read_from_new_and_old_ways_of_counting() {
        assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major_version("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major_version("openjdk version \"25-ea\" 2025-09-16"), Some(25));
        assert_eq!(major_version("java version \"1.8.0_292\""), Some(8));
        assert_eq!(major_version("sh: java: not found"), None);
    }

    #[test]
    fn java_home_counts_only_if_there_is_a_java_in_it() {
        assert_eq!(locate(Some(OsStr::new("/nowhere"))), PathBuf::from("java"));
        assert_eq!(locate(None), PathBuf::from("java"));
    }
}

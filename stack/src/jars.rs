//! The jars of Kafka, Connect and Debezium, which Maven fetches once per machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository;

/// The folder of the jars that Kafka and Connect run on.
pub(crate) const KAFKA: &str = "kafka";
/// The folder in which Connect looks for plugins, each in a folder of its own.
pub(crate) const PLUGINS: &str = "plugins";

/// Each set of jars: the name of its pom, the pom's text, and the folder of the jars.
const SETS: [(&str, &str, &str); 2] =
    [("kafka", include_str!("../maven/kafka.xml"), KAFKA), ("debezium", include_str!("../maven/debezium.xml"), "plugins/debezium")];

/// Fetches the jars that are missing, and returns the folder of all jars.
pub(crate) fn fetch() -> Result<PathBuf> {
    let folder = repository::jar_folder();
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    // The lock is for two stacks that start at once: the second waits, and then finds everything there.
    let lock = File::create(folder.join("lock"))?;
    lock.lock().with_context(|| format!("{} cannot be locked", folder.display()))?;
    for (name, pom, place) in SETS {
        let done = folder.join(place);
        if !is_complete(&done, pom) {
            fetch_set(name, pom, &folder.join(format!("{name}.new")), &done)?;
        }
    }
    Ok(folder)
}

/// Whether the folder has all jars that the pom names. The pom is copied last, so a folder with today's pom is complete.
fn is_complete(set: &Path, pom: &str) -> bool {
    fs::read_to_string(set.join("pom.xml")).is_ok_and(|found| found == pom)
}

fn fetch_set(name: &str, pom: &str, new: &Path, done: &Path) -> Result<()> {
    remove(new)?;
    remove(done)?;
    fs::create_dir_all(new)?;
    run_maven(name, new)?;
    fs::write(new.join("pom.xml"), pom)?;
    if let Some(parent) = done.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(new, done).with_context(|| format!("{} cannot be put in place", done.display()))
}

fn run_maven(name: &str, into: &Path) -> Result<()> {
    let pom = repository::root().join("stack/maven").join(format!("{name}.xml"));
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", into.display()))
        .output()
        .context("`mvn` cannot be run. Kafka and Debezium are fetched by Maven: install it (Debian: maven)")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        bail!("Maven could not fetch the jars named in {}:\n{text}", pom.display());
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_as_complete_only_with_the_pom_of_today() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_complete(folder.path(), "new"));
        fs::write(folder.path().join("pom.xml"), "old").unwrap();
        assert!(!is_complete(folder.path(), "new"));
        fs::write(folder.path().join("pom.xml"), "new").unwrap();
        assert!(is_complete(folder.path(), "new"));
    }
}

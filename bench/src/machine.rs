//! The machine on which the numbers were measured, and the versions of what was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::ground::Ground;

/// The processor, the cores, the memory and the kernel of this machine.
pub(crate) fn machine() -> Value {
    json!({
        "cpu": field("/proc/cpuinfo", "model name").unwrap_or_default(),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_mb": memory_mb(),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    })
}

/// The versions of the services and of the program that is measured.
pub(crate) fn versions(ground: &Ground) -> Value {
    let redis = || -> anyhow::Result<String> {
        let info: String = redis::cmd("INFO").arg("server").query(&mut ground.redis()?)?;
        Ok(info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or_default().to_owned())
    };
    json!({
        "postgres": ground.stack.psql("show server_version").unwrap_or_default(),
        "redis": redis().unwrap_or_default(),
        "kafka": property(include_str!("../../stack/maven/kafka.xml"), "kafka"),
        "orderstream": output(Command::new(ground.program()).arg("--version")),
    })
}

/// The short hash of the commit that is checked out, with a plus sign if files differ from it.
pub(crate) fn revision() -> String {
    let git = |arguments: &[&str]| output(Command::new("git").arg("-C").arg(stack::root()).args(arguments));
    let hash = git(&["rev-parse", "--short", "HEAD"]);
    if git(&["status", "--porcelain", "--", ":!bench/results"]).is_empty() { hash } else { format!("{hash}+") }
}

/// One line by which a person recognises the machine.
pub(crate) fn in_words(machine: &Value) -> String {
    let (cpu, cores) = (machine["cpu"].as_str().unwrap_or_default(), machine["cores"].as_u64().unwrap_or_default());
    format!("{cores} cores of {cpu}, {} GB", machine["memory_mb"].as_f64().unwrap_or_default().round() / 1000.0)
}

fn memory_mb() -> u64 {
    let kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() * 1024 / 1_000_000
}

fn field(file: impl AsRef<Path>, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// `<name>value</name>` of a pom.
fn property(pom: &str, name: &str) -> String {
    let value = pom.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    value.map(|(value, _)| value.to_owned()).unwrap_or_default()
}

fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    output.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_kafka_is_in_the_pom() {
        assert!(property(include_str!("../../stack/maven/kafka.xml"), "kafka").starts_with(char::is_numeric));
        assert_eq!(property("<a>1</a>", "b"), "");
    }

    #[test]
    fn the_machine_has_cores_and_memory() {
        let machine = machine();
        assert!(machine["cores"].as_u64() > Some(0) && machine["memory_mb"].as_u64() > Some(0), "{machine}");
    }
}

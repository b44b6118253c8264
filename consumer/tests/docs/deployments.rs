//! The settings of the deployments are settings of the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ROOT;
use crate::commands::of_program;

const UNIT: &str = "deploy/systemd/orderstream.service";
const VALUES: &str = "deploy/helm/orderstream/values.yaml";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The lines below a key of a YAML file that stands at the beginning of a line.
fn below(yaml: &str, key: &str) -> String {
    let lines = yaml.lines().skip_while(|line| *line != format!("{key}:")).skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(|line| format!("{}\n", &line[2..])).collect()
}

/// What `orderstream config` says about a file.
fn takes(file: &Path) -> Result<(), String> {
    let output = Command::new(env!("CARGO_BIN_EXE_orderstream")).arg("--config").arg(file).arg("config").env_clear().output().unwrap();
    let warned = String::from_utf8(output.stderr).unwrap();
    if output.status.success() && warned.is_empty() { Ok(()) } else { Err(warned) }
}

#[test]
fn the_settings_of_the_unit_and_of_the_chart_are_taken() {
    assert_eq!(takes(&Path::new(ROOT).join("deploy/systemd/orderstream.toml")), Ok(()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orderstream.yaml");
    let settings = below(&read(VALUES), "config");
    assert!(settings.contains("bootstrap_servers: "), "{settings}");
    fs::write(&file, &settings).unwrap();
    assert_eq!(takes(&file), Ok(()));
    fs::write(&file, settings.replace("group_id", "group")).unwrap();
    assert!(takes(&file).unwrap_err().contains("unknown key"));
}

#[test]
fn the_secrets_of_the_unit_and_of_the_chart_are_settings_that_may_come_from_a_file() {
    let help = of_program(&["config", "--help"]);
    let unit = read(UNIT);
    let of_unit = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('=')).map(|(name, _)| name.to_owned());
    let secrets = below(&read(VALUES), "secrets");
    let of_chart = secrets.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(':')).map(|(name, _)| format!("{name}_FILE"));
    let all: Vec<String> = of_unit.chain(of_chart).collect();
    assert_eq!(all, ["DATABASE_URL_FILE", "REDIS_URL_FILE", "DATABASE_URL_FILE", "REDIS_URL_FILE"]);
    all.iter().for_each(|variable| assert!(help.contains(variable), "{variable} is no variable of a setting"));
}

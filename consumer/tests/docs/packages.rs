//! What packages and releases are made with: the completions of each shell, and the manual pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ROOT;
use crate::commands::{Known, of_program};

#[test]
fn each_shell_completes_every_command() {
    let commands = Known::of_repository(Path::new(ROOT)).commands();
    assert!(commands.contains(&"dlq replay".to_owned()), "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = of_program(&["completions", shell]);
        let absent = commands.iter().find(|command| !script.contains(command.rsplit(' ').next().unwrap()));
        assert_eq!(absent, None, "{shell}");
    }
}

#[test]
fn bash_takes_the_script_and_completes_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("orderstream.bash");
    fs::write(&script, of_program(&["completions", "bash"])).unwrap();
    let ask = r#". "$1"; COMP_WORDS=(orderstream dlq rep); COMP_CWORD=2; _orderstream orderstream rep dlq; echo "${COMPREPLY[@]}""#;
    let told = Command::new("bash").args(["-euc", ask, "bash"]).arg(&script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "replay", "{}", String::from_utf8_lossy(&told.stderr));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("man1");
    of_program(&["man", "--into", into.to_str().unwrap()]);
    let pages: BTreeSet<String> = fs::read_dir(&into).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    let commands = Known::of_repository(Path::new(ROOT)).commands();
    let expected = commands.iter().map(|command| format!("orderstream-{}.1", command.replace(' ', "-")));
    assert_eq!(pages, expected.chain(["orderstream.1".to_owned()]).collect());
    assert_eq!(fs::read_to_string(into.join("orderstream.1")).unwrap(), of_program(&["man"]));
}

#[test]
fn the_archive_of_a_release_has_the_program_its_pages_and_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let mut pack = Command::new("deploy/release/pack.sh");
    pack.arg(env!("CARGO_BIN_EXE_orderstream")).arg(folder.path()).current_dir(ROOT);
    let packed = pack.output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let archive = String::from_utf8(packed.stdout).unwrap();
    let listed = Command::new("tar").args(["-tzf", archive.trim()]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let expected =
        ["orderstream", "man1/orderstream-dlq-replay.1", "completions/orderstream.zsh", "systemd/orderstream.service", "LICENSE"];
    for file in expected {
        assert!(listed.lines().any(|line| line.split_once('/').is_some_and(|(_, path)| path == file)), "{file} is not in {listed}");
    }
    let materials = fs::read_to_string(archive.trim().replace(".tar.gz", ".cdx.json")).unwrap();
    assert!(materials.contains("pkg:cargo/rdkafka@") && !materials.contains("pkg:cargo/proptest@"), "{materials}");
}

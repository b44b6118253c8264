//! One short round of `make chaos` with each test run, which keeps the harness working and finds what is grossly broken. Afterwards each
//! check of the round has to find the violation that is planted for it.

use std::path::Path;
use std::process::{Command, ExitStatus};

/// The seed is fixed, so that the faults are always the same: a test that fails must not pass the next time because the faults differ.
/// `make chaos` tries other seeds.
const SEED: &str = "24";
const SECONDS: &str = "10";
/// How many violations are planted.
const PLANTED: usize = 50;

/// Builds orderstream, because `cargo test -p chaos` does not, and an old build would be tested in its place. The command is the build of
/// `make test`, so that nothing is left to be done after `make test`; another command would build the crates again with other features.
fn build_orderstream(target: &Path) -> std::io::Result<ExitStatus> {
    let mut cargo = stack::without_cargos_variables(Command::new(env!("CARGO")));
    cargo.args(["test", "--quiet", "--locked", "--workspace", "--no-run"]).env("CARGO_TARGET_DIR", target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.status()
}

#[test]
fn a_short_round_of_chaos_finds_nothing_but_what_is_planted_afterwards() {
    let chaos = Path::new(env!("CARGO_BIN_EXE_chaos"));
    assert!(build_orderstream(chaos.ancestors().nth(2).unwrap()).unwrap().success(), "orderstream cannot be built");
    let output = Command::new(chaos).args(["--rounds", "1", "--seed", SEED, "--seconds", SECONDS, "--planted"]).output().unwrap();
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    println!("{printed}");
    assert!(output.status.success(), "a round with seed {SEED} found something, or a check did not find what was planted");
    assert!(printed.contains("no findings"), "no round was run");
    let found = printed.lines().filter(|line| line.starts_with("planted: ") && line.contains("  found: ")).count();
    assert_eq!(found, PLANTED, "not all violations were planted and found");
}

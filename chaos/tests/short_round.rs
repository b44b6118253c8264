//! One short round of `make chaos` with each test run: it keeps the harness working, and finds what is broken by and large. Afterwards each of
//! its checks has to find what is planted for it.

use std::path::Path;
use std::process::{Command, ExitStatus};

/// Always the same faults: a test that fails must not pass the next time for want of them. `make chaos` tries others.
const SEED: &str = "24";
const SECONDS: &str = "10";
/// How many violations are planted.
const PLANTED: usize = 46;

/// `cargo test -p chaos` does not build orderstream, and one of another day would be tested in its place. This is what `make test` has built:
/// after it nothing is left to be done, for other features of the same crates would be built beside it.
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

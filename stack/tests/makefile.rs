//! The Makefile: what a target starts is what the same target builds.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// What `make` would do.
fn recipe(target: &str) -> Vec<String> {
    let mut make = Command::new("make");
    // As from a shell, also where `make test` runs this.
    make.args(["--dry-run", target])
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env("CARGO_TARGET_DIR", "built")
        .current_dir(stack::root());
    let told = make.output().unwrap();
    assert!(told.status.success(), "make {target}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The programs that Cargo builds for a target, as paths.
fn built(recipe: &[String]) -> Vec<String> {
    let line = recipe.iter().find(|line| line.contains("cargo build ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert!(words.contains(&"--bins"), "{line}");
    let after = |flag: &str| -> Vec<String> { words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_owned()).collect() };
    let profile = if words.contains(&"--release") { "release".to_owned() } else { after("--profile")[0].clone() };
    let manifest = fs::read_to_string(stack::root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("\n[profile.{profile}]\n")), "Cargo.toml has no profile {profile}");
    let members = ["bench", "chaos", "orderstream", "stack"].map(str::to_owned).to_vec();
    let packages = Some(after("-p")).filter(|named| !named.is_empty()).unwrap_or(members);
    packages.iter().map(|program| format!("built/{profile}/{program}")).collect()
}

#[test]
fn what_a_target_starts_is_what_it_builds_with_orderstream_beside_it() {
    for (target, program) in
        [("up", "stack"), ("services", "stack"), ("mirror", "stack"), ("clean", "stack"), ("bench", "bench"), ("chaos", "chaos")]
    {
        let recipe = recipe(target);
        let built = built(&recipe);
        let started = recipe.last().unwrap().split_whitespace().next().unwrap().to_owned();
        assert_eq!(Path::new(&started).file_name().unwrap(), program, "{recipe:#?}");
        assert!(built.contains(&started), "`make {target}` starts {started} and builds {built:?}");
        let orderstream = Path::new(&started).with_file_name("orderstream");
        assert!(built.iter().any(|path| Path::new(path) == orderstream), "`make {target}` builds {built:?}");
    }
}

#[test]
fn down_asks_the_program_that_up_started() {
    let (up, down) = (recipe("up"), recipe("down"));
    let started = up.last().unwrap().strip_suffix(" up").unwrap();
    assert_eq!(down, [format!("! [ -x {started} ] || {started} down")]);
}

#[test]
fn what_the_recipes_run_beside_cargo_is_there() {
    for target in ["up", "test", "chaos"] {
        let recipe = recipe(target);
        let scripts = recipe.iter().flat_map(|line| line.split_whitespace()).filter(|word| word.starts_with("stack/"));
        let scripts: Vec<&str> = scripts.collect();
        assert!(!scripts.is_empty(), "{recipe:#?}");
        scripts.iter().for_each(|script| assert!(stack::root().join(script).is_file(), "{script} is missing"));
    }
}

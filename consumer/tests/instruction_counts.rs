//! The test that the pure parts take no more instructions than they did. A part that takes a tenth more than its stored count fails the
//! test, with its name.
//!
//! Time on a shared machine says little about a tenth, but instructions are the same each time. Instructions depend on the compiler, so
//! counts are compared only under the compiler with which they were stored, which rust-toolchain.toml pins. `make counts` stores new
//! counts.
//!
//! The parts are built with the dependencies of the other tests, and only the packages that hold the parts are optimised, so that not
//! everything is built a second time.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::{Deserialize, Serialize};
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A stored count may be exceeded by this factor.
const ALLOWED: f64 = 1.10;
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// The packages that hold the parts.
const PACKAGES: [&str; 2] = ["orderstream", "orderstream-change"];
/// The settings of the build: optimised as the product is but for link-time optimisation, and without the checks of a debug build.
const OPTIMISED: [&str; 4] = ["opt-level=3", "codegen-units=1", "overflow-checks=false", "debug-assertions=false"];

/// Instructions per item, by part.
type Counts = BTreeMap<String, u64>;

#[derive(Deserialize, Serialize)]
struct Stored {
    rustc: String,
    instructions_per_item: Counts,
}

#[test]
#[ignore = "compiles the program anew, for minutes: make test-counts"]
fn no_pure_part_takes_a_tenth_more_instructions_than_stored() -> Result<()> {
    let store = env::var_os("STORE_COUNTS").is_some();
    let rustc = rustc()?;
    let stored: Option<Stored> = fs::read_to_string(FILE).ok().map(|text| serde_json::from_str(&text)).transpose()?;
    if let Some(stored) = stored.as_ref().filter(|stored| stored.rustc != rustc && !store) {
        println!("not compared: the counts are those of rustc {}, and this is {rustc}; `make counts` stores new ones", stored.rustc);
        return Ok(());
    }
    let counts = count()?;
    if store {
        let text = serde_json::to_string_pretty(&Stored { rustc, instructions_per_item: counts })?;
        return Ok(fs::write(FILE, text + "\n")?);
    }
    let stored = stored.ok_or_else(|| format!("{FILE} is missing: `make counts` writes it"))?;
    let wrong = differences(&stored.instructions_per_item, &counts);
    assert!(wrong.is_empty(), "{}\nIf that is the price of something needed: `make counts` stores the new counts.", wrong.join("\n"));
    Ok(())
}

/// The parts that grew by more than is allowed, and those that are only on one side.
fn differences(stored: &Counts, counted: &Counts) -> Vec<String> {
    let gone = stored.keys().filter(|name| !counted.contains_key(*name)).map(|name| format!("{name} is stored and does not exist"));
    let grown = counted.iter().filter_map(|(name, now)| match stored.get(name) {
        None => Some(format!("{name} takes {now} instructions, and no count of it is stored")),
        Some(then) if *now as f64 > *then as f64 * ALLOWED => {
            let percent = 100.0 * (*now as f64 / *then as f64 - 1.0);
            Some(format!("{name} grew by {percent:.1} %: from {then} to {now} instructions"))
        }
        Some(_) => None,
    });
    gone.chain(grown).collect()
}

#[test]
fn what_grew_is_named_and_what_shrank_or_wavered_is_not() {
    let counts = |counts: &[(&str, u64)]| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Counts>();
    let stored = counts(&[("decode", 1000), ("collapse", 1000), ("encode", 1000), ("gone", 1)]);
    let found = differences(&stored, &counts(&[("decode", 1101), ("collapse", 1099), ("encode", 500), ("new", 7)]));
    let expected = [
        "gone is stored and does not exist",
        "decode grew by 10.1 %: from 1000 to 1101 instructions",
        "new takes 7 instructions, and no count of it is stored",
    ];
    assert_eq!(found, expected);
}

/// Counts every part, per item.
fn count() -> Result<Counts> {
    let example = build()?;
    let listed = Command::new(&example).output()?.stdout;
    let mut counts = Counts::new();
    for line in String::from_utf8(listed)?.lines() {
        let (name, items) = line.split_once(' ').ok_or("a part without a number of items")?;
        counts.insert(name.to_owned(), instructions(&example, name)? / items.parse::<u64>()?);
    }
    Ok(counts)
}

/// Builds the example `instructions`, optimised.
fn build() -> Result<PathBuf> {
    let mut cargo = stack::without_cargos_variables(Command::new(env!("CARGO")));
    // All members are built, as by `make test`, because with fewer members the dependencies would have other features and be built once
    // more.
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    cargo.args(["build", "--workspace", "--example", "instructions", "--locked", "--message-format=json-render-diagnostics"]);
    for package in PACKAGES {
        for setting in OPTIMISED {
            cargo.args(["--config", &format!("profile.dev.package.{package}.{setting}")]);
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(format!("the parts cannot be built:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = built
        .filter(|message| message["target"]["name"] == "instructions")
        .find_map(|message| Some(message["executable"].as_str()?.into()));
    executable.ok_or_else(|| "cargo does not say where the example is".into())
}

/// Counts the instructions of one part for all its items.
fn instructions(example: &Path, name: &str) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let profile = folder.path().join("profile");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*measured_piece*"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(example).arg(name);
    let output = valgrind.output().map_err(|error| format!("valgrind cannot be run, stack/packages.sh installs it: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} under valgrind:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = fs::read_to_string(&profile)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    match total.map(str::trim).map(str::parse).transpose()? {
        Some(0) | None => Err(format!("callgrind counted nothing of {name}: is measured_piece still called so?").into()),
        Some(total) => Ok(total),
    }
}

/// The release and the host of the compiler.
fn rustc() -> Result<String> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into())).arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).ok_or(format!("rustc tells no {name}"));
    Ok(format!("{} {}", field("release:")?, field("host:")?))
}

//! The test that the benchmark itself works: it runs two small cases on the real stack, with every check of the results.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[test]
fn a_small_drain_and_its_floor_are_right_and_written_down() -> Result<()> {
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let orderstream = bench.with_file_name("orderstream");
    assert!(orderstream.is_file(), "{} is missing: `cargo build -p orderstream` makes it", orderstream.display());
    let folder = tempfile::tempdir()?;

    let mut command = Command::new(bench);
    command.env("RESULTS", folder.path()).env("CASE", "drain-create floor");
    command.env("N", "2000").env("CUSTOMERS", "100").env("REPEAT", "1").env("SEED", "7").env_remove("BASE");
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let files: Vec<_> = fs::read_dir(folder.path())?.collect::<std::io::Result<_>>()?;
    assert_eq!(files.len(), 1, "{files:?}");
    let run: Value = serde_json::from_str(&fs::read_to_string(files[0].path())?)?;
    let cases: Vec<&str> = run["cases"].as_array().into_iter().flatten().filter_map(|case| case["case"].as_str()).collect();
    for case in
        ["drain-create", "floor", "floor-plain-hset", "floor-upserts-alone", "floor-redis-alone", "floor-hset-alone", "floor-fetch-alone"]
    {
        assert!(cases.contains(&case), "{case} is missing in {cases:?}");
    }
    let rates = run["cases"].as_array().into_iter().flatten().map(|case| case["measures"]["events_per_second"]["median"].as_f64());
    assert!(rates.clone().all(|rate| rate > Some(0.0)), "{:?}", rates.collect::<Vec<_>>());
    assert_eq!(run["goals"][0]["of"], "floor", "{}", run["goals"]);
    assert!(said.contains("share of floor"), "{said}");
    Ok(())
}

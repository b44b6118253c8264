//! Tells the program which revision it is built from, for `--version`, the first line of the log and `orderstream_build_info`.
//!
//! The revision is that of the Git repository around this package, or `ORDERSTREAM_REVISION` where there is none, as in an image. Without
//! either the revision is `unknown`. The script runs again after a commit or a checkout, and not with every build.

use std::path::Path;
use std::process::Command;

/// Files of Git that change with a commit or a checkout. One that does not exist is not watched, because Cargo would run the script with
/// every build.
const WATCHED: [&str; 3] = ["HEAD", "logs/HEAD", "packed-refs"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=ORDERSTREAM_REVISION");
    let given = std::env::var("ORDERSTREAM_REVISION").ok().filter(|revision| !revision.is_empty());
    let revision = given.or_else(revision).unwrap_or_else(|| "unknown".to_owned());
    let build = ["PROFILE", "TARGET"].map(|name| std::env::var(name).unwrap_or_default()).join(", ");
    println!("cargo:rustc-env=ORDERSTREAM_REVISION={revision}");
    println!("cargo:rustc-env=ORDERSTREAM_BUILD={build}");
}

/// The revision of the repository, if this package lies in its folder `consumer`. A repository further up is another program's.
fn revision() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let is_ours = Path::new(&top).join("consumer").canonicalize().ok()? == Path::new(".").canonicalize().ok()?;
    let revision = is_ours.then(|| git(&["rev-parse", "--short=12", "HEAD"]))??;
    let paths = WATCHED.iter().filter_map(|name| git(&["rev-parse", "--git-path", name]));
    for path in paths.filter(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={path}");
    }
    Some(revision)
}

/// The first line of what Git says; `None` if there is no Git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

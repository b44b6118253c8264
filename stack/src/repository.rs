//! Paths in the repository: its root, the data of the services, and the jars.

use std::path::{Path, PathBuf};

/// The root of the repository in which this crate was built.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// What `make up` keeps between two runs: the data of every service, and their logs.
pub fn data_folder() -> PathBuf {
    root().join(".stack/data")
}

/// The folder of the jars. The jars are the same for every stack on the machine, so they are fetched once, and `make clean` keeps them.
pub(crate) fn jar_folder() -> PathBuf {
    match std::env::var_os("ORDERSTREAM_STACK_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => root().join(".stack/jars"),
    }
}

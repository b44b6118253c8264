//! Where things lie in the repository.

use std::path::{Path, PathBuf};

/// The root of the repository this crate was built in.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// What `make up` keeps between two runs: the data of every service, and their logs.
pub fn data_folder() -> PathBuf {
    root().join(".stack/data")
}

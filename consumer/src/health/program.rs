//! Which program this is, as `--version`, the log, `/status` and the metrics tell.

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The revision that the program was built from, or `unknown`.
pub const REVISION: &str = env!("ORDERSTREAM_REVISION");

/// Version, revision and build, for people.
pub const PROGRAM: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (revision ", env!("ORDERSTREAM_REVISION"), ", ", env!("ORDERSTREAM_BUILD"), ")");

//! The binary: everything is in the library.

use std::process::ExitCode;

/// A quarter less CPU than the system's allocator: a batch is many small texts that are freed together.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orderstream::cli::main()
}

//! Runs each pure part once, for `tests/instruction_counts.rs`, which counts the instructions of `measured_piece` under callgrind.
//!
//! Without an argument the program lists the parts; with the name of a part it runs that part.

#[path = "../benches/pieces/mod.rs"]
mod pieces;

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

/// The allocator of the orderstream program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let all = pieces::all();
    let Some(name) = env::args().nth(1) else {
        all.iter().for_each(|piece| println!("{} {}", piece.name, pieces::ITEMS));
        return ExitCode::SUCCESS;
    };
    let Some(mut piece) = all.into_iter().find(|piece| piece.name == name) else {
        println!("there is no part {name}");
        return ExitCode::FAILURE;
    };
    // The part runs once before it is counted, because memory that is asked for the first time costs more than memory that comes back.
    (piece.run)();
    measured_piece(&mut piece.run);
    ExitCode::SUCCESS
}

/// Runs the part. Callgrind finds this function by its name, so nothing else in the program may have this name.
#[inline(never)]
fn measured_piece(run: &mut dyn FnMut()) {
    run();
    black_box(());
}

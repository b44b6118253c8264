//! Runs each pure part once, for `tests/instruction_counts.rs`, which counts the instructions of `measured_piece` under callgrind.
//!
//! Without an argument it lists the parts; with the name of one it runs that.

#[path = "../benches/pieces/mod.rs"]
mod pieces;

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

/// The product's allocator.
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
    // Memory that is asked for the first time costs more than memory that comes back.
    (piece.run)();
    measured_piece(&mut piece.run);
    ExitCode::SUCCESS
}

/// Found by its name: nothing else in the program may be called like this.
#[inline(never)]
fn measured_piece(run: &mut dyn FnMut()) {
    run();
    black_box(());
}

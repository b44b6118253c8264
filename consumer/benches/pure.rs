//! `make micro`: measures the time of the pure parts of the work on a batch.

mod pieces;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The allocator of the orderstream program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn pure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pure");
    group.throughput(Throughput::Elements(pieces::ITEMS.unsigned_abs()));
    for mut piece in pieces::all() {
        group.bench_function(piece.name, |bencher| bencher.iter(&mut piece.run));
    }
    group.finish();
}

criterion_group!(benches, pure);
criterion_main!(benches);

#!/usr/bin/env bash
# The checks and tests that must pass before a change is taken. The end says how long each step took.
set -euo pipefail
cd "$(dirname "$0")/.."
. stack/steps.sh

step stack/packages.sh
step cargo fmt --all --check
# What Clippy and the tests both need is compiled once: macros, build scripts, librdkafka. The dependencies are not: Clippy wants to know their
# types only, in a quarter of the time that their code takes, which the tests need. The docs take Clippy's.
step stack/with-jars.sh cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --workspace --no-deps --locked
# The tests of the page need what npm installs here.
step stack/test-dashboard.sh
step cargo test --workspace --locked --no-run
# A run takes long, so it shows every failure at once and does not end at the first.
step cargo test --workspace --locked --no-fail-fast

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
step cargo test -p orderstream --locked --test mirror --no-run

# The tests of the mirror have servers of their own, for which they mostly wait, so they run beside the others. A run takes long, so it shows every
# failure at once and does not end at the first.
all_tests() {
    local mirror mirror_says code=0
    mirror_says=$(mktemp)
    cargo test -p orderstream --locked --test mirror --no-fail-fast >"$mirror_says" 2>&1 &
    mirror=$!
    cargo test --workspace --locked --no-fail-fast || code=$?
    wait "$mirror" || code=$?
    cat "$mirror_says"
    rm -f "$mirror_says"
    return "$code"
}
step all_tests

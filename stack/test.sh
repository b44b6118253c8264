#!/usr/bin/env bash
# The checks and tests that must pass before a change is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
stack/packages.sh
step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; "$@"; }
step cargo fmt --all --check
step cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --workspace --no-deps --locked
# A run takes long, so it shows every failure at once and does not end at the first.
step cargo test --workspace --locked --no-fail-fast
printf '\nall is well (%d s)\n' "$SECONDS"

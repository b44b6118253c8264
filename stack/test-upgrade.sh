#!/usr/bin/env bash
# A rolling upgrade from an earlier revision, under load: stack/test-upgrade.sh <revision>. The earlier program is built in a work tree of its
# own, and the build shares the compiled dependencies of this one.
set -euo pipefail
cd "$(dirname "$0")/.."
revision=$(git rev-parse --verify "${1:?the revision to upgrade from, as stack/test-upgrade.sh v0.1.0}^{commit}")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tree=$target/earlier/$revision
program=$tree.program

if [ ! -x "$program" ]; then
    rm -rf "$tree"
    git worktree prune
    git worktree add --detach "$tree" "$revision" >/dev/null
    (cd "$tree" && CARGO_TARGET_DIR=$target cargo build --locked -p orderstream --bin orderstream)
    # The program of this revision goes to the same place, so this one is kept under a name of its own.
    mv "$target/debug/orderstream" "$program"
    git worktree remove --force "$tree"
fi
EARLIER_ORDERSTREAM=$program cargo test --locked -p orderstream --test upgrade -- --ignored --nocapture

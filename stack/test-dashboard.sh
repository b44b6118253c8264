#!/usr/bin/env bash
# The checks and tests of the dashboard, and whether the page in git is the one that its source makes. Needs Node; a machine without Node is no reason
# to fail, because the built page is in git, and the script then says what was not tested.
set -euo pipefail
cd "$(dirname "$0")/../dashboard"

major=$({ node --version 2>/dev/null || true; } | sed -n 's/^v\([0-9]*\).*/\1/p')
if [ "${major:-0}" -lt 20 ]; then
    echo "NOT TESTED: the dashboard, because it needs Node 20 or later; here is ${major:+v}${major:-none}"
    if [ -n "${CI:-}" ] && [ "$CI" != false ]; then exit 1; fi
    exit 0
fi

. ../stack/steps.sh
step npm ci --ignore-scripts --no-audit --no-fund
step npm run check
step npm test
step npm run build
# Porcelain sees files that git does not know too. Nothing may build the page between, or the question comes too late.
built() {
    local changed
    changed=$(git status --porcelain -- dist)
    [ -z "$changed" ] && return
    echo "dashboard/dist is not what the source makes: run npm run build in dashboard, and commit dashboard/dist" >&2
    echo "$changed" >&2
    return 1
}
step built

#!/usr/bin/env bash
# Says whether everything agrees on the version that is to be released: deploy/release/check.sh 1.2.3
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?the version, as 1.2.3}

wrong=0
says() {
    local what=$1 found=$2
    [ "$found" = "$version" ] || { echo "$what says ${found:-nothing} and not $version." >&2; wrong=1; }
}
says Cargo.toml "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)"
says 'The version of Chart.yaml' "$(sed -n 's/^version: //p' deploy/helm/orderstream/Chart.yaml)"
says 'The appVersion of Chart.yaml' "$(sed -n 's/^appVersion: //p' deploy/helm/orderstream/Chart.yaml)"
deploy/release/chapter.sh "$version" >/dev/null || wrong=1
exit $wrong

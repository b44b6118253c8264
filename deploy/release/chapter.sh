#!/usr/bin/env bash
# Prints the chapter of CHANGELOG.md about a version, without its heading: deploy/release/chapter.sh 1.2.3
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?the version, as 1.2.3}

chapter=$(awk -v heading="## [$version]" 'index($0, "## ") == 1 { within = index($0, heading) == 1; next } within' CHANGELOG.md)
[ -n "${chapter//[[:space:]]/}" ] || { echo "CHANGELOG.md has no chapter [$version], or nothing in it." >&2; exit 1; }
printf '%s\n' "$chapter"

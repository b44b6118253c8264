#!/usr/bin/env bash
# Runs a command that takes long, a build, while Maven fetches the jars of Kafka and Debezium: stack/with-jars.sh cargo build ...
# What Maven says is shown only if it fails, at once; the command goes on then, for what it builds is of use the next time.
set -euo pipefail
here=$(dirname "$0")
log=$(mktemp)

fetch() {
    "$here/jars.sh" >"$log" 2>&1 || { printf '\nThe jars of Kafka and Debezium could not be fetched:\n%s\n' "$(cat "$log")" >&2; exit 1; }
}

# A process group of its own, so that an interrupt ends Maven too.
set -m
fetch &
jars=$!
set +m
trap 'kill -- -$jars 2>/dev/null || true; rm -f "$log"' EXIT

"$@"
if kill -0 $jars 2>/dev/null; then echo '== waiting for Maven, which fetches Kafka and Debezium'; fi
wait $jars

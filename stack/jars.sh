#!/usr/bin/env bash
# Fetches Kafka, Kafka Connect and Debezium (with the argument `agent` the agent for Prometheus too, with `jdbc-sink` Debezium's JDBC sink) by
# Maven once per machine, and prints the folder with their jars. `make up` runs it while Cargo compiles (stack/with-jars.sh), and each start
# of a stack runs it again (stack/src/jars.rs), which finds everything there.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${ORDERSTREAM_STACK_CACHE:-$root/.stack/jars}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# Two that start at once: the second waits and finds everything there.
exec 9>"$folder/lock"
flock 9

# The pom is copied last: with the pom of today in it, a folder holds all that this pom names.
fetch() {
    local pom=$root/stack/maven/$1.xml new=$folder/$1.new done=$folder/$2
    if cmp -s "$pom" "$done/pom.xml"; then return; fi
    command -v mvn >/dev/null ||
        { echo '`mvn` cannot be run. Kafka and Debezium are fetched by Maven: install it (Debian: maven)' >&2; exit 1; }
    rm -rf "$new" "$done"
    mkdir -p "$new" "$(dirname "$done")"
    mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$new" >&2 </dev/null ||
        { echo "Maven could not fetch the jars named in $pom" >&2; exit 1; }
    for archive in "$new"/*.tar.gz; do
        if [ -e "$archive" ]; then tar -xzf "$archive" --strip-components=1 -C "$new" && rm "$archive"; fi
    done
    cp "$pom" "$new/pom.xml"
    mv "$new" "$done"
}

fetch kafka kafka
fetch debezium plugins/debezium
for more; do
    case $more in
        agent) fetch jmx jmx ;;
        jdbc-sink) fetch jdbc-sink peers/jdbc-sink ;;
    esac
done
echo "$folder"

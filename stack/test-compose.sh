#!/usr/bin/env bash
# Tests `docker compose up` as people start it: build, up, the container's rights, the README's session, a restart, down, with each Compose
# that is installed; with it the profile `mirror` and its page's session; and once all but the mirror with TLS and logins everywhere
# (docker-compose.secure.yml).
#
#   stack/test-compose.sh                 fails if no engine runs and none can be started
#   stack/test-compose.sh --if-possible   says so instead, and ends well; builds no Compose, because that takes minutes
#
# The test has a project, volumes and ports of its own, so it leaves alone what runs already. As root on Debian the script installs and
# starts an engine for itself. Images that cannot be pulled are made by the folder STANDINS, if the folder exists.
set -euo pipefail
cd "$(dirname "$0")/.."
standins=${STANDINS:-../shared/standins}
work=.stack/compose
mkdir -p "$work"
export COMPOSE_PROJECT_NAME=orderstream-test
export POSTGRES_PORT=25432 KAFKA_PORT=29092 CONNECT_PORT=28083 REDIS_PORT=26379 ORDERSTREAM_PORT=28080
export MIRROR_PORT=28082 POSTGRES_MIRROR_PORT=25433

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }
answers() { docker info >/dev/null 2>&1; }

start_engine() {
    [ "$(id -u)" = 0 ] || { why='No container engine answers, and only root can start one.'; return 1; }
    if ! [ -x /usr/sbin/dockerd ] || ! command -v docker-compose >/dev/null; then
        command -v apt-get >/dev/null || { why='No container engine is installed.'; return 1; }
        local install=(apt-get install -y --no-install-recommends docker.io docker-compose iptables)
        { "${install[@]}" || { apt-get update && "${install[@]}"; }; } >"$work/install.log" 2>&1 ||
            { why="No container engine can be installed: $work/install.log"; return 1; }
    fi
    dockerd >"$work/dockerd.log" 2>&1 &
    engine=$!
    for _ in $(seq 60); do
        if answers; then return 0; fi
        kill -0 "$engine" 2>/dev/null || break
        sleep 1
    done
    why="The container engine does not start here: $work/dockerd.log"
    return 1
}

# Prints the images that the stack is made of, and those on which the program's own image is built.
images() {
    sed -n 's/^ *- &[a-z]* \(.*\)/\1/p' docker-compose.yml
    # Services of a profile are not started.
    awk '/^ *image: [^*]/ { if (image) print image; image = $2 } /^ *profiles:/ { image = "" } END { if (image) print image }' \
        docker-compose.yml | grep -v '^orderstream$'
    sed -n 's/^FROM \([^ ]*\).*/\1/p' consumer/Dockerfile
}

have_images() {
    local image missing=0
    for image in $(images | sort -u); do
        docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" 2>/dev/null || missing=1
    done
    if [ $missing = 1 ] && [ -e "$standins/build.sh" ]; then
        # Files that are read-only in the folder would be read-only in the images, where Kafka writes to them.
        rm -rf "$work/standins" && cp -r "$standins" "$work/standins" && chmod -R u+w "$work/standins"
        bash "$work/standins/build.sh" base postgres redis kafka rust >"$work/standins.log" 2>&1 ||
            { why="The images cannot be made: $work/standins.log"; return 1; }
    fi
    for image in $(images | sort -u); do
        docker image inspect "$image" >/dev/null 2>&1 || { why="The image $image can neither be pulled nor made."; return 1; }
    done
}

# Prints the commands of each Compose. The newer Compose is a plugin of Docker, or built by Go; the older one is a program of its own.
composes() {
    if docker compose version >/dev/null 2>&1; then
        echo 'docker compose'
    elif [ "${1:-}" != --if-possible ] && compose_v2; then
        echo "$PWD/$work/docker-compose"
    fi
    if command -v docker-compose >/dev/null; then echo docker-compose; fi
}

compose_v2() {
    local version=v2.40.3 source
    [ -x "$work/docker-compose" ] && return 0
    command -v go >/dev/null || return 1
    source=$(go mod download -json "github.com/docker/compose/v2@$version" 2>>"$work/go.log" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    [ -n "$source" ] && rm -rf "$work/source" && cp -r "$source" "$work/source" && chmod -R u+w "$work/source" &&
        (cd "$work/source" && CGO_ENABLED=0 go build -o ../docker-compose ./cmd) >>"$work/go.log" 2>&1 && rm -rf "$work/source"
}

ready() {
    local port=${1:-$ORDERSTREAM_PORT}
    for _ in $(seq 180); do
        if curl -fs "localhost:$port/readyz" >/dev/null; then return 0; fi
        sleep 1
    done
    echo "The program on port $port is not ready after three minutes:"
    $compose ps
    $compose logs --tail 40
    return 1
}

orders_with_customers() {
    ${shell_file:+env PGSSLMODE=verify-full PGSSLROOTCERT=${shell_file%/*}/ca.pem} \
        psql -XAtc "select count(*) from results where enrichment = 'complete'" \
        "postgres://postgres:postgres@localhost:$POSTGRES_PORT/orders"
}

# The process of the image has no rights, on a file system that cannot be written, and the image's own check calls it well.
hardened() {
    local container found
    container=$($compose ps -q orderstream)
    found=$(docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' "$container")
    [ "$found" = '10001:10001 true [ALL] [no-new-privileges:true]' ] || { echo "The container is not shut in: $found"; return 1; }
    ! docker exec "$container" touch /tmp/file 2>/dev/null || { echo 'The container can write to its file system.'; return 1; }
    docker exec "$container" orderstream ready
    for _ in $(seq 30); do
        [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" != healthy ] || return 0
        sleep 1
    done
    docker inspect --format '{{json .State.Health}}' "$container"
    return 1
}

# The README's session, or with --mirror that of docs/mirror.md: session <port of the program> [option..]
session() {
    local port=$1
    shift
    cargo run --quiet --locked --bin stack -- session --compose "$compose" ${shell_file:+--shell-file "$PWD/$shell_file"} \
        --ports "$POSTGRES_PORT,$REDIS_PORT,$KAFKA_PORT,0,$CONNECT_PORT,$port" "$@"
}

# The job `mirror` beside the other one. Compose starts and removes the services of a profile only if it is told the profile.
mirrored() {
    COMPOSE_PROFILES=mirror $compose up -d mirror
    ready "$MIRROR_PORT"
    session "$MIRROR_PORT" --mirror --target-port "$POSTGRES_MIRROR_PORT"
}

walk_with() {
    compose=$1
    say "$compose: build"
    $compose build >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; return 1; }
    say "$compose: up"
    $compose up -d
    ready
    say "$compose: the container is shut in"
    hardened
    say "$compose: the README's session"
    session "$ORDERSTREAM_PORT"
    if [ -z "${shell_file:-}" ]; then
        say "$compose: the mirror, with the session of docs/mirror.md"
        mirrored
    fi
    say "$compose: restart"
    local before
    before=$(orders_with_customers)
    $compose restart
    ready
    [ "$(orders_with_customers)" = "$before" ] || { echo 'After a restart the results are not the same.'; return 1; }
    say "$compose: down"
    COMPOSE_PROFILES=mirror $compose down -v
}

# The same with TLS and logins. The containers make the certificates.
walk_secured_with() {
    local shell_file=.stack/compose-secure/env.sh
    rm -rf "${shell_file%/*}"
    walk_with "$1 -f docker-compose.yml -f docker-compose.secure.yml"
}

end() {
    local code=$?
    if [ -n "${compose:-}" ] && [ $code != 0 ]; then COMPOSE_PROFILES=mirror $compose down -v >/dev/null 2>&1 || true; fi
    if [ -n "${engine:-}" ]; then kill "$engine" && wait "$engine" || true; fi
    exit $code
}
trap end EXIT

cannot() {
    echo "$why"
    if [ "${1:-}" = --if-possible ]; then echo 'docker compose up is NOT TESTED here.'; exit 0; fi
    exit 1
}

stack/packages.sh
answers || start_engine || cannot "$@"
have_images || cannot "$@"
walked=0
while read -r found; do
    walk_with "$found" </dev/null
    [ $walked -gt 0 ] || walk_secured_with "$found" </dev/null
    walked=$((walked + 1))
done < <(composes "$@")
why='There is no Docker Compose.'
[ $walked -gt 0 ] || cannot "$@"
say "docker compose up does what the README says, with $walked versions of Compose"
printf '%d passed, 0 failed\n' "$walked"

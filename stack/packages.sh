#!/usr/bin/env bash
# Installs the Debian packages that the build and the services need, if something is missing. make up and make test run the script
# before anything is compiled. Without the right to install, the script prints the line to run, and fails.
set -euo pipefail

missing=()
need() { local package=$1; shift; "$@" >/dev/null 2>&1 || missing+=("$package"); }
java_is_new_enough() {
    local java=java version
    if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then java=$JAVA_HOME/bin/java; fi
    version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 17 ]
}

has_browser() { test -x "${CHROMIUM:-/usr/bin/chromium}" || test -x /usr/bin/google-chrome; }

need gcc command -v gcc
need g++ command -v g++
need libc6-dev test -e /usr/include/stdio.h
need make command -v make
need pkg-config command -v pkg-config
need libssl-dev pkg-config --exists openssl
need zlib1g-dev pkg-config --exists zlib
need default-jre-headless java_is_new_enough
need maven command -v mvn
need postgresql compgen -G '/usr/lib/postgresql/*/bin/postgres'
need postgresql-client command -v psql
need pgbouncer test -x /usr/sbin/pgbouncer
need redis-server command -v redis-server
need redis-tools command -v redis-cli
need prometheus command -v promtool
need prometheus-alertmanager command -v amtool
# The page's tests need a browser, and are left out where there is no Node. Ubuntu's package is a snap, and its machines may have Chrome.
! command -v node >/dev/null || need chromium has_browser
need valgrind command -v valgrind
need util-linux command -v setpriv
need kcat command -v kcat
need procps command -v pgrep
need iproute2 command -v ss
[ ${#missing[@]} -gt 0 ] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" = 0 ]; then sudo=()
elif sudo -n true 2>/dev/null; then sudo=(sudo -n)
else sudo=(false); fi
if ! command -v apt-get >/dev/null || [ "${sudo[*]}" = false ]; then
    echo "Something is missing. On Debian or Ubuntu this installs it:" >&2
    echo "  sudo $install" >&2
    exit 1
fi

echo "installing ${missing[*]}"
# Debian starts a service as soon as it is installed, on the very ports that the stack needs. The policy prevents the start now, and
# the services are disabled for the next boot.
"${sudo[@]}" sh -euc '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap "rm -f $policy" EXIT
        printf "#!/bin/sh\nexit 101\n" >$policy
        chmod +x $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    '"$install"' || { apt-get update; '"$install"'; }
    for package; do
        case $package in
            redis-server|postgresql|pgbouncer|prometheus|prometheus-alertmanager) systemctl disable --quiet $package 2>/dev/null || true ;;
        esac
    done
' install "${missing[@]}"

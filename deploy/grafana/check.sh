#!/usr/bin/env bash
# Checks the dashboards against Grafana's own schema. The check is a program in Go, because Grafana's schema comes as a Go module.
set -euo pipefail
cd "$(dirname "$0")/check"
command -v go >/dev/null || { echo 'The check of the dashboards needs Go (Debian: golang-go, 1.24 or newer)' >&2; exit 1; }
go run . ../dashboards/*.json

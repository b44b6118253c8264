#!/usr/bin/env bash
# Packs a release's archive around a program that was built: deploy/release/pack.sh target/release/orderstream FOLDER
# The archive has the program, its manual pages and completions, the systemd unit, and the licence; beside it lies the bill of materials. The
# same input gives the same bytes.
set -euo pipefail
program=$(realpath "${1:?the program}")
mkdir -p "${2:?the folder of the archive}"
into=$(realpath "$2")
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
name=orderstream-$version-$(uname -m)-linux-gnu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
at=$work/$name

mkdir -p "$at/completions"
install -m 755 "$program" "$at/orderstream"
"$program" man --into "$at/man1"
for shell in bash zsh fish elvish powershell; do
    "$program" completions "$shell" >"$at/completions/orderstream.$shell"
done
cp -r deploy/systemd "$at/systemd"
cp LICENSE README.md CHANGELOG.md "$at"
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
    -C "$work" -cf - "$name" | gzip -n >"$into/$name.tar.gz"
deploy/release/materials.py >"$into/$name.cdx.json"
echo "$into/$name.tar.gz"

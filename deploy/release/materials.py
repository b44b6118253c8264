#!/usr/bin/env python3
"""Prints the bill of materials of the program: each crate that goes into it on this kind of machine, with version, licence and checksum.

deploy/release/materials.py >orderstream.cdx.json

The form is CycloneDX 1.6. All of it comes from Cargo.lock and the crates that Cargo has, so nothing is fetched, and the same revision gives
the same text.
"""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKED = re.compile(r'name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"')


def crates() -> list[tuple[str, str, str]]:
    """Name, version and licence of what is linked into the program or makes a part of it while it is compiled; the program comes first."""
    tree = ["cargo", "tree", "--locked", "--package", "orderstream", "--edges", "normal,build", "--prefix", "none"]
    told = subprocess.run([*tree, "--format", "{p}|{l}"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in told.splitlines():
        package, licence = line.removesuffix(" (*)").split("|")
        name, version = package.split(" ")[:2]
        found.setdefault((name, version.removeprefix("v")), licence.replace("/", " OR "))
    return [(name, version, licence) for (name, version), licence in found.items()]


def component(name: str, version: str, licence: str, checksum: str | None) -> dict:
    """A crate as CycloneDX writes it. What has no checksum is a package of this repository."""
    purl = f"pkg:cargo/{name}@{version}"
    hashes = {"hashes": [{"alg": "SHA-256", "content": checksum}]} if checksum else {}
    licences = {"licenses": [{"expression": licence}]} if licence else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl} | hashes | licences


def main() -> None:
    checksums = {(name, version): checksum for name, version, checksum in LOCKED.findall((ROOT / "Cargo.lock").read_text())}
    program, *others = [component(*crate, checksums.get(crate[:2])) for crate in crates()]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": program | {"type": "application"}},
        "components": sorted(others, key=lambda crate: crate["purl"]),
    }
    print(json.dumps(bill, indent=1))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks that `rust-version` in Cargo.toml is true: no dependency for Linux asks for a newer Rust than we promise.

cargo metadata --format-version 1 --locked --filter-platform TARGET | scripts/check_rust_version.py
"""

from __future__ import annotations

import json
import sys
from typing import Any


def version(text: str) -> tuple[int, ...]:
    """A version such as 1.92 or 1.92.0, to be compared: always three numbers."""
    numbers = [int(part) for part in text.split(".")]
    return (*numbers, *[0] * (3 - len(numbers)))


def newer_dependencies(metadata: dict[str, Any], name: str = "late_fusion") -> list[str]:
    """What asks for a newer Rust than the package of this name, one sentence each."""
    packages = {package["id"]: package for package in metadata["packages"]}
    used = [packages[node["id"]] for node in metadata["resolve"]["nodes"]]
    [ours] = [package["rust_version"] for package in used if package["name"] == name]
    return [
        f"{package['name']} {package['version']} asks for Rust {package['rust_version']}; Cargo.toml says {ours}"
        for package in used
        if version(package["rust_version"] or "1.0") > version(ours)
    ]


def main() -> int:
    """Reads the metadata; the exit status says whether the promise is kept."""
    broken = newer_dependencies(json.load(sys.stdin))
    print("\n".join(broken) or "every dependency builds with the rust-version that Cargo.toml says")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

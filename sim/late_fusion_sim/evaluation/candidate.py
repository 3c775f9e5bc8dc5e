"""The policies that are measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Candidate:
    """One policy: its method's name, its number under that name, its folder."""

    name: str
    number: int
    folder: Path


def candidates(arguments: list[str]) -> list[Candidate]:
    """Reads NAME=FOLDER; ValueError for what is not, and for folders without a policy."""
    seen: Counter[str] = Counter()
    found = []
    for argument in arguments:
        name, separator, folder = argument.partition("=")
        if not (name and separator and folder):
            raise ValueError(f"{argument!r} is not NAME=FOLDER, for example concat=out/compare/concat/seed0")
        if not (Path(folder) / "policy.yaml").is_file():
            raise ValueError(f"{argument!r}: there is no policy.yaml in {folder}")
        found.append(Candidate(name, seen[name], Path(folder)))
        seen[name] += 1
    return found

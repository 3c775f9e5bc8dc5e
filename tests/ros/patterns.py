"""What a program says, by patterns of its words."""

from __future__ import annotations

import re


def groups(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a pattern where it is found first in a text, in which it must be."""
    found = re.search(pattern, text)
    assert found, f"no {pattern!r} in {text}"
    return found.groups()

"""Programs that do nothing but compute."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from late_fusion_sim.process import bound_to_us


@contextlib.contextmanager
def busy_programs(count: int) -> Iterator[None]:
    """So many of them, for as long as this lasts."""
    programs = [subprocess.Popen(bound_to_us([sys.executable, "-c", "while True: pass"])) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()

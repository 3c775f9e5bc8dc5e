"""A progress line: one that changes in place on a terminal, one per step in a log."""

from __future__ import annotations

import shutil
import sys
import time


class Progress:
    """Counts towards a total and estimates what remains from the pace so far."""

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._began = time.monotonic()
        self._live = sys.stdout.isatty()

    def show(self, done: int, text: str, *, passing: bool = False) -> None:
        """Shows where things stand after `done` of the total. What is `passing` is not worth a line in a log."""
        if passing and not self._live:
            return
        line = f"{self._label} {done:>{len(str(self._total))}}/{self._total}  {text}"
        if 0 < done < self._total:
            left_s = (time.monotonic() - self._began) / done * (self._total - done)
            line += f"  {int(left_s) // 60}:{int(left_s) % 60:02} left"
        if self._live:
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:columns]:<{columns}}", end="", flush=True)
        else:
            print(line, flush=True)

    def close(self) -> None:
        """Leaves the line standing."""
        if self._live:
            print(flush=True)

"""Executables of ours, run and listened to."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

STOP_S = 10.0
"""How long a program may take to end in good order."""


def target_folder() -> Path:
    """Where cargo builds."""
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


def executable(name: str) -> Path:
    """An executable of the last release build."""
    path = target_folder() / "release" / name
    assert path.exists(), f"{path} is missing; build it with: cargo build --release"
    return path


class Program:
    """A running program of ours, with everything it has said."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, environment: dict[str, str], folder: Path = ROOT
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
                cwd=folder,
            )

    def log(self) -> str:
        """What it has printed so far, both streams together."""
        return self._log.read_text(errors="replace")

    def warnings(self) -> list[str]:
        """The warnings among it, but for the one that every policy without limits of rate or acceleration gets."""
        lines = self.log().splitlines()
        return [line for line in lines if "WARNING" in line and "no limit of rate or acceleration" not in line]

    def threads(self) -> list[str]:
        """The names of its threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sorted((task / "comm").read_text().strip() for task in tasks)

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Its exit status, once it has ended."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {timeout_s} s; it said:\n{self.log()}")

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Its exit status after this signal."""
        self.process.send_signal(with_signal)
        return self.wait()

    def end(self) -> None:
        """Asks it to end. One that is killed leaves its shared memory behind, 17 MB each time."""
        if self.process.poll() is None:
            try:
                self.stop(signal.SIGTERM)
            finally:
                self.kill()

    def kill(self) -> None:
        """Ends it at once."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def problems(log: str) -> list[str]:
    """The lines of the list, without the words before it."""
    return [line.strip() for line in log.splitlines() if line.startswith("  - ")]


def refused(program: Program) -> str:
    """What a program said that ended with a problem, told to a person."""
    status = program.wait()
    log = program.log()
    assert status == 1, log
    assert "panicked" not in log and "RUST_BACKTRACE" not in log and "stack backtrace" not in log, log
    assert problems(log), log
    return log

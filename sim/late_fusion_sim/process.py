"""A program that runs beside this one: its words kept in a file, stopped politely."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from late_fusion_sim.isolation import isolated
from late_fusion_sim.ros import NodeTrouble

LOG_TAIL_LINES = 15

Self = TypeVar("Self", bound="Process")
"""`typing.Self` came with Python 3.11."""

BOUND = Path(__file__).with_name("bound.py")


def bound_to_us(command: Sequence[str]) -> list[str]:
    """The command of a program that gets SIGTERM when this process ends, however it ends.

    Linux takes the thread that starts the program for its parent: it has to live as long.
    """
    # Isolated and without site-packages it starts in a few milliseconds, whatever the environment says.
    return [sys.executable, "-I", "-S", str(BOUND), str(os.getpid()), *command]


def check_executable(program: str) -> None:
    """Raises NodeTrouble where a program cannot be started."""
    if shutil.which(program) is None:
        why = "it is not executable" if Path(program).is_file() else "No such file"
        raise NodeTrouble(f"{program} cannot be started: {why}")


class Process:
    """A running program, on this machine alone, in a ROS domain where one is given and in this process's where not.

    Use it as a context: leaving it stops the program.
    """

    PATIENCE_S = 5.0
    """How long it may take to leave when it is asked to."""

    def __init__(self, command: list[str], log_file: Path, domain: int | None = None, *, talks: bool = False) -> None:
        """With one that `talks` one can: its standard input and output are a conversation, and its errors are kept."""
        self.log_file = log_file
        check_executable(command[0])
        # In a session of its own Ctrl-C does not reach it before this process has decided how to end.
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                bound_to_us(command),
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                start_new_session=True,
                env=isolated(os.environ, domain),
            )

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def status(self) -> int | None:
        """The status that it has ended with; None while it runs."""
        return self._process.poll()

    def say(self, line: str) -> None:
        """Says a line to one that talks; one that has ended hears nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def hear(self) -> str:
        """Waits for a line of one that talks; empty when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()

    def log(self) -> str:
        """Everything that it has written."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def log_tail(self) -> str:
        """The last lines that it has written."""
        return "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:]) or "(it has written nothing)"

    def stop(self) -> int:
        """Interrupts it as Ctrl-C would, and by force only when it does not listen; returns its status."""
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            self._process.send_signal(how)
            try:
                self._process.wait(self.PATIENCE_S)
            except subprocess.TimeoutExpired:
                continue
        return self._process.wait()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

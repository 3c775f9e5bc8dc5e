"""A program that runs beside this one: its words kept in a file, stopped politely."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from late_fusion_sim.ros import NodeTrouble

LOG_TAIL_LINES = 15


class Process:
    """A running program. Use it as a context: leaving it stops the program."""

    PATIENCE_S = 5.0
    """How long it may take to leave when it is asked to."""

    def __init__(self, command: list[str], log_file: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log_file = log_file
        # In a session of its own Ctrl-C does not reach it before this process has decided how to end.
        with log_file.open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment
                )
            except OSError as error:
                raise NodeTrouble(f"{command[0]} cannot be started: {error.strerror}") from error

    def status(self) -> int | None:
        """The status that it has ended with; None while it runs."""
        return self._process.poll()

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

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

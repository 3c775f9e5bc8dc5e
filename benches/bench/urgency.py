"""The robot before the programs that are measured: a camera is hardware, and waits for no processor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

NICE = -10


@contextlib.contextmanager
def urgent() -> Iterator[bool]:
    """This thread, and those that it starts meanwhile, before others; whether the kernel allows that.

    Linux keeps the niceness of each thread; what is started afterwards has the usual one again.
    """
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, usual)

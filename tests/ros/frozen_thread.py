"""One thread of another process, stopped for a while: what a hang or a starved core looks like from outside.

It is stopped where it waits for its next turn. Inside a call of the middleware it may hold a lock that every other
thread of the process needs to publish (Fast DDS has one per participant), and then nothing leaves whatever we do.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections.abc import Iterator
from pathlib import Path

_PTRACE_DETACH, _PTRACE_SEIZE, _PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_WALL = 0x40000000
_SLEEPS = {230, 115}
"""clock_nanosleep on x86-64 and on AArch64."""
_FUTEXES, _FUTEX_WAIT_BITSET_PRIVATE = {202, 98}, 0x89
"""How the standard library of Rust waits for a condition; the C library's mutexes wait otherwise (futex(2))."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, thread: int) -> None:
    if _libc.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _waits(process: int, thread: int) -> bool:
    """Whether a stopped thread was waiting for its next turn (/proc/PID/syscall of proc(5))."""
    number, *arguments = Path(f"/proc/{process}/task/{thread}/syscall").read_text().split()
    if int(number) in _FUTEXES:
        return int(arguments[1], 16) == _FUTEX_WAIT_BITSET_PRIVATE
    return int(number) in _SLEEPS


@contextlib.contextmanager
def frozen_thread(process: int, name: str) -> Iterator[None]:
    """The thread of this name does nothing inside the block; all others go on."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    thread = next(int(task.name) for task in tasks if (task / "comm").read_text().strip() == name)
    while True:
        _ptrace(_PTRACE_SEIZE, thread)
        _ptrace(_PTRACE_INTERRUPT, thread)
        os.waitpid(thread, _WALL)
        if _waits(process, thread):
            break
        _ptrace(_PTRACE_DETACH, thread)
        time.sleep(0.001)
    try:
        yield
    finally:
        _ptrace(_PTRACE_DETACH, thread)

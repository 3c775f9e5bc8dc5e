"""Runs a program that ends with the one that started it: even a killed parent leaves no world, node or recorder behind.

    python bound.py PARENT PROGRAM [ARGUMENT]...

Linux asks for this from within the child, after the fork; so this file is started, asks, and becomes the program. The
program is told by SIGTERM, and can end in good order. A setting like this is not inherited by what the program itself
starts, which is bound to it in the same way.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of linux/prctl.h; it outlasts the exec below."""


def main() -> None:
    """Becomes the program of the command line."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        sys.exit(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit(f"{command[0]} is not started: process {parent}, which wanted it, has ended")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()

"""What runs in a ROS domain for as long as a test lasts: the test's own node, and programs of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from late_fusion_sim.isolation import isolate_this_process, isolated
from peer import Peer
from program import ROOT, Program, executable


@contextmanager
def peer_in(domain: int) -> Iterator[Peer]:
    """A peer in this domain, on this machine alone, for as long as this lasts."""
    isolate_this_process()
    peer = Peer(domain)
    try:
        yield peer
    finally:
        peer.close()


@contextmanager
def programs_in(
    domain: int, folder: Path, programs: Path | None = None, environment: Mapping[str, str] = os.environ
) -> Iterator[Callable[..., Program]]:
    """Starts executables of ours by name, with their arguments, in this domain. They log to the folder.

    They are those of the last build, started in the repository; or those in `programs`, which are started elsewhere:
    what is installed needs no repository.
    """
    started: list[Program] = []

    def start(name: str, *arguments: str | Path) -> Program:
        log = folder / f"{len(started)}_{name}.log"
        path, where = (executable(name), ROOT) if programs is None else (programs / name, folder)
        program = Program([path, *arguments], log, isolated(environment, domain), where)
        started.append(program)
        return program

    try:
        yield start
    finally:
        for program in started:
            program.end()

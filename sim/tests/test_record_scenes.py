"""Recording every scene at once: what is refused before anything runs, and what is told when a program fails.

That it records is shown with the real recorder, in tests/ros/test_round.py.
"""

from pathlib import Path

import pytest

from late_fusion_sim import record

DRAWER = ["--tasks", "drawer-open", "--episodes", "1"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--episodes", "0"], "at least 1 is needed"),
        (["--tasks", "drawer-opened"], "no such task: drawer-opened"),
        (["--cameras", "two"], "unrecognized arguments: --cameras two"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(
    arguments: list[str], part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        record.main([str(tmp_path / "out"), "--late-fusion", "late_fusion", *arguments])
    assert part in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_is_recorded_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "drawer").mkdir()
    (tmp_path / "drawer" / "drawer_0.mcap").write_bytes(b"yesterday's")
    with pytest.raises(SystemExit):
        record.main([str(tmp_path), "--late-fusion", "late_fusion"])
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "drawer" / "drawer_0.mcap").read_bytes() == b"yesterday's"


def test_a_recorder_that_cannot_be_started_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main([str(tmp_path / "out"), "--late-fusion", str(tmp_path / "late_fusion"), *DRAWER]) == 1
    assert f"{tmp_path / 'late_fusion'} cannot be started: No such file" in capsys.readouterr().err


def test_a_recorder_that_ends_by_itself_is_told_with_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "late_fusion"
    program.write_text("#!/bin/sh\necho 'no space left on device'\nexit 1\n")
    program.chmod(0o755)
    assert record.main([str(tmp_path / "out"), "--late-fusion", str(program), *DRAWER]) == 1
    assert "drawer: the recorder ended by itself:\nno space left on device" in capsys.readouterr().err


def test_an_expert_that_nobody_hears_gives_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "late_fusion"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    assert record.main([str(tmp_path / "out"), "--late-fusion", str(program), *DRAWER, "--wait", "0.5"]) == 1
    said = capsys.readouterr().err
    assert "drawer: the expert gave up:" in said and "no recorder was on /camera/image_raw" in said

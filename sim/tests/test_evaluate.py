"""Closed-loop evaluation, with the fake node in the place of the real one."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from late_fusion_sim import evaluate
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS
from late_fusion_sim.wilson import interval

NODE = Path(__file__).with_name("fake_late_fusion_node.py")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    names = ["scene", "instruction", "joints"]
    (folder / "policy.yaml").write_text(json.dumps({"modalities": [{"name": name} for name in names]}))
    return folder


def test_the_interval_is_wilsons() -> None:
    low, high = interval(47, 50)
    assert (low, high) == pytest.approx((0.837829, 0.979385), abs=1e-6)
    assert interval(0, 10)[0] == 0.0
    assert interval(10, 10)[1] == pytest.approx(1.0)
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [(["concat"], "NAME=FOLDER"), (["concat=/nowhere"], "no policy.yaml"), (["=x"], "NAME=FOLDER")],
)
def test_what_is_no_policy_is_refused(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.parse([*arguments, "--node", "node"])
    assert part in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--episodes", "0"], "at least one episode"),
        (["--seed", "99990"], "the starts 0 to 99999"),
        (["--jobs", "0"], "--jobs is 0"),
        (["--cover", "eye"], "there is no camera 'eye'"),
        (["--cut", "scene"], "'scene' is not CAMERA@COMMANDS"),
        (["--set", "fast"], "'fast' is not NAME=VALUE"),
        (["--perturb", "fog"], "no such perturbation: fog; there are: all, dark,"),
        (["--perturb", "dark", "--cover", "scene"], "dark (every camera is covered); possible are: start_pose,"),
        (["--perturb", "polite", "--sentences", "training"], "polite (with --sentences training not every"),
        (["--perturb", "object_color", "--tasks", "pillars"], "in the scene pillars sentences tell objects by"),
    ],
)
def test_wrong_options_are_explained(
    arguments: list[str], part: str, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate.parse([f"mine={policy}", "--node", "node", *arguments])
    assert ended.value.code == 2 and part in capsys.readouterr().err


def test_help_lists_what_can_be_perturbed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.parse(["--help"])
    assert re.search(r"^  jpeg +picture: JPEG of quality 30$", capsys.readouterr().out, re.MULTILINE)


def test_seeds_are_counted_together_and_sentences_apart(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_NODE", "expert")
    out = tmp_path / "out"
    arguments = [f"same={policy}", f"same={policy}", "--node", str(NODE), "--out", str(out), "--episodes", "2"]
    assert evaluate.main([*arguments, "--tasks", "drawer-close", "--sentences", "demo"]) == 0
    result = json.loads((out / "evaluation.json").read_text())
    [row] = result["summary"]
    assert (row["seeds"], row["episodes"], row["success"]) == (2, 4, 4)
    assert len(result["policies"]["same"]) == 2
    close = result["policies"]["same"][0]["pairs"]["drawer"]["closed"]
    assert close == {"close the drawer": {"success": 2, "wrong_task": 0, "timeout": 0}}
    assert "| drawer-close | close the drawer | 4 | 4 | 0 | 0 |" in (out / "evaluation.md").read_text()
    assert "100.0 %" in capsys.readouterr().out
    assert "robustness" not in result and not (out / "robustness.html").exists()


def test_side_by_side_gives_what_one_after_the_other_gives(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_NODE", "expert")
    results, played = [], []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        arguments = [f"mine={policy}", "--node", str(NODE), "--out", str(out), "--episodes", "2", "--jobs", jobs]
        arguments += ["--tasks", "drawer", "--perturb", "camera_rate,other_task"]
        assert evaluate.main(arguments) == 0
        results.append(json.loads((out / "evaluation.json").read_text()))
        played.append((out / "mine-0" / "episodes.jsonl").read_text().splitlines())
    assert results[0] == results[1]
    assert sorted(played[0]) == sorted(played[1]) and len(played[0]) == 12
    assert len({json.loads(line)["steps"] for line in played[0]}) > 4, "episodes that can be told from each other"

    assert results[0]["conditions"]["perturb"] == ["camera_rate", "other_task"]
    robustness = results[0]["robustness"]["mine"]
    seldom, other = robustness["rows"]
    assert (robustness["undisturbed"]["success"], robustness["undisturbed"]["ratio"]) == (4, 1.0)
    assert (seldom["perturbation"], seldom["kind"], seldom["proof"], seldom["success"]) == (
        "camera_rate",
        "timing",
        False,
        4,
    )
    assert seldom["tasks"]["drawer-open"] == {"episodes": 2, "success": 2, "wrong_task": 0, "timeout": 0}
    # Told the opposite, the expert does the opposite; as a proof it has no part in the mean.
    assert (other["proof"], other["episodes"], other["wrong_task"], other["ratio"]) == (True, 4, 4, 0.0)
    assert (robustness["mean_success"], robustness["mean_ratio"], robustness["skipped"]) == (1.0, 1.0, {})

    table = (tmp_path / "3" / "evaluation.md").read_text()
    assert "| camera_rate | only every fourth picture arrives | 4 | 100.0 % [51.0, 100.0] | 0 | 0 | 1.00 |" in table
    assert table.index("Expected to fail") < table.index("| other_task |")
    page = (tmp_path / "3" / "robustness.html").read_text()
    assert (
        page.count("<img ") == page.count("<div class=before ") == 2
        and "“open the drawer” → “close the drawer”" in page
    )
    assert "src='data:image/png;base64," in page and "http" not in page


def test_what_cannot_be_disturbed_is_skipped_with_a_word(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_NODE", "expert")
    only = {name: each for name, each in PERTURBATIONS.items() if name in ("polite", "full_stop")}
    monkeypatch.setattr("late_fusion_sim.perturbation.catalogue.PERTURBATIONS", only)
    options = evaluate.parse(
        [f"mine={policy}", "--node", "node", "--perturb", "all", "--sentences", "held_out", "--tasks", "drawer"]
    )
    assert [each.name for each in options.selection.chosen] == ["full_stop"]
    [(skipped, reason)] = options.selection.skipped
    assert skipped.name == "polite" and "plain imperative" in reason


def test_a_process_that_fails_is_named_and_what_was_measured_is_kept(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_NODE", "broken")
    out = tmp_path / "out"
    arguments = [f"mine={policy}", "--node", str(NODE), "--out", str(out), "--episodes", "2", "--jobs", "1"]
    assert evaluate.main([*arguments, "--tasks", "drawer"]) == 1
    result = json.loads((out / "evaluation.json").read_text())
    assert result["policies"]["mine"][0]["tasks"].keys() == {"drawer-open"}
    assert (result["summary"][0]["episodes"], result["summary"][0]["success"]) == (2, 2)
    errors = capsys.readouterr().err
    assert f"evaluate: mine={policy}: the node ended by itself with status 9" in errors
    assert "while playing drawer-close 0 (none)" in errors and "2 of 4 episodes were not played" in errors


def test_an_interrupt_keeps_what_was_measured(policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_NODE", "expert")
    # A shell has what it runs in the background ignore interrupts, and so would all that is started from there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "late_fusion_sim.evaluate", f"mine={policy}", "--node", str(NODE)]
    command += ["--out", str(out), "--episodes", "1000", "--tasks", "drawer", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        episodes = out / "mine-0" / "episodes.jsonl"
        deadline = time.monotonic() + 60.0
        while not (episodes.exists() and episodes.read_text()):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        errors = running.communicate()[1]
    assert running.returncode == 130 and "evaluate: interrupted" in errors and "Traceback" not in errors
    assert json.loads((out / "evaluation.json").read_text())["summary"][0]["episodes"] >= 1

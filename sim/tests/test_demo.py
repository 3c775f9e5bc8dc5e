"""The demo from end to end, with the fake node in the place of the real one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from late_fusion_sim import demo, player
from late_fusion_sim.node_process import REPOSITORY, changed_parameter, node_parameters

NODE = Path(__file__).with_name("fake_late_fusion_node.py")
RunDemo = Callable[..., int]


@pytest.fixture
def run_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDemo:
    def run(kind: str, *arguments: str) -> int:
        monkeypatch.setenv("FAKE_NODE", kind)
        return demo.main(["--node", str(NODE), "--policy", str(tmp_path), "--out", str(tmp_path), *arguments])

    return run


def test_lockstep_from_the_first_word_to_the_pictures(
    run_demo: RunDemo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_file = tmp_path / "figures" / "report.json"
    tasks = "button-press-topdown,drawer-open,drawer-close"
    assert run_demo("expert", "--tasks", tasks, "--episodes", "2", "--report", str(report_file)) == 0

    report = json.loads(report_file.read_text())
    assert set(report) == {"mode", "control_rate_hz", "tasks"}
    assert report["mode"] == "lockstep"
    assert set(report["control_rate_hz"]) == {"asked", "achieved"}
    assert report["control_rate_hz"]["asked"] == 40.0
    assert report["control_rate_hz"]["achieved"] == pytest.approx(40.0)
    assert list(report["tasks"]) == tasks.split(",")
    needed = report["tasks"]["drawer-open"].pop("success_after_commands")
    assert len(needed) == 2 and all(0 < commands <= 100 for commands in needed)
    assert report["tasks"]["drawer-open"] == {
        "instruction": "open the drawer",
        "episodes": 2,
        "success": 2,
        "wrong_task": 0,
        "timeout": 0,
    }

    table = capsys.readouterr().out
    for text in ["press the button", "open the drawer", "close the drawer", "success", "mean steps", "40.00 commands"]:
        assert text in table

    with Image.open(tmp_path / "demo.gif") as animation:
        assert isinstance(animation, GifImageFile) and animation.n_frames > 10
        assert animation.width > 3 * 224
        animation.seek(animation.n_frames - 1)
        animation.load()
    with Image.open(tmp_path / "demo.png") as sheet:
        sheet.load()
        assert sheet.height > 3 * 224
    assert (tmp_path / "late_fusion_node.log").read_text().split() == ["ready", "stopped"], "ended by an interrupt"


def test_realtime_reports_rate_and_interval(run_demo: RunDemo, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    arguments = ["--mode", "realtime", "--tasks", "faucet-open", "--report", str(report_file)]
    assert run_demo("constant", *arguments) == 0
    report = json.loads(report_file.read_text())
    assert report["mode"] == "realtime"
    assert 20.0 < report["control_rate_hz"]["achieved"] < 45.0
    assert report["control_rate_hz"]["interval_p99_ms"] > 5.0
    assert report["tasks"]["faucet-open"]["timeout"] == 1


def test_a_sentence_of_ones_own_shows_what_happens(run_demo: RunDemo, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    arguments = ["--scene", "faucet", "--instruction", "close the faucet", "--report", str(report_file)]
    assert run_demo("expert", *arguments) == 0
    assert json.loads(report_file.read_text())["scenes"] == {
        "faucet": {"instruction": "close the faucet", "episodes": 1, "closed": 1, "timeout": 0}
    }


def test_a_sentence_of_ones_own_can_be_judged(run_demo: RunDemo, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    arguments = ["--tasks", "drawer-open", "--instruction", "close the drawer", "--report", str(report_file)]
    assert run_demo("expert", *arguments) == 0
    row = json.loads(report_file.read_text())["tasks"]["drawer-open"]
    assert (row["instruction"], row["wrong_task"]) == ("close the drawer", 1)


def test_a_dead_node_is_told_with_its_last_words(run_demo: RunDemo, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_demo("dies", "--tasks", "drawer-open") == 1
    message = capsys.readouterr().err
    assert "the node ended by itself with status 3" in message
    assert "has no policy.yaml" in message


def test_a_deaf_node_is_told(
    run_demo: RunDemo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(player, "START_S", 1.5)
    assert run_demo("deaf", "--tasks", "drawer-open") == 1
    message = capsys.readouterr().err
    assert "does not listen to /camera/image_raw, /joint_states, /instruction" in message
    assert "not published a status" in message


def test_a_missing_executable_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "late_fusion_node"
    assert demo.main(["--node", str(missing), "--policy", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert f"{missing} cannot be started: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--instruction", " "], "blank"),
        (["--instruction", "dance"], "needs a place"),
        (["--instruction", "dance", "--tasks", "drawer-open,drawer-close"], "needs a place"),
        (["--scene", "drawer"], "give one with --instruction"),
        (["--scene", "drawer", "--instruction", "dance", "--tasks", "drawer-open"], "one of the two"),
        (["--episodes", "0"], "at least one episode"),
        (["--seed", "100000"], "starts 0 to 99999"),
        (["--tasks", "dance"], "no such task: dance"),
    ],
)
def test_wrong_options_are_explained(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.main(["--node", "node", "--policy", "policy", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "policy"),
    [
        ([], "tabletop"),
        (["--tasks", "drawer,faucet"], "tabletop"),
        (["--tasks", "mt50-hard,reach-v3"], "mt50"),
        (["--scene", "soccer-v3", "--instruction", "Kick a soccer into the goal"], "mt50"),
    ],
)
def test_a_policy_ships_for_the_tasks(arguments: list[str], policy: str) -> None:
    chosen = demo.parse(["--node", "node", *arguments]).policy
    assert chosen == REPOSITORY / "models" / "policies" / policy
    assert (chosen / "policy.yaml").is_file()


@pytest.mark.parametrize(
    ("tasks", "why"), [("drawer-open,drawer-open-v3", "different policies ship"), ("cube", "no policy ships")]
)
def test_where_no_policy_ships_for_the_tasks_one_must_be_named(
    tasks: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        demo.parse(["--node", "node", "--tasks", tasks])
    message = capsys.readouterr().err
    assert why in message and "name one with --policy" in message
    assert demo.parse(["--node", "node", "--tasks", tasks, "--policy", "policy"]).policy == Path("policy")


def test_parameters_can_be_changed() -> None:
    changes = (changed_parameter("chunk.ensemble=temporal"), changed_parameter("modalities.scene.max_age_s=0.2"))
    parameters = node_parameters(None, lockstep=True, changes=changes)["late_fusion"]["ros__parameters"]
    assert parameters["chunk"]["ensemble"] == "temporal"
    assert parameters["modalities"]["scene"]["max_age_s"] == 0.2
    assert parameters["modalities"]["scene"]["topic"] == "camera/image_raw"

"""Closed-loop evaluation, with the fake node in the place of the real one."""

import json
from pathlib import Path

import pytest

from late_fusion_sim import evaluate
from late_fusion_sim.wilson import interval

NODE = Path(__file__).with_name("fake_late_fusion_node.py")


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
def test_what_is_no_policy_is_refused(arguments: list[str], part: str, capsys) -> None:
    with pytest.raises(SystemExit):
        evaluate.parse([*arguments, "--node", "node"])
    assert part in capsys.readouterr().err


def test_seeds_are_counted_together_and_sentences_apart(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("FAKE_NODE", "expert")
    policy = tmp_path / "policy"
    policy.mkdir()
    names = ["scene", "instruction", "joints"]
    (policy / "policy.yaml").write_text(json.dumps({"modalities": [{"name": name} for name in names]}))
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

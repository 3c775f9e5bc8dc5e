"""Who plays which episode, and what is left when one of those who play ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from late_fusion_sim.episode import Episode
from late_fusion_sim.evaluation import pool
from late_fusion_sim.evaluation.attempt import Attempt, attempts
from late_fusion_sim.evaluation.candidate import Candidate
from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS
from late_fusion_sim.ros import NodeTrouble

CONDITIONS = Conditions(node="node", task_names=("drawer-open", "drawer-close"), episodes=4, seed=0, sentences="demo")
ATTEMPTS = attempts(CONDITIONS, (PERTURBATIONS["dark"],))


class FakeProcess:
    """Plays at once; one that is given `dies_of` ends over that attempt."""

    started: list[tuple[Path, int]]
    dies_of: Attempt | None = None
    both = threading.Barrier(2, timeout=10.0)

    def __init__(self, policy: Path, conditions: Conditions, folder: Path, domain: int) -> None:
        self.started.append((policy, domain))
        self._met = False

    def play(self, attempt: Attempt) -> Episode:
        if not self._met:
            # Both are at work before either goes on.
            self._met = True
            self.both.wait()
        if attempt == self.dies_of:
            raise NodeTrouble("the node ended by itself with status 9")
        return Episode(attempt.task, "do it", attempt.number, outcome="success")

    def stop(self) -> None:
        pass

    def __enter__(self) -> FakeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> type[FakeProcess]:
    made = type("Made", (FakeProcess,), {"started": [], "both": threading.Barrier(2, timeout=10.0)})
    monkeypatch.setattr(pool, "PlayerProcess", made)
    return made


def played(out: Path, *names: str) -> tuple[list[pool.Work], list[tuple[int, str, bool]]]:
    told: list[tuple[int, str, bool]] = []
    works = [pool.Work(Candidate(name, 0, Path(name)), ATTEMPTS) for name in names]
    pool.Pool(works, CONDITIONS, out, (7, 8), lambda *each: told.append(each)).run()
    return works, told


def test_the_undisturbed_come_first_and_all_have_the_same_starts() -> None:
    assert [each.perturbation for each in ATTEMPTS] == ["none"] * 8 + ["dark"] * 8
    assert [each.start for each in ATTEMPTS[:8]] == [each.start for each in ATTEMPTS[8:]]
    assert len(set(ATTEMPTS)) == 16


def test_one_policy_has_all_processes_and_every_episode_is_played_once(
    process: type[FakeProcess], tmp_path: Path
) -> None:
    [work], told = played(tmp_path, "mine")
    assert sorted(process.started) == [(Path("mine"), 7), (Path("mine"), 8)]
    assert list(work.episodes("none")) == [
        Episode(each.task, "do it", each.number, outcome="success") for each in ATTEMPTS[:8]
    ]
    assert work.played.keys() == set(ATTEMPTS) and not work.troubles
    assert [done for done, _, _ in told] == list(range(1, 17))
    assert {text for _, text, passing in told if not passing} == {"mine, seed 0, none", "mine, seed 0, dark"}
    assert len((tmp_path / "mine-0" / "episodes.jsonl").read_text().splitlines()) == 16


def test_the_others_go_on_with_what_one_that_ends_has_left(process: type[FakeProcess], tmp_path: Path) -> None:
    process.dies_of = ATTEMPTS[0]
    first, _ = played(tmp_path, "mine")
    assert first[0].troubles == {"the node ended by itself with status 9": [ATTEMPTS[0]]}
    assert first[0].played.keys() == set(ATTEMPTS[1:])


def test_an_interrupt_ends_everything_and_keeps_what_was_played(
    process: type[FakeProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def play(self: FakeProcess, attempt: Attempt) -> Episode:
        if attempt.number:
            begun.set()
            assert stopped.wait(10.0)
            raise NodeTrouble("stopped")
        return Episode(attempt.task, "do it", attempt.number)

    def interrupted(*_: object) -> None:
        assert begun.wait(10.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "play", play)
    monkeypatch.setattr(process, "stop", lambda self: stopped.set())
    monkeypatch.setattr(pool, "wait", interrupted)
    work = pool.Work(Candidate("mine", 0, Path("mine")), ATTEMPTS)
    with pytest.raises(KeyboardInterrupt):
        pool.Pool([work], CONDITIONS, tmp_path, (7, 8), lambda *_: None).run()
    assert ATTEMPTS[0] in work.played and not work.troubles, "who is stopped is at no fault"

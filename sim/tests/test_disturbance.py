"""What is carried out instead of what an expert wants."""

import numpy as np

from late_fusion_sim.disturbance import PUSH_LASTS, Disturbance

WANTED = np.array([1.0, 0.5, -0.5, 1.0])


def carried_out(disturbance: Disturbance, periods: int, seed: int = 0, calm_from: int = 1000) -> np.ndarray:
    disturb = disturbance.carried_out(np.random.default_rng(seed), calm_from)
    return np.array([disturb(WANTED) for _ in range(periods)])


def test_without_noise_delay_and_pushes_the_expert_gets_its_way() -> None:
    assert (carried_out(Disturbance(noise=0.0, most_delay=0, push=0.0), 20) == WANTED).all()


def test_what_comes_late_comes_whole() -> None:
    delays = set()
    for seed in range(20):
        carried = carried_out(Disturbance(noise=0.0, most_delay=2, push=0.0), 20, seed)
        late = int((carried == 0.0).all(axis=1).sum())
        assert (carried[late:] == WANTED).all()
        delays.add(late)
    assert delays == {0, 1, 2}


def test_a_push_takes_the_hand_aside_for_a_while_and_leaves_the_gripper() -> None:
    carried = carried_out(Disturbance(noise=0.0, most_delay=0, push=0.05), 1000)
    assert (carried[:, 3] == WANTED[3]).all()
    pushed = (carried[:, :3] != WANTED[:3]).any(axis=1)
    assert np.allclose(np.linalg.norm(carried[pushed, :3], axis=1), 1.0), "at full speed"
    directions = {tuple(row) for row in carried[pushed, :3]}
    shortest, longest = PUSH_LASTS
    assert shortest <= pushed.sum() / len(directions) < longest
    assert 0.1 < pushed.mean() < 0.5


def test_no_push_begins_once_it_is_calm() -> None:
    carried = carried_out(Disturbance(noise=0.0, most_delay=0, push=1.0), 100, calm_from=20)
    pushed = (carried != WANTED).any(axis=1)
    assert pushed[:20].all() and not pushed[20 + PUSH_LASTS[1] :].any()


def test_less_of_it_is_less() -> None:
    lessened = Disturbance(noise=0.4, most_delay=2, push=0.1).lessened(0.5)
    assert lessened == Disturbance(noise=0.2, most_delay=2, push=0.05)

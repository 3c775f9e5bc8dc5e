"""A recording tells one story: sentence, start, observations with clean labels, end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from late_fusion_sim import demonstrate, recorded
from late_fusion_sim.commands import command_of
from late_fusion_sim.judge import Outcome, PairJudge
from late_fusion_sim.placements import RECORDING_SEEDS
from late_fusion_sim.robot import SAWYER
from late_fusion_sim.ros import Participant, nanoseconds_of, reliable, stamp_of
from late_fusion_sim.scene import Scene
from late_fusion_sim.tasks import Task, load_tasks, others_of
from late_fusion_sim.world import AnyScene

TASK = load_tasks()["drawer-close"]


def has_stamp(message: Any) -> bool:
    return hasattr(message, "header")


class Recorder:
    """Stamps what it hears with `/clock`, and says what it has, as `late_fusion record` does on simulated time.

    What comes on the topics in `late` it hears that many seconds after everything else.
    """

    def __init__(self, participant: Participant, late: dict[str, float]) -> None:
        self._now_ns = 0
        self._late = late
        self._waiting: list[tuple[float, Callable[[], None]]] = []
        self.heard: list[tuple[int, str, Any]] = []
        node = participant.node
        self._status = node.create_publisher(DiagnosticArray, "late_fusion_record/status", reliable(1, latched=True))
        node.create_subscription(Clock, "/clock", self._hear("/clock", self._on_clock), reliable(1))
        self.topics = {
            "camera/image_raw": Image,
            "joint_states": JointState,
            "expert_action": JointTrajectory,
            "episode": String,
            "instruction": String,
        }
        for topic, kind in self.topics.items():
            profile = reliable(1, latched=True) if topic == "instruction" else reliable(20)
            node.create_subscription(kind, topic, self._hear(topic, partial(self._record, topic)), profile)

    def serve(self) -> None:
        """Takes in what is due by now."""
        now = time.monotonic()
        for due, take in self._waiting:
            if due <= now:
                take()
        self._waiting = [each for each in self._waiting if each[0] > now]

    def of(self, topic: str) -> list[tuple[int, Any]]:
        return [(at, message) for at, name, message in self.heard if name == topic]

    def _hear(self, topic: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
        def hear(message: Any) -> None:
            self._waiting.append((time.monotonic() + self._late.get(topic, 0.0), partial(take, message)))

        return hear

    def _on_clock(self, message: Clock) -> None:
        self._now_ns = nanoseconds_of(message.clock)
        self._tell()

    def _record(self, topic: str, message: Any) -> None:
        self.heard.append((self._now_ns, topic, message))
        self._tell()

    def _tell(self) -> None:
        counts = [KeyValue(key=f"/{topic}", value=str(len(self.of(topic)))) for topic in self.topics]
        told = DiagnosticArray(status=[DiagnosticStatus(values=counts)])
        told.header.stamp = stamp_of(self._now_ns)
        self._status.publish(told)


@contextmanager
def recorder(late: dict[str, float] | None = None) -> Iterator[Recorder]:
    over = threading.Event()
    with Participant("recorder") as participant:
        recorder = Recorder(participant, late or {})

        def serve() -> None:
            while not over.is_set():
                participant.spin(0.001)
                recorder.serve()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield recorder
        finally:
            over.set()
            thread.join()


def what_is_executed(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The commands that are carried out from here on."""
    executed: list[np.ndarray] = []
    step = Scene.step

    def note(scene: Scene, command: np.ndarray) -> None:
        executed.append(command)
        step(scene, command)

    monkeypatch.setattr(Scene, "step", note)
    return executed


def what_is_judged(monkeypatch: pytest.MonkeyPatch) -> list[Outcome | None]:
    """The verdicts from here on."""
    verdicts: list[Outcome | None] = []
    verdict = PairJudge.verdict

    def note(judge: PairJudge) -> Outcome | None:
        verdicts.append(verdict(judge))
        return verdicts[-1]

    monkeypatch.setattr(PairJudge, "verdict", note)
    return verdicts


NOBODY: Any = None
"""For what a demonstrator does without the others around it."""


def test_a_recording_is_ordered_and_its_labels_are_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    executed = what_is_executed(monkeypatch)
    with recorder() as heard:
        demonstration = ["--tasks", TASK.name, "--episodes", "2", "--noise", "0.3", "--push", "0.05", "--change", "0"]
        assert demonstrate.main(demonstration) == 0

    markers = heard.of("episode")
    assert [message.data for _, message in markers] == ["start", "success"] * 2
    sentences = heard.of("instruction")
    words = [message.data for _, message in sentences]
    assert all(sentence in TASK.training for sentence in words)
    assert len(set(words)) == len(words), "all wordings come up before one comes again"

    labels = {nanoseconds_of(message.header.stamp): command_of(message) for _, message in heard.of("expert_action")}
    images = [nanoseconds_of(message.header.stamp) for _, message in heard.of("camera/image_raw")]
    joints = [nanoseconds_of(message.header.stamp) for _, message in heard.of("joint_states")]
    assert images == joints == list(labels) == sorted(labels), "one picture, arm and label per stamp"
    assert len(labels) == len(executed)

    for episode in range(2):
        start_at, end_at = markers[2 * episode][0], markers[2 * episode + 1][0]
        over_at = markers[2 * episode - 1][0] if episode else -1
        inside = [stamp for stamp in labels if start_at < stamp < end_at]
        said = [at for at, _ in sentences if over_at < at < end_at]
        assert inside and said[0] < start_at < said[1]
        assert len(said) == 1 + (len(inside) - 1) // 8, "said again in other words"
        differences = [
            np.abs(labels[stamp] - command).max() for stamp, command in zip(labels, executed) if stamp in inside
        ]
        assert np.mean(differences) > 0.1, "what is done is not what is taught"
    outside = [
        stamp
        for stamp in labels
        if not any(markers[2 * episode][0] < stamp < markers[2 * episode + 1][0] for episode in range(2))
    ]
    assert not outside
    assert all(np.abs(label).max() <= 1.0 for label in labels.values())


@pytest.mark.parametrize("topic", ["/clock", "instruction", "episode", "camera/image_raw", "expert_action"])
def test_the_order_holds_however_late_a_topic_is_heard(
    topic: str, monkeypatch: pytest.MonkeyPatch, episodes_last: Callable[[int], None]
) -> None:
    episodes_last(10)
    monkeypatch.setattr(demonstrate, "TRIES_PER_START", 1)
    with recorder(late={topic: 0.06}) as heard:
        demonstrate.main(["--tasks", TASK.name, "--episodes", "1", "--change", "0.2"])

    stamps = {id(message): nanoseconds_of(message.header.stamp) for _, _, message in heard.heard if has_stamp(message)}
    assert all(stamps.get(id(message), at) == at for at, _, message in heard.heard), "recorded at its own time"
    in_order = [name for _, name, _ in heard.heard]
    assert in_order[:2] == ["instruction", "episode"] and in_order[-1] == "episode"
    times = [at for at, _, _ in heard.heard]
    assert times == sorted(times)
    for name in ("camera/image_raw", "joint_states", "expert_action"):
        assert len(set(at for at, _ in heard.of(name))) == 20, "one for each period"
    words = {at: message.data for at, message in heard.of("instruction")}
    assert len(words) >= 3
    said_when = [index for index, name in enumerate(in_order) if name == "instruction"]
    for index in said_when[1:]:
        after = in_order[index + 1 :]
        assert after[: after.index("expert_action")].count("instruction") == 0
        # Whatever was labelled before lies before the sentence in time as well, not only in the file.
        assert heard.heard[index - 1][0] < heard.heard[index][0]


def test_what_a_recorder_lost_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(recorded, "GIVE_UP_S", 0.5)
    monkeypatch.setattr(Recorder, "_record", lambda recorder, topic, message: recorder._tell())
    with recorder():
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1"]) == 1
    assert "the recorder has not written 1 messages of /instruction" in capsys.readouterr().err


def test_what_is_meant_changes_on_the_way_and_is_done_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstrate, "CALM_FROM", 30)
    [opposite] = others_of(TASK)
    quiet = ["--noise", "0", "--delay", "0", "--push", "0"]
    with recorder() as heard:
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1", "--change", "0.2", *quiet]) == 0
    markers = [(at, message.data) for at, message in heard.of("episode")]
    changes = [at for at, word in markers if word == "change"]
    assert changes and [word for _, word in markers] == ["start", *["change"] * len(changes), "success"]

    labels = [(nanoseconds_of(message.header.stamp), command_of(message)) for _, message in heard.of("expert_action")]
    said = [(at, message.data in TASK.training) for at, message in heard.of("instruction")]
    assert {as_asked for _, as_asked in said} == {True, False}
    assert all(message.data in TASK.training + opposite.training for _, message in heard.of("instruction"))
    for change in changes:
        before = [as_asked for at, as_asked in said if at <= change][-2:]
        assert before[0] != before[1], "a change of what is meant"
        spoken = max(at for at, _ in said if at <= change)
        assert not [stamp for stamp, _ in labels if spoken <= stamp <= change], "no label in between"
    assert said[-1][1], "what was asked for is done in the end"


def test_what_was_done_is_shown_on_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = what_is_judged(monkeypatch)
    quiet = ["--noise", "0", "--delay", "0", "--push", "0", "--change", "0"]
    with recorder() as heard:
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1", *quiet]) == 0
    assert verdicts[-1] == "success" and not any(verdicts[:-1])
    assert len(heard.of("expert_action")) == len(verdicts) + SAWYER.afterwards
    assert heard.of("episode")[-1][1].data == "success"


def test_who_changes_his_mind_may_go_the_other_way_first(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = what_is_judged(monkeypatch)
    # The mind is made up only after the opposite was done.
    monkeypatch.setattr(
        demonstrate.Demonstrator, "_changes_mind", lambda self, made_up, as_asked, rng: made_up != as_asked
    )
    quiet = ["--noise", "0", "--delay", "0", "--push", "0"]
    with recorder() as heard:
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1", "--change", "0.1", *quiet]) == 0
    assert "wrong_task" in verdicts and verdicts[-1] == "success"
    assert "failure" not in [message.data for _, message in heard.of("episode")]


def test_where_minds_change_every_demonstration_has_its_own_start() -> None:
    either = (demonstrate.Demonstrator(NOBODY, NOBODY, NOBODY, 60.0, change, 10) for change in (0.1, 0.0))
    tasks = *others_of(TASK), TASK
    changing, settled = ([[one.start_of(task, n, 3) for n in range(3)] for task in tasks] for one in either)
    assert changing == [[10, 11, 12], [13, 14, 15]]
    assert settled == [[10, 11, 12], [10, 11, 12]]


def test_three_tasks_of_a_scene_have_starts_of_their_own() -> None:
    tasks = [task for task in load_tasks().values() if task.scene == "pillars"]
    demonstrator = demonstrate.Demonstrator(NOBODY, NOBODY, NOBODY, 60.0, 0.1, 10)
    starts = [[demonstrator.start_of(task, n, 2) for n in range(2)] for task in tasks]
    assert starts == [[10, 11], [12, 13], [14, 15]]
    most = ["--tasks", "pillars", "--episodes", "2", "--change", "0.1", "--seed"]
    assert demonstrate.parse([*most, str(RECORDING_SEEDS.stop - 6)]).seed == RECORDING_SEEDS.stop - 6
    with pytest.raises(SystemExit):
        demonstrate.parse([*most, str(RECORDING_SEEDS.stop - 5)])


def test_what_else_is_meant_is_any_other_task_of_the_scene() -> None:
    tasks, rng = load_tasks(), np.random.default_rng(0)
    others = others_of(tasks["drive-green"])
    assert [task.name for task in others] == ["drive-red", "drive-blue"]
    assert {demonstrate.any_of(others, rng).name for _ in range(20)} == {"drive-red", "drive-blue"}
    # Of a pair nothing is drawn: recordings are to the last bit what they were with two robots.
    before = rng.bit_generator.state
    assert demonstrate.any_of(others[:1], rng) == others[0] and rng.bit_generator.state == before


def test_an_undisturbed_expert_does_what_it_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    executed = what_is_executed(monkeypatch)
    undisturbed = ["--noise", "0", "--delay", "0", "--push", "0", "--change", "0"]
    with recorder() as heard:
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1", *undisturbed]) == 0
    labels = [command_of(message) for _, message in heard.of("expert_action")]
    assert np.array_equal(labels, executed)


def test_an_expert_that_never_succeeds_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], episodes_last: Callable[[int], None]
) -> None:
    episodes_last(1)
    with recorder() as heard:
        assert demonstrate.main(["--tasks", TASK.name, "--episodes", "1", "--change", "0"]) == 1
    assert "failed 10 times from the start 0, at last with noise 0.05" in capsys.readouterr().err
    assert "success" not in [message.data for _, message in heard.of("episode")]


def test_a_start_that_an_expert_cannot_do_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def play(self: demonstrate.Demonstrator, task: Task, scene: AnyScene, seed: int, *rest: Any) -> bool:
        tried.append(seed)
        return seed != 5

    monkeypatch.setattr(demonstrate.Demonstrator, "play", play)
    with recorder():
        undisturbed = ["--noise", "0", "--delay", "0", "--push", "0"]
        arguments = ["--tasks", "reach-v3", "--episodes", "2", "--seed", "5"]
        assert demonstrate.main([*arguments, *undisturbed]) == 0
    # Undisturbed it would fail the same way again.
    assert tried == [5, 6, 7]


def test_nobody_listening_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert demonstrate.main(["--wait", "0.5", "--episodes", "1"]) == 1
    message = capsys.readouterr().err
    for topic in ["/camera/image_raw", "/joint_states", "/expert_action", "/episode", "/instruction"]:
        assert topic in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--episodes", "0"], "at least 1"),
        (["--noise", "-1"], "cannot be negative"),
        (["--push", "1.5"], "a probability is 0 to 1"),
        (["--change", "-1"], "a probability is 0 to 1"),
        (["--rate", "0"], "above 0"),
        (["--seed", "99999"], "recordings use 0 to 99999"),
        (["--seed", "100000"], "recordings use 0 to 99999"),
        (["--tasks", "dance"], "no such task: dance"),
    ],
)
def test_wrong_options_are_explained(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demonstrate.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err

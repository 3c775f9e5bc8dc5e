"""The node as a managed one: what leaves in each state, on the topics, and what a manager is told."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from manager import (
    ACTIVE,
    DRIVES,
    FINALIZED,
    INACTIVE,
    LEFT,
    RIGHT,
    UNCONFIGURED,
    Manager,
    drives,
    in_words,
    is_silent,
    with_joints,
)
from parameters import wired
from policies import (
    STOP,
    constant_policy,
    joints_policy,
    spoken_policy,
)
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode
from robot import Robot, joints, numbers
from std_msgs.msg import String
from swap import FIRST, SECOND, second


@pytest.fixture
def reference() -> Iterator[LifecycleNode]:
    """A managed node of rclpy's, with rcl_lifecycle's state machine."""
    context = Context()
    rclpy.init(context=context)
    node = LifecycleNode("reference", context=context, enable_communication_interface=False)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


BEFORE = "given before the robot was enabled or activated"


def test_every_state_lets_through_what_the_design_says(robot: Robot, manager: Manager) -> None:
    manager.run(with_joints(robot))
    assert manager.state() == UNCONFIGURED
    for _ in range(2):
        is_silent(robot)
        assert manager.change("configure"), robot.program.log()
        assert manager.state() == INACTIVE
        manager.is_connected()
        is_silent(robot)
        for _ in range(2):
            assert manager.change("activate")
            assert manager.state() == ACTIVE
            drives(robot)
            robot.wait_for_status("active")
            assert manager.change("deactivate")
            # Everything that was sent before the answer is here, or comes now.
            robot.wait_for_action(STOP)
            assert manager.state() == INACTIVE
            assert [numbers(c) for c in robot.commands[-3:]] == [STOP] * 3, "it was said more than once"
            assert all(numbers(c) in (DRIVES, STOP) for c in robot.commands)
            is_silent(robot)
        assert manager.change("cleanup")
        assert manager.state() == UNCONFIGURED
    assert robot.program.stop() == 0
    assert "[ERROR]" not in robot.program.log() and "the supervisor" not in robot.program.log()


def test_no_command_leaves_before_everything_is_fresh_also_when_it_is_activated_again(
    robot: Robot, manager: Manager
) -> None:
    manager.run(with_joints(robot))
    manager.bring_to(ACTIVE)
    drives(robot)
    assert manager.change("deactivate")
    robot.silence("joint_states")
    robot.wait_for("old joints", lambda: robot.status_is(lambda s: float(s.value("age_s", "joints")) > 1.0))
    assert manager.change("activate")
    robot.wait_for_status("waiting: joints: ")
    is_silent(robot)
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    drives(robot)


def test_the_status_says_in_which_state_the_node_is(robot: Robot, manager: Manager) -> None:
    manager.run(with_joints(robot))

    def shows(state: str) -> None:
        robot.wait_for(f"the status {state}", lambda: robot.status_is(lambda s: s.value("lifecycle") == state))

    shows(UNCONFIGURED)
    assert robot.statuses[-1].says() == UNCONFIGURED
    assert manager.change("configure")
    shows(INACTIVE)
    robot.wait_for_status("inactive")
    robot.wait_for("its modalities", lambda: robot.status_is(lambda s: "joints" in s.parts))
    assert manager.change("activate")
    shows(ACTIVE)
    robot.wait_for_status("active")
    assert manager.change("deactivate")
    shows(INACTIVE)
    assert manager.change("cleanup")
    shows(UNCONFIGURED)
    robot.wait_for("no modalities", lambda: robot.status_is(lambda s: "joints" not in s.parts))


@pytest.mark.parametrize("state", [UNCONFIGURED, INACTIVE, ACTIVE])
def test_what_does_not_lead_out_of_a_state_is_refused_and_changes_nothing(
    robot: Robot, manager: Manager, state: str
) -> None:
    manager.run(with_joints(robot))
    manager.bring_to(state)
    allowed = {
        UNCONFIGURED: {"configure", "shutdown"},
        INACTIVE: {"cleanup", "activate", "shutdown"},
        ACTIVE: {"deactivate", "shutdown"},
    }[state]
    labels = ["configure", "cleanup", "activate", "deactivate", "create", "destroy", "transition_success", "nonsense"]
    for label in labels:
        if label not in allowed:
            assert not manager.change(label), label
    ids = {"configure": 1, "cleanup": 2, "activate": 3, "deactivate": 4}
    shutdowns = {UNCONFIGURED: 5, INACTIVE: 6, ACTIVE: 7}
    right = {number for label, number in ids.items() if label in allowed} | {shutdowns[state]}
    for number in [*range(0, 9), 10, 11, 12, 30, 50, 60, 62, 97, 255]:
        if number not in right:
            assert not manager.change(number), number
    assert manager.state() == state
    assert f"it does not lead out of the state {state}; allowed: " in robot.program.log()
    if state == ACTIVE:
        drives(robot)


def test_a_configure_that_fails_says_every_reason_and_can_be_repeated(robot: Robot, manager: Manager) -> None:
    policy = joints_policy(robot.folder / "policy")
    parameters = wired(policy)
    parameters["action"]["limits"] = {"jump": {"max": 1.0}}
    weights = policy.folder / "weights.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(b"no tensors")
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    manager.run(parameters)
    for _ in range(2):
        assert not manager.change("configure")
        assert manager.state() == UNCONFIGURED
        status = robot.wait_for_status("not a safetensors file")
        assert status.parts["control"].level == DiagnosticStatus.ERROR
        for part in ["action.limits.jump", "drive, turn", "unconfigured: "]:
            assert part in status.says()
            assert part.removesuffix(": ") in robot.program.log()
    weights.write_bytes(good)
    assert not manager.change("configure"), "one of the two is still wrong"

    def says_the_other_alone() -> bool:
        told = robot.statuses[-1].says()
        return "action.limits.jump" in told and "safetensors file" not in told

    robot.wait_for("one reason less", says_the_other_alone)


def test_a_policy_that_is_missing_can_be_put_in_its_place(robot: Robot, manager: Manager) -> None:
    parameters = with_joints(robot)
    folder = robot.folder / "policy"
    folder.rename(robot.folder / "elsewhere")
    manager.run(parameters)
    assert not manager.change("configure")
    robot.wait_for_status(f"{folder}/policy.yaml: No such file")
    assert manager.state() == UNCONFIGURED
    (robot.folder / "elsewhere").rename(folder)
    manager.bring_to(ACTIVE)
    drives(robot)
    # What is loaded does not need its folder any more; what is to be configured again does.
    shutil.rmtree(folder)
    drives(robot)
    assert manager.change("deactivate") and manager.change("cleanup")
    assert not manager.change("configure")
    assert manager.state() == UNCONFIGURED
    assert robot.program.stop() == 0


@pytest.mark.parametrize("state", [UNCONFIGURED, INACTIVE, ACTIVE])
@pytest.mark.parametrize("asked", ["shutdown", Transition.TRANSITION_UNCONFIGURED_SHUTDOWN])
def test_a_shutdown_ends_the_process_from_every_state(
    robot: Robot, manager: Manager, state: str, asked: str | int
) -> None:
    manager.run(with_joints(robot))
    manager.bring_to(state)
    if state == ACTIVE:
        drives(robot)
    number = {UNCONFIGURED: 5, INACTIVE: 6, ACTIVE: 7}[state]
    answer = manager.ask_for(asked if isinstance(asked, str) else number)
    # The program ends soon after its answer.
    while not answer.done() and robot.program.process.poll() is None:
        robot.peer.spin(0.01)
    robot.peer.spin(0.1)
    assert answer.done() and answer.result().success, robot.program.log()
    assert robot.program.wait() == 0, robot.program.log()
    last = [numbers(command) for command in robot.commands]
    if state == ACTIVE:
        assert last[-3:] == [STOP] * 3 and DRIVES in last
    else:
        assert last == []
    event = manager.events[-1]
    assert (event.transition.id, event.goal_state.label) == (50, FINALIZED)


@pytest.mark.parametrize("state", [UNCONFIGURED, INACTIVE, ACTIVE])
@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_in_every_state(
    robot: Robot, manager: Manager, state: str, with_signal: signal.Signals
) -> None:
    manager.run(with_joints(robot))
    manager.bring_to(state)
    if state == ACTIVE:
        drives(robot)
    assert robot.program.stop(with_signal) == 0, robot.program.log()
    robot.peer.spin(0.2)
    last = [numbers(command) for command in robot.commands]
    assert last[-2:] == ([STOP] * 2 if state == ACTIVE else [])


def test_the_state_machine_is_that_of_rcl(robot: Robot, manager: Manager, reference: LifecycleNode) -> None:
    machine = reference._state_machine
    manager.run(with_joints(robot))
    for transition in [None, "configure", "activate", "deactivate", "cleanup"]:
        if transition:
            assert manager.change(transition)
            getattr(reference, f"trigger_{transition}")()
        state = manager.answer("get_state").current_state
        assert (state.id, state.label) == machine.current_state
        states = manager.answer("get_available_states").available_states
        assert [(s.id, s.label) for s in states] == machine.available_states
        available = manager.answer("get_available_transitions").available_transitions
        assert [in_words(t) for t in available] == machine.available_transitions
        graph = manager.answer("get_transition_graph").available_transitions
        assert [in_words(t) for t in graph] == machine.transition_graph


def test_events_tell_of_every_step(robot: Robot, manager: Manager) -> None:
    manager.run(with_joints(robot))
    # By their numbers, as Nav2's manager asks for them.
    assert all(manager.change(number) for number in (1, 3, 4, 2))
    expected = [
        (1, "configure", "unconfigured", "configuring"),
        (10, "transition_success", "configuring", "inactive"),
        (3, "activate", "inactive", "activating"),
        (30, "transition_success", "activating", "active"),
        (4, "deactivate", "active", "deactivating"),
        (40, "transition_success", "deactivating", "inactive"),
        (2, "cleanup", "inactive", "cleaningup"),
        (20, "transition_success", "cleaningup", "unconfigured"),
    ]
    robot.wait_for("the events", lambda: len(manager.events) >= len(expected))
    told = [(e.transition.id, e.transition.label, e.start_state.label, e.goal_state.label) for e in manager.events]
    assert told == expected
    now = robot.peer.node.get_clock().now().nanoseconds
    stamps = [event.timestamp for event in manager.events]
    assert stamps == sorted(stamps) and now - 60e9 < stamps[0] <= now


def test_a_policy_can_be_set_in_every_state(robot: Robot, manager: Manager) -> None:
    parameters = wired(constant_policy(robot.folder / "first", FIRST))
    other = second(robot)
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    manager.run(parameters)
    assert robot.load(robot.folder / "nowhere").success, "it is looked at when the node is configured"
    assert not manager.change("configure")
    assert "nowhere" in robot.wait_for_status("unconfigured: ").says()
    assert robot.load(robot.folder / "first").success
    manager.bring_to(INACTIVE)
    answer = robot.load(robot.folder / "nowhere")
    assert not answer.success and "nowhere" in answer.message
    answer = robot.load(other)
    assert answer.success, answer.message
    manager.is_connected()
    is_silent(robot)
    assert manager.change("activate")
    robot.wait_for_action(SECOND)
    assert all(numbers(command) == SECOND for command in robot.commands)
    # The parameter policy has followed, so it is the second that is configured again.
    assert manager.change("deactivate") and manager.change("cleanup")
    assert robot.load(other).success, "nothing has to be loaded before it is configured"
    robot.commands.clear()
    manager.bring_to(ACTIVE)
    robot.wait_for_action(SECOND)
    assert all(numbers(command) == SECOND for command in robot.commands)


def test_an_instruction_does_not_outlive_a_deactivation_or_a_cleanup(robot: Robot, manager: Manager) -> None:
    robot.keep_sending("joint_states", joints(LEFT, RIGHT))
    manager.run(wired(spoken_policy(robot.folder / "policy")))
    manager.bring_to(ACTIVE)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    assert manager.change("deactivate")
    robot.say("close the faucet")
    is_silent(robot)
    assert manager.change("activate")
    robot.wait_for_status(f"waiting: instruction: {BEFORE}")
    is_silent(robot)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    assert manager.change("deactivate") and manager.change("cleanup")
    robot.send("instruction", String(data="push the button"), latched=True)
    is_silent(robot)
    manager.bring_to(ACTIVE)
    robot.wait_for_status("waiting: instruction: absent")
    is_silent(robot)
    robot.say("close the faucet")
    robot.wait_for("a command", lambda: bool(robot.commands))


def test_with_autostart_it_drives_by_itself_and_can_be_managed_all_the_same(robot: Robot, manager: Manager) -> None:
    manager.run(with_joints(robot) | {"autostart": True})
    drives(robot)
    assert manager.state() == ACTIVE
    assert not manager.change("activate")
    assert manager.change("deactivate") and manager.change("cleanup")
    is_silent(robot)
    assert manager.state() == UNCONFIGURED, "it starts itself once"
    manager.bring_to(ACTIVE)
    drives(robot)

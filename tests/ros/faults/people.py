"""Those who may stop the robot do, and those who ask the node for something ask for too much."""

from __future__ import annotations

import random

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from permission import press, says
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_srvs.srv import SetBool

from faults.behaviour import DrivesOn, FallsSilent, Recovers, Stops
from faults.bench import MAX_AGE_S, SENTENCE, SWITCH, Bench
from faults.fault import Fault


def release(bench: Bench) -> None:
    """The deadman is let go."""
    bench.robot.keep_sending(SWITCH, says(False))


def lose_the_deadman(bench: Bench) -> None:
    """The deadman's radio is gone."""
    bench.robot.silence(SWITCH)


def disable(bench: Bench) -> None:
    """Somebody disables the robot."""
    assert bench.robot.call(SetBool, "enable", SetBool.Request(data=False)).success


def enable_again(bench: Bench) -> None:
    """Somebody enables it."""
    assert bench.robot.call(SetBool, "enable", SetBool.Request(data=True)).success
    bench.restore()


def change(bench: Bench, label: str) -> bool:
    """Asks for a transition."""
    request = ChangeState.Request(transition=Transition(label=label))
    return bench.robot.call(ChangeState, "change_state", request).success


def deactivate(bench: Bench) -> None:
    """A lifecycle manager deactivates the node."""
    assert change(bench, "deactivate")


def activate(bench: Bench) -> None:
    """And activates it again."""
    assert change(bench, "activate")
    bench.restore()


def storm_of_transitions(bench: Bench) -> None:
    """Ten transitions, some of which there are not."""
    for _ in range(3):
        assert not change(bench, "cleanup"), "an active node cannot be cleaned up"
        deactivate(bench)
        assert change(bench, "activate")
    bench.robot.say(SENTENCE)


def storm_of_parameters(bench: Bench) -> None:
    """A hundred sets of parameters that cannot be set like that, with one in between that can."""
    values = [ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=number) for number in (-1.0, 1e300)]
    values.append(ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="\u2603" * 100))
    for turn in range(100):
        name = ["control_rate_hz", "modalities.scene.max_age_s", "policy", "no.such.one"][turn % 4]
        request = SetParameters.Request(parameters=[Parameter(name=name, value=random.choice(values))])
        answer = bench.robot.call(SetParameters, "set_parameters", request)
        assert not answer.results[0].successful and answer.results[0].reason, (name, answer)
        if turn == 50:
            assert bench.robot.set(modalities__scene__max_age_s=MAX_AGE_S + random.random() / 100).success


def set_as_before(bench: Bench) -> None:
    """The one that could be set gets its value back."""
    assert bench.robot.set(modalities__scene__max_age_s=MAX_AGE_S).success
    bench.restore()


def remove_the_policy(bench: Bench) -> None:
    """The policy's folder is gone while it drives."""
    folder = bench.policy.folder
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    bench.until_end.callback(elsewhere.rename, folder)


def load_a_damaged_one(bench: Bench) -> None:
    """Somebody loads a policy whose weights were cut off."""
    folder = bench.robot.folder / "damaged"
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_bytes((bench.policy.folder / "policy.yaml").read_bytes())
    (folder / "weights.safetensors").write_bytes((bench.policy.folder / "weights.safetensors").read_bytes()[:-8])
    assert not bench.robot.load(folder).success


def load_another(bench: Bench) -> None:
    """The policy is swapped for one that does the same."""
    answer = bench.robot.load(bench.policy.folder)
    assert answer.success, answer.message


PERMISSION_FAULTS = [
    Fault(
        "the emergency stop is pressed for a moment",
        "stop at once, until `~/reset` and a new instruction",
        lambda bench: press(bench.emergency_stop),
        Stops("emergency stop: pressed", 0.0),
        Bench.reset,
    ),
    Fault("the deadman is released", "stop", release, Stops("deadman", 0.02)),
    Fault("the deadman falls silent", "stop once it is too old", lose_the_deadman, Stops("deadman", MAX_AGE_S)),
    Fault(
        "`~/enable` is called with false",
        "stop until it is called with true, and a new instruction",
        disable,
        Stops("disabled", 0.02),
        enable_again,
    ),
    Fault("the node is deactivated", "stop, then silence", deactivate, FallsSilent(), activate),
]

REQUEST_FAULTS = [
    Fault("a storm of transitions", "drive on afterwards", storm_of_transitions, Recovers()),
    Fault("a storm of parameters", "refuse with reasons, drive on", storm_of_parameters, DrivesOn(0.2), set_as_before),
    Fault("the policy's folder is removed", "drive on", remove_the_policy, DrivesOn()),
    Fault("a damaged policy is loaded", "refuse, drive on with the old one", load_a_damaged_one, DrivesOn(0.2)),
    Fault("a policy is loaded", "swap between two commands", load_another, DrivesOn(0.2)),
]

"""The robot that faults are let loose on: a camera, an instruction, joints that move, and everyone who may stop it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from lifecycle_msgs.srv import ChangeState
from parameters import TWIST_STAMPED, wired, write
from permission import DEADMAN, EMERGENCY_STOP, button, says
from policies import STOP, Policy, colour, sentence, vector
from rcl_interfaces.srv import SetParameters
from robot import Robot, joints, numbers, picture
from sensor_msgs.msg import Image
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

CAMERA, JOINTS, INSTRUCTION, SWITCH = "camera/image_raw", "joint_states", "instruction", "deadman"
SENTENCE = "open the drawer"

RATE_HZ = 50.0
PERIOD_S = 1 / RATE_HZ
MAX_AGE_S = 0.4
"""Of the camera, the joints and the deadman."""
MAX_FROZEN_S = 0.6

LIMIT = 2.0
MAX_RATE = 8.0
"""Of both actions, per second."""

SWING_S = 2.0
"""The joints swing, so that commands change all the time."""


SERVICES = {"enable": SetBool, "reset": Trigger, "change_state": ChangeState, "set_parameters": SetParameters}


def noisy(
    encoding: str = "rgb8", width: int = 32, height: int = 24, red: int = 128, frame: str = "camera"
) -> Callable[[Time], Image]:
    """A camera as a real one is: no two pictures are the same."""
    numbers = count()

    def make(now: Time) -> Image:
        message = picture(red, 64, 32 + next(numbers) % 2, width, height)(now)
        message.encoding = encoding
        message.header.frame_id = frame
        return message

    return make


def swinging(now: Time) -> Any:
    """Joints in motion."""
    phase = 2 * math.pi * ((now.sec % 1000) + now.nanosec * 1e-9) / SWING_S
    return joints(0.5 * math.sin(phase), 0.5 * math.cos(phase))(now)


def policy(bench: Robot) -> Policy:
    """drive = left + right / 4 + ln(red) / 8, turn = right + ln(green) / 8; a picture that is black is not a number.

    The instruction is needed and has no part in the action. At a picture with more than 199 of red the encoder fails.
    """
    weight = np.zeros((2, 3 + 8 + 2))
    weight[0, 0] = weight[1, 1] = 1 / 8
    weight[0, 11], weight[0, 12], weight[1, 12] = 1.0, 0.25, 1.0
    folder = bench.folder / "policy"
    scene = colour("scene", folder, "image_fragile")
    scene["encoder"]["output"] = "log"
    return Policy(folder, [scene, sentence("instruction", folder), vector("joints", "left", "right")], weight)


class Bench:
    """A robot that drives, and what is needed to make it drive again."""

    def __init__(self, robot: Robot, rate_hz: float = RATE_HZ, **more: object) -> None:
        self.robot = robot
        self.period_s = 1 / rate_hz
        self.until_end = ExitStack()
        """What a fault holds on to until it is over."""
        self.policy = policy(robot)
        parameters = wired(self.policy, TWIST_STAMPED, control_rate_hz=rate_hz, **more)
        for name in ("scene", "joints"):
            parameters["modalities"][name]["max_age_s"] = MAX_AGE_S
        parameters["modalities"]["scene"]["max_frozen_s"] = MAX_FROZEN_S
        limits = {"min": -LIMIT, "max": LIMIT, "max_rate": MAX_RATE}
        parameters["action"]["limits"] = {"drive": limits, "turn": limits}
        parameters |= {"deadman": DEADMAN | {"max_age_s": MAX_AGE_S}, "emergency_stop": EMERGENCY_STOP}
        self.parameters = parameters
        robot.run(parameters)
        self.waits = Waits(robot)
        self.began_ns = 0
        """When the last fault began; one that takes its time to begin says when it did."""
        self.emergency_stop = button(robot)
        self.starved = 0
        """How often the log has said that the control thread got no processor."""
        self.inconclusive: list[str] = []
        """Why trials were made again."""
        self.begins = [0]
        """Where in the commands another process of the node began."""
        # So that asking takes no discovery.
        for service, kind in SERVICES.items():
            robot.client(kind, service)
        self.restore()
        self.wait_until_driving()

    def restore(self) -> None:
        """Everything comes as it should again."""
        self.until_end.close()
        self.robot.keep_sending(JOINTS, swinging)
        self.robot.keep_sending(CAMERA, noisy())
        self.robot.keep_sending(SWITCH, says(True))
        self.robot.say(SENTENCE)

    def restart(self) -> None:
        """Another process of the node in the place of one that has ended."""
        robot = self.robot
        robot.program.wait()
        self.starved = 0
        self.begins.append(len(robot.published))
        path = write(robot.folder / "node.param.yaml", self.parameters)
        robot.program = robot._start("late_fusion_node", "--ros-args", "--params-file", path)
        robot.statuses.clear()

    def reset(self) -> None:
        """Ends a latched emergency stop."""
        assert self.robot.call(Trigger, "reset").success
        self.restore()

    def say(self, text: str | bytes) -> None:
        """Says something that need not be understood; bytes are a serialized message."""
        message = String(data=text) if isinstance(text, str) else text
        self.robot.send(INSTRUCTION, message, String, latched=True)

    def spin(self, seconds: float) -> None:
        """Serves the graph for so long."""
        self.robot.peer.spin(seconds)

    def wait_for(self, what: str, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Serves the graph until the condition holds."""
        self.robot.wait_for(what, condition, timeout_s)

    def wait_until_driving(self) -> None:
        """Serves the graph until the node says that it is active, and commands since say so too."""
        status = self.robot.wait_for_status("active")
        self.wait_for("commands", lambda: len(self.actions_since(status.published_ns)) > 5)
        self.wait_for("an action", lambda: self.actions_since(status.published_ns)[-1] != STOP)

    def longest_wait_s(self, since_ns: int) -> float:
        """The longest time between two turns in which everything was sent."""
        sent_ns = [since_ns, *(at for at in self.robot.sent_ns if at > since_ns), now_ns()]
        return max(later - earlier for earlier, later in pairwise(sent_ns)) / 1e9

    def actions_since(self, nanos: int) -> list[list[float]]:
        """The actions that were commanded after this moment."""
        return [action for published, action in self.commands_since(nanos)]

    def commands_since(self, nanos: int) -> list[tuple[int, list[float]]]:
        """The same with the moments at which they were published."""
        return [(published, numbers(message)) for published, message in self.robot.published if published > nanos]


class Waits:
    """How long the threads of the node that stop the robot were ready and got no processor, as the kernel counts it."""

    THREADS = ("control", "supervisor", "late_fusion_nod")
    """The last one is main, by the 15 letters that the kernel keeps."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self._before_s = self.last_s = 0.0

    def start(self) -> None:
        """From here on."""
        self._before_s = self._sum_s()

    def end(self) -> None:
        """Until here; `last_s` then says how long."""
        self.last_s = self._sum_s() - self._before_s

    def _sum_s(self) -> float:
        waited_ns = 0
        for task in Path(f"/proc/{self._robot.program.process.pid}/task").glob("*"):
            # A thread may end meanwhile.
            with suppress(OSError):
                if (task / "comm").read_text().strip() in self.THREADS:
                    waited_ns += int((task / "schedstat").read_text().split()[1])
        return waited_ns / 1e9


def now_ns() -> int:
    """This machine's clock, as commands are stamped by it."""
    return time.time_ns()

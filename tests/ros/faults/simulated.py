"""Simulated time pauses, jumps and starts over."""

from __future__ import annotations

from dataclasses import dataclass

from builtin_interfaces.msg import Time
from permission import press, says
from policies import STOP
from robot import SEND_EVERY_S, Robot, numbers, seconds
from rosgraph_msgs.msg import Clock

from faults.behaviour import Stops, raise_if_starved
from faults.bench import CAMERA, JOINTS, SWITCH, Bench, now_ns
from faults.fault import Fault

CLOCK = "/clock"
BEGINNING = Time(sec=1000)
SHORTEST_BAG_S = 2.0
JUMP_S = 10.0


class SimulatedBench(Bench):
    """A robot in a simulator, with a deadman in somebody's hand."""

    def __init__(self, robot: Robot) -> None:
        robot.simulated = BEGINNING
        super().__init__(robot, use_sim_time=True)

    def restore(self) -> None:
        """Time goes on from where it is; in every turn it comes before what is stamped with it."""
        self.robot.keep_sending(CLOCK, self._tick)
        super().restore()

    def turn(self, by_s: float) -> None:
        """Turns the clock."""
        now = self.robot.now()
        nanos = now.sec * 10**9 + now.nanosec + round(by_s * 1e9)
        self.robot.simulated = Time(sec=nanos // 10**9, nanosec=nanos % 10**9)

    def _tick(self, now: Time) -> Clock:
        self.turn(SEND_EVERY_S)
        return Clock(clock=self.robot.simulated)


def pause(bench: Bench) -> None:
    """The simulator stands still, and nothing comes from it."""
    for topic in (CLOCK, CAMERA, JOINTS):
        bench.robot.silence(topic)


def stop_while_paused(bench: Bench) -> None:
    """Somebody presses the emergency stop of a robot whose time stands still."""
    pause(bench)
    bench.spin(0.3)
    bench.began_ns = now_ns()
    press(bench.emergency_stop)


def release_while_paused(bench: Bench) -> None:
    """Somebody lets go of its deadman."""
    pause(bench)
    bench.spin(0.3)
    bench.began_ns = now_ns()
    bench.robot.keep_sending(SWITCH, says(False))


def jump(bench: Bench, by_s: float) -> None:
    """Time jumps, and until the fault is over nothing comes that is stamped with the new time."""
    for topic in (CAMERA, JOINTS):
        bench.robot.silence(topic)
    assert isinstance(bench, SimulatedBench)
    bench.turn(by_s)


def start_over(bench: Bench) -> None:
    """A bag is at its end and is played again: the clock and all stamps go back in one and the same turn."""
    end_s = seconds(BEGINNING) + SHORTEST_BAG_S
    bench.wait_for("the end of the bag", lambda: seconds(bench.robot.now()) > end_s)
    bench.began_ns = now_ns()
    bench.robot.simulated = BEGINNING


@dataclass(frozen=True)
class StandsStill:
    """Nothing is commanded while time stands still; then the robot drives on as if nothing had been."""

    def watch(self, bench: Bench, began_ns: int) -> None:
        bench.spin(0.3)
        still_ns = now_ns()
        bench.spin(0.7)
        assert bench.actions_since(still_ns) == [], "commands while time stands still"
        goes_on_ns = now_ns()
        bench.restore()
        bench.spin(0.4)
        actions = bench.actions_since(goes_on_ns)
        if STOP in actions:
            raise_if_starved(bench, goes_on_ns)
        assert actions and STOP not in actions, f"commands after the pause: {actions}"

    def within_s(self, period_s: float = 0.0) -> None:
        return None


@dataclass(frozen=True)
class DrivesInTheNewTime:
    """The robot drives on at once, in the time of the new stamps; what is stamped later than that drives nothing."""

    within_s_of_wall: float = 0.3

    def watch(self, bench: Bench, began_ns: int) -> None:
        bench.spin(self.within_s_of_wall)
        now_s = seconds(bench.robot.now())
        since = [message for at, message in bench.robot.published if at > began_ns]
        # A command may have been under way when the clock was turned.
        old = [message for message in since if seconds(message.header.stamp) > now_s]
        new = [message for message in since if seconds(message.header.stamp) <= now_s]
        if not new or all(numbers(message) == STOP for message in new):
            raise_if_starved(bench, began_ns)
        assert len(old) <= 2, f"{len(old)} commands in the old time"
        assert any(numbers(message) != STOP for message in new), f"commands in the new time: {new}"

    def within_s(self, period_s: float = 0.0) -> None:
        return None


TIME_FAULTS = [
    Fault(
        "time stands still for a second",
        "no command meanwhile; then drive on",
        pause,
        StandsStill(),
        bench=SimulatedBench,
    ),
    Fault(
        "the emergency stop is pressed while time stands still",
        "stop at once",
        stop_while_paused,
        Stops("emergency stop: pressed", 0.0),
        Bench.reset,
        SimulatedBench,
    ),
    Fault(
        "the deadman is released while time stands still",
        "stop",
        release_while_paused,
        Stops("deadman", 0.1),
        bench=SimulatedBench,
    ),
    Fault(
        "time jumps 10 s forward, and sensors follow later",
        "stop until they do",
        lambda bench: jump(bench, JUMP_S),
        Stops(r"^scene: 1\d\.\d+ s old, allowed", 0.0),
        bench=SimulatedBench,
    ),
    Fault(
        "time jumps 10 s back, and sensors follow later",
        "stop until they do",
        lambda bench: jump(bench, -JUMP_S),
        Stops("^scene: .*(ahead|future)", 0.0),
        bench=SimulatedBench,
    ),
    Fault(
        "a bag starts over: time and all stamps go back to its beginning",
        "drive on in the new time",
        start_over,
        DrivesInTheNewTime(),
        bench=SimulatedBench,
    ),
]

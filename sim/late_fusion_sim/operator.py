"""The one who tells the robot what to do, and watches whether it has heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import String

from late_fusion_sim.ros import NodeTrouble, Participant, reliable

LEVELS = {b"\x00": "OK", b"\x01": "WARN", b"\x02": "ERROR", b"\x03": "STALE"}

HEAR_S = 10.0
"""How long a node may take to put an instruction into use."""


@dataclass(frozen=True)
class NodeStatus:
    """What the node last said about itself on `late_fusion/status`."""

    level: str = "unknown"
    message: str = "it has not published a status yet"
    values: dict[str, str] = field(default_factory=dict)

    @property
    def instruction(self) -> str | None:
        """The sentence in use; None when there is none or the node has said nothing."""
        return self.values.get("instruction") or None

    @property
    def active(self) -> bool:
        """Whether the policy drives the robot."""
        return self.level == "OK" and self.message == "active"

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


class Operator:
    """Gives instructions, and hears the node's status."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._instruction = participant.publisher(String, "instruction", reliable(1, latched=True))
        self._subscription = participant.node.create_subscription(
            DiagnosticArray, "late_fusion/status", self._on_status, reliable(1, latched=True)
        )
        self.status = NodeStatus()

    @property
    def topic(self) -> str:
        """Where instructions are published."""
        return self._instruction.topic

    @property
    def listeners(self) -> int:
        """How many listen to instructions."""
        return self._instruction.listeners

    def say(self, sentence: str) -> None:
        """Publishes an instruction without waiting for anybody."""
        self._instruction.publish(String(data=sentence))

    def give(
        self,
        sentence: str,
        meanwhile: Callable[[], None],
        every_s: float,
        *,
        until: Callable[[NodeStatus], bool] = lambda _: True,
    ) -> None:
        """Publishes an instruction and waits until the node's status shows it in use and `until` holds.

        `meanwhile` is called every so many seconds: it keeps the world alive, and raises when the node is not.
        """
        self.say(sentence)
        end = time.monotonic() + HEAR_S

        def heard() -> bool:
            return self.status.instruction == sentence and until(self.status)

        while not self._participant.spin_until(heard, every_s):
            meanwhile()
            if time.monotonic() > end:
                raise NodeTrouble(
                    f"within {HEAR_S:.0f} s the node did not put the instruction '{sentence}' into use "
                    f"(in use: {self.status.instruction!r})"
                )

    def _on_status(self, message: DiagnosticArray) -> None:
        control = next((each for each in message.status if each.name == "late_fusion: control"), None)
        if control is not None:
            self.status = NodeStatus(
                level=LEVELS.get(control.level, "unknown"),
                message=control.message,
                values={pair.key: pair.value for pair in control.values},
            )

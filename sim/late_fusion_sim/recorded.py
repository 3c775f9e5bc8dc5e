"""What `late_fusion record` says that it has written: the only thing that gives topics an order among themselves.

DDS promises an order within a topic and none between two, and an acknowledgement only says that a message has reached
the other process. So whoever publishes on several topics waits here until the recorder has written all of it, and only
then goes on, in simulated time or to another topic.
"""

from __future__ import annotations

import time
from collections import Counter

from diagnostic_msgs.msg import DiagnosticArray

from late_fusion_sim.bridge import Bridge
from late_fusion_sim.ros import POLL_S, NodeTrouble, Participant, nanoseconds_of, reliable

STATUS_TOPIC = "late_fusion_record/status"

GIVE_UP_S = 10.0
"""A recorder that has not written what was published after so long has lost it."""


class Recorded:
    """What was published on this participant's topics, and how much of it is written."""

    def __init__(self, participant: Participant, bridge: Bridge) -> None:
        self._participant = participant
        self._bridge = bridge
        self._written: Counter[str] = Counter()
        self._time_ns = 0
        self._before: Counter[str] | None = None
        self._subscription = participant.node.create_subscription(
            DiagnosticArray, STATUS_TOPIC, self._on_status, reliable(1, latched=True)
        )

    @property
    def topic(self) -> str:
        """Where the recorder says it."""
        return self._subscription.topic_name

    @property
    def is_told(self) -> bool:
        """Whether a recorder has said anything."""
        return self._before is not None

    def missing(self) -> dict[str, int]:
        """How many messages of which topics are published and not written."""
        published = self._participant.published()
        before = self._before or Counter()
        lacks = {name: published[name] - (self._written[name] - before[name]) for name in self._written}
        return {name: count for name, count in lacks.items() if count > 0}

    def catch_up(self) -> None:
        """Waits until the recorder's time is the simulated one and everything published is written under it.

        Raises NodeTrouble when it does not come about.
        """
        end = time.monotonic() + GIVE_UP_S
        while not self._participant.spin_until(self._has_everything, POLL_S):
            if time.monotonic() > end:
                lost = ", ".join(f"{count} messages of {name}" for name, count in self.missing().items())
                raise NodeTrouble(
                    f"within {GIVE_UP_S:.0f} s the recorder has not written {lost or 'under the newest time'}; "
                    f"its time is {self._time_ns / 1e9:.3f} s and that on /clock {self._bridge.now_ns / 1e9:.3f} s"
                )
            # Time is best-effort; what was lost is said again.
            self._bridge.tell_time()

    def _has_everything(self) -> bool:
        return self._time_ns == self._bridge.now_ns and not self.missing()

    def _on_status(self, message: DiagnosticArray) -> None:
        self._time_ns = nanoseconds_of(message.header.stamp)
        self._written = Counter({pair.key: int(pair.value) for part in message.status for pair in part.values})
        if self._before is None:
            # A recorder may have heard others before; what it has by then is none of ours.
            self._before = self._written

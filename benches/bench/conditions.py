"""Under what the nodes are measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

IDLE = "idle"


@dataclass(frozen=True)
class Conditions:
    """What figures depend on besides the machine; figures of others are not compared."""

    rate_hz: float
    camera_hz: float
    width: int
    height: int
    peer_resize: str
    busy_programs: int
    """Beside each node, in the half of the rounds that is not idle; 0 where all are."""

    @property
    def loads(self) -> list[tuple[str, int]]:
        """The name of each load, and how many busy programs it has."""
        return [(IDLE, 0)] + ([(f"{self.busy_programs} busy", self.busy_programs)] if self.busy_programs else [])

    @property
    def size(self) -> tuple[int, int]:
        """Of a picture."""
        return self.width, self.height

    def differences(self, others: dict[str, Any]) -> list[str]:
        """Where others, as a report has them, are not the same."""
        mine = asdict(self)
        return [
            f"{name} is {mine[name]}, and was {others.get(name)}" for name in mine if others.get(name) != mine[name]
        ]

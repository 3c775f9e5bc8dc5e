"""The states of the node under test: a managed node that is let rest between two episodes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from late_fusion_sim.ros import POLL_S, NodeTrouble, Participant

CHANGE_S = 10.0
"""How long a transition may take, and how long it is asked for."""


class NodeStates:
    """Has the node forget what it commanded: rate limits, chunks of actions and smoothing go on from one command to the
    next, and would carry one episode into another.
    """

    def __init__(self, participant: Participant, check: Callable[[], None]) -> None:
        self._participant = participant
        self._check = check
        self._change = participant.node.create_client(ChangeState, "late_fusion/change_state")

    def rest(self) -> None:
        """Deactivates the node and activates it again. One that has no states is left as it is."""
        if self._change.service_is_ready():
            for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE):
                self._pass(transition)

    def _pass(self, transition: int) -> None:
        """Makes a transition. A node in the middle of another one, as at its start, refuses, and is asked again."""
        end = time.monotonic() + CHANGE_S
        while not self._makes(transition):
            self._check()
            if time.monotonic() > end:
                raise NodeTrouble(f"the node did not make the transition {transition} of {self._change.srv_name}")
            self._participant.spin(POLL_S)

    def _makes(self, transition: int) -> bool:
        request = ChangeState.Request()
        request.transition.id = transition
        answer = self._change.call_async(request)
        return self._participant.spin_until(answer.done, CHANGE_S) and answer.result().success

"""The states of the node under test: a managed node that is let rest between two episodes."""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from late_fusion_sim.ros import NodeTrouble, Participant

CHANGE_S = 10.0
"""How long a transition may take."""


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
        request = ChangeState.Request()
        request.transition.id = transition
        answer = self._change.call_async(request)
        if not self._participant.spin_until(answer.done, CHANGE_S) or not answer.result().success:
            self._check()
            raise NodeTrouble(f"the node did not make the transition {transition} of {self._change.srv_name}")

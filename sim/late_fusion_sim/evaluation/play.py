"""A process that plays episodes as it is told, with a node and a world of its own.

The first line on standard input says under what, each of the others which episode is next (JSON); each is answered by a
line on standard output. It ends with its standard input, or when the node does not do its part.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from pathlib import Path

from late_fusion_sim.evaluation.attempt import Attempt
from late_fusion_sim.evaluation.conditions import Conditions
from late_fusion_sim.node_process import NodeProcess, changed_parameter, node_parameters, senses_of
from late_fusion_sim.perturbation.base import UNDISTURBED
from late_fusion_sim.perturbation.catalogue import PERTURBATIONS
from late_fusion_sim.player import Player
from late_fusion_sim.ros import NodeTrouble, Participant


def main() -> int:
    """Plays, and says how it went by the exit status."""
    # A terminated world must stop its node as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Whoever else here prints must not answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order = json.loads(sys.stdin.readline())
    conditions = Conditions(**order["conditions"])
    policy, folder = Path(order["policy"]), Path(order["folder"])
    required = None if conditions.required is None else frozenset(conditions.required.split(","))
    robot, trials = conditions.robot, conditions.trials
    node = None
    try:
        parameters = node_parameters(
            policy,
            lockstep=True,
            required=required,
            changes=tuple(map(changed_parameter, conditions.set)),
            latency=conditions.latency,
            robot=robot,
        )
        with (
            NodeProcess(Path(conditions.node), parameters, folder) as node,
            Participant("late_fusion_sim") as participant,
            Player(
                participant,
                node,
                "lockstep",
                senses=senses_of(policy, robot),
                faults=conditions.faults,
                latency=conditions.latency,
                robot=robot,
            ) as player,
        ):
            for line in sys.stdin:
                attempt = Attempt(**json.loads(line))
                perturbation = UNDISTURBED if attempt.is_undisturbed else PERTURBATIONS[attempt.perturbation]
                trial = trials[attempt.task]
                episode = player.begin(trial, conditions.first_seed + attempt.number, attempt.number, perturbation)
                player.play(trial, episode, perturbation)
                print(json.dumps(dataclasses.asdict(episode)), file=answers, flush=True)
    except NodeTrouble as trouble:
        print(trouble, file=sys.stderr)
        if node is not None:
            print(f"The end of {node.log_file}:\n{node.log_tail()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

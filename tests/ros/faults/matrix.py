"""All faults."""

from faults import graph, inputs, inside, people
from faults.fault import Fault

FAULTS: dict[str, list[Fault]] = {
    "Camera": inputs.CAMERA_FAULTS,
    "Instruction": inputs.INSTRUCTION_FAULTS,
    "Joint states": inputs.JOINT_FAULTS,
    "Who may move the robot": people.PERMISSION_FAULTS,
    "Requests": people.REQUEST_FAULTS,
    "Inside the node": inside.THREAD_FAULTS,
    "The process": inside.PROCESS_FAULTS,
    "The graph": graph.FAULTS,
}
"""By what it is that fails."""

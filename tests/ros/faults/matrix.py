"""All faults."""

from faults import files, graph, inputs, inside, memory, people, simulated
from faults.fault import Fault

FAULTS: dict[str, list[Fault]] = {
    "Camera": inputs.CAMERA_FAULTS,
    "Instruction": inputs.INSTRUCTION_FAULTS,
    "Joint states": inputs.JOINT_FAULTS,
    "Who may move the robot": people.PERMISSION_FAULTS,
    "Requests": people.REQUEST_FAULTS,
    "The policy's files": files.FILE_FAULTS,
    "Simulated time": simulated.TIME_FAULTS,
    "Memory": memory.MEMORY_FAULTS,
    "Inside the node": inside.THREAD_FAULTS,
    "The process": inside.PROCESS_FAULTS,
    "The graph": graph.FAULTS,
}
"""By what it is that fails."""

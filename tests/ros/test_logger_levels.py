"""From which severity on the node logs: `--log-level`, `~/get_logger_levels` and `~/set_logger_levels`."""

from __future__ import annotations

from parameters import wired
from policies import joints_policy
from rcl_interfaces.msg import Log, LoggerLevel
from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels
from robot import Robot, joints

OURS = "late_fusion"


def level_of(robot: Robot, logger: str) -> int:
    """The level that the node says its logger has."""
    answer = robot.call(GetLoggerLevels, "get_logger_levels", GetLoggerLevels.Request(names=[logger]))
    [level] = answer.levels
    assert level.name == logger
    return level.level


def set_level(robot: Robot, level: int, logger: str = OURS) -> tuple[bool, str]:
    """Asks for another level."""
    request = SetLoggerLevels.Request(levels=[LoggerLevel(name=logger, level=level)])
    [result] = robot.call(SetLoggerLevels, "set_logger_levels", request).results
    return result.successful, result.reason


def test_the_level_of_the_command_line_counts_until_another_is_set(robot: Robot) -> None:
    logged: list[Log] = []
    robot.peer.node.create_subscription(Log, "/rosout", logged.append, 100)
    program = robot.run(wired(joints_policy(robot.folder / "policy")), "--log-level", "error")
    robot.keep_sending("joint_states", joints(1.0, 0.5))
    robot.wait_for_status("active")
    assert level_of(robot, OURS) == LoggerLevel.LOG_LEVEL_ERROR

    def told_of_a_change(max_age_s: float) -> bool:
        """Whether a change of a parameter, which is an INFO, is told on /rosout."""
        logged.clear()
        assert robot.set(modalities__joints__max_age_s=max_age_s).success
        return any("continues with changed parameters" in line.msg for line in logged)

    assert not told_of_a_change(0.6)
    assert "changed parameters" not in program.log() and "drives" not in program.log()
    assert set_level(robot, LoggerLevel.LOG_LEVEL_INFO) == (True, "")
    assert level_of(robot, OURS) == LoggerLevel.LOG_LEVEL_INFO
    assert set_level(robot, 0) == (True, "")
    assert level_of(robot, OURS) == LoggerLevel.LOG_LEVEL_ERROR
    assert not told_of_a_change(0.7)
    assert set_level(robot, LoggerLevel.LOG_LEVEL_DEBUG) == (True, "")
    robot.set(modalities__joints__max_age_s=0.8)
    robot.wait_for("an INFO on /rosout", lambda: any("changed parameters" in line.msg for line in logged))
    robot.wait_for("and on the console", lambda: "changed parameters" in program.log())


def test_levels_and_loggers_that_there_are_not_are_refused_by_name(robot: Robot) -> None:
    robot.run(wired(joints_policy(robot.folder / "policy")))
    refused, reason = set_level(robot, 25)
    assert not refused and "level 25 is unknown" in reason and "30 (warn)" in reason
    refused, reason = set_level(robot, LoggerLevel.LOG_LEVEL_WARN, "rcl")
    assert not refused and '"rcl"' in reason and '"late_fusion"' in reason
    assert level_of(robot, OURS) == LoggerLevel.LOG_LEVEL_INFO
    assert level_of(robot, "rcl") == LoggerLevel.LOG_LEVEL_UNKNOWN

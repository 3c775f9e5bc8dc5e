"""The page in a real browser, on a phone and at a desk."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest
from browser import DESK, PHONE, Browser, browser, opened
from builtin_interfaces.msg import Time
from page import ON, Page
from parameters import wired
from policies import STOP, Policy, colour, sentence, vector
from program import ROOT
from robot import Robot, joints
from sensor_msgs.msg import CompressedImage, JointState

TOKEN = "correct-horse-battery-staple"
SCENE = (ROOT / "tests" / "golden" / "scene_640x480.jpg").read_bytes()


def scene(now: Time) -> CompressedImage:
    """What the camera sees."""
    message = CompressedImage(format="jpeg", data=SCENE)
    message.header.stamp = now
    return message


def moving(now: Time) -> JointState:
    """Joints that never rest."""
    at = time.monotonic()
    return joints(0.8 * math.sin(at), 0.6 * math.cos(1.7 * at))(now)


def drive(robot: Robot, **more: object) -> Page:
    """A robot that sees, is told something and moves, with its page."""
    modalities = [
        colour("scene", robot.folder / "policy"),
        vector("joints", "left", "right"),
        sentence("instruction", robot.folder / "policy"),
    ]
    weight = [[1 / 128, 0.0, 0.0, 1.0, 0.0] + [0.2] * 8, [0.0, -1 / 256, 0.0, 0.5, 1.0] + [0.0] * 8]
    parameters = wired(Policy(robot.folder / "policy", modalities, weight), contributions_rate_hz=20.0, **(ON | more))
    parameters["modalities"]["scene"]["message"] = "sensor_msgs/msg/CompressedImage"
    robot.run(parameters)
    robot.keep_sending("camera/image_raw", scene)
    robot.keep_sending("joint_states", moving)
    robot.say("open the drawer")
    robot.wait_for_status("active")
    return Page(robot)


def kept(robot: Robot, name: str) -> Path:
    """Where a picture of the page goes: to LATE_FUSION_PICTURES, for whoever wants to look at it."""
    folder = Path(os.environ.get("LATE_FUSION_PICTURES", robot.folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


def fits(page: Browser) -> bool:
    """Whether nothing is wider than the window."""
    return page.run("return document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("name", "size", "dark"), [("phone", PHONE, True), ("desk", DESK, False)])
def test_a_person_instructs_and_stops_the_robot(robot: Robot, name: str, size: tuple[int, int], dark: bool) -> None:
    served = drive(robot)
    with browser(robot, size, dark) as page:
        opened(page, served)
        page.wait_for("that it acts", lambda: page.text("activity") == "ACTIVE")
        page.wait_for("a picture", lambda: page.run("return document.images[0]?.naturalWidth || 0") == 640)
        assert fits(page)
        page.type("sentence", "close the drawer")
        page.press("send")
        page.wait_for("the sentence in use", lambda: "close the drawer" in page.text("said"))
        assert robot.status_is(lambda status: status.value("instruction") == "close the drawer")
        robot.peer.spin(3.0)
        page.picture(kept(robot, f"{name}_active"))
        page.press("stop")
        robot.wait_for_action(STOP)
        page.wait_for("the stop", lambda: page.text("activity") == "STOPPED")
        page.wait_for("its reason", lambda: "disabled" in page.text("reason"))
        page.picture(kept(robot, f"{name}_stopped"))
        robot.peer.spin(0.3)
        assert robot.commands[-1].data.tolist() == STOP
        page.press("enable")
        robot.peer.spin(0.3)
        assert robot.commands[-1].data.tolist() == STOP, "one press is not enough"
        page.press("enable")
        page.wait_for("that it is to be told again", lambda: "before the robot was enabled" in page.text("reason"))
        page.type("sentence", "close the drawer")
        page.press("send")
        page.wait_for("that it acts again", lambda: page.text("activity") == "ACTIVE")
        assert page.complaints() == []


def test_a_phone_sees_the_stop_wherever_it_has_scrolled_to(robot: Robot) -> None:
    served = drive(robot)
    with browser(robot, PHONE) as page:
        opened(page, served)
        bottom = page.run("window.scrollTo(0, document.body.scrollHeight); return window.scrollY")
        assert bottom > 100
        robot.peer.spin(0.3)
        page.picture(kept(robot, "phone_bottom"))
        page.press("stop")
        robot.wait_for_action(STOP)


def test_the_token_is_asked_for_once_and_never_sent_in_an_address(robot: Robot) -> None:
    served = drive(robot, dashboard=ON["dashboard"] | {"token": TOKEN})
    with browser(robot, PHONE) as page:
        page.open(served.url)
        page.wait_for("the question", lambda: page.run("return document.getElementById('ask').open"))
        page.type("token", TOKEN + "\n")
        page.wait_for("that it acts", lambda: page.text("activity") == "ACTIVE")
    with browser(robot, PHONE) as page:
        opened(page, served, f"#token={TOKEN}")
        assert page.run("return location.href") == served.url
        page.press("stop")
        robot.wait_for_action(STOP)


def test_a_node_that_has_gone_is_said_to_be_gone(robot: Robot) -> None:
    served = drive(robot)
    with browser(robot, PHONE) as page:
        opened(page, served)
        assert not page.text("lost")
        robot.program.kill()
        end = time.monotonic() + 20.0
        while not page.gone():
            assert time.monotonic() < end
            time.sleep(0.2)

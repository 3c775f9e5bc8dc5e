"""The page: what it tells, what it does, and whom it refuses."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from manager import Manager
from page import ON, OURS, Page, modality
from parameters import wired
from pictures import encoded
from PIL import Image as Picture
from policies import STOP, Policy, colour, constant_policy, sentence, vector
from program import refused
from robot import Robot, joints, numbers, picture
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String
from swap import FIRST, SECOND, first, second

TOKEN = "correct-horse-battery-staple"


def policy(folder: Path) -> Policy:
    """drive = left + red / 128, turn = right; the instruction counts for nothing."""
    weight = [[1 / 128, 0.0, 0.0, 1.0, 0.0] + [0.0] * 8, [0.0, 0.0, 0.0, 0.0, 1.0] + [0.0] * 8]
    modalities = [colour("scene", folder), vector("joints", "left", "right"), sentence("instruction", folder)]
    return Policy(folder, modalities, weight)


def drive(robot: Robot, **more: object) -> Page:
    """A robot that sees, is told something and acts, with its page."""
    robot.run(wired(policy(robot.folder / "policy"), contributions_rate_hz=20.0, **(ON | more)))
    robot.keep_sending("joint_states", joints(0.5, 0.25))
    robot.keep_sending("camera/image_raw", picture(128, 0, 0))
    robot.say("open the drawer")
    robot.wait_for_action([1.5, 0.25], tolerance=0.05)
    return Page(robot)


def test_it_tells_what_the_node_sees_is_told_and_does(robot: Robot) -> None:
    page = drive(robot)
    states = page.states()
    robot.wait_for("shares", lambda: bool(states.heard) and modality(states.newest(), "scene")["share"] is not None)
    state = states.newest()
    assert (state["activity"], state["policy"], state["instruction"]) == ("active", "policy", "open the drawer")
    assert state["folder"] == str(robot.folder / "policy") and state["is_permitted"]
    assert [m["name"] for m in state["modalities"]] == ["scene", "joints", "instruction"]
    assert state["cameras"] == ["scene"]
    assert {m["health"] for m in state["modalities"]} == {"ok"}
    assert 0 < modality(state, "joints")["age_s"] < 0.5
    # Of drive 1.0 comes from the scene and 0.5 from the joints; turn is all the joints'.
    assert modality(state, "scene")["share"] == pytest.approx(1 / 3, abs=0.02)
    assert modality(state, "joints")["share"] == pytest.approx(2 / 3, abs=0.02)
    assert modality(state, "scene")["contributions"] == pytest.approx([1.0, 0.0], abs=0.02)
    drive_, turn = state["actions"]
    assert (drive_["name"], drive_["unit"], drive_["min"], drive_["max"]) == ("drive", "m/s", -4.0, 4.0)
    assert [drive_["value"], turn["value"]] == pytest.approx([1.5, 0.25], abs=0.05)
    robot.silence("camera/image_raw")
    robot.wait_for("the reason", lambda: "scene: " in states.newest()["reason"])
    assert states.newest()["activity"] == "stopped"
    states.close()


def test_pictures_are_those_of_the_camera_and_a_jpeg_stays_what_it_is(robot: Robot) -> None:
    parameters = wired(policy(robot.folder / "policy"), **ON)
    parameters["modalities"]["scene"] |= {"message": "sensor_msgs/msg/CompressedImage"}
    parameters["modalities"]["wrist"] = {"topic": "wrist", "message": "sensor_msgs/msg/Image", "required": False}
    robot.run(parameters)
    page = Page(robot)
    robot.wait_for("no picture", lambda: page.ask("/api/cameras/scene").status == 204)
    jpeg = encoded("jpeg", (10, 200, 30))

    def compressed(now: object) -> CompressedImage:
        message = CompressedImage(format="jpeg", data=jpeg)
        message.header.stamp = now
        return message

    robot.keep_sending("camera/image_raw", compressed)
    robot.wait_for("a picture", lambda: page.ask("/api/cameras/scene").status == 200)
    answer = page.ask("/api/cameras/scene")
    assert answer.headers["Content-Type"] == "image/jpeg" and answer.body == jpeg
    robot.silence("camera/image_raw")
    robot.peer.spin(0.3)
    tag = page.ask("/api/cameras/scene").headers["ETag"]
    assert page.ask("/api/cameras/scene", headers=OURS | {"If-None-Match": tag}).status == 304
    robot.send("camera/image_raw", CompressedImage(format="jpeg", data=b"no picture"))
    robot.wait_for("what is wrong", lambda: page.ask("/api/cameras/scene").status == 422)
    assert "jpeg or a png" in page.ask("/api/cameras/scene").json()["message"]
    for other in ("wrist", "joints", "nothing", "..%2F.."):
        assert page.ask(f"/api/cameras/{other}").status == 404


def test_a_raw_picture_becomes_a_jpeg(robot: Robot) -> None:
    page = drive(robot)
    answer = page.ask("/api/cameras/scene")
    shown = Picture.open(io.BytesIO(answer.body)).convert("RGB")
    assert shown.size == (480, 360)
    assert shown.getpixel((240, 180)) == pytest.approx((128, 0, 0), abs=6)


def test_what_is_typed_arrives_on_the_topic(robot: Robot) -> None:
    page = drive(robot)
    heard: list[str] = []
    robot.peer.node.create_subscription(String, "instruction", lambda message: heard.append(message.data), 10)
    robot.wait_for("the publishers", lambda: robot.peer.node.count_publishers("instruction") == 2)
    said = "schließe die Schublade 引き出し"
    body = {"modality": "instruction", "sentence": said}
    assert page.ask("/api/instruction", body).status == 200
    robot.wait_for("the sentence", lambda: said in heard)
    robot.wait_for("it in use", lambda: robot.status_is(lambda status: status.value("instruction") == said))
    answer = page.ask("/api/instruction", {"modality": "scene", "sentence": "open"})
    assert answer.status == 409 and "scene" in answer.json()["message"]
    answer = page.ask("/api/instruction", {"modality": "instruction", "sentence": "x" * 1001})
    assert answer.status == 413 and "1000" in answer.json()["message"]


def test_stop_stops_the_robot_and_enable_lets_it_go_on(robot: Robot) -> None:
    page = drive(robot)
    answer = page.ask("/api/enable", {"enabled": False})
    assert answer.status == 200 and "stopped" in answer.json()["message"]
    robot.wait_for_action(STOP)
    status = robot.wait_for_status("disabled")
    assert status.says() in robot.program.log()
    states = page.states()
    robot.wait_for("the reason", lambda: "disabled" in states.newest().get("reason", ""))
    assert (states.newest()["activity"], states.newest()["is_permitted"]) == ("stopped", False)
    robot.peer.spin(0.5)
    assert numbers(robot.commands[-1]) == STOP
    assert page.ask("/api/enable", {"enabled": True}).status == 200
    robot.wait_for("what it waits for", lambda: "before the robot was enabled" in states.newest().get("reason", ""))
    assert numbers(robot.commands[-1]) == STOP
    assert page.ask("/api/instruction", {"modality": "instruction", "sentence": "open the drawer"}).status == 200
    robot.wait_for_action([1.5, 0.25], tolerance=0.05)
    states.close()


def test_another_policy_takes_over_from_beside_the_active_one(robot: Robot) -> None:
    parameters = first(robot, "std_msgs/msg/Float64MultiArray", **ON)
    second(robot)
    other = constant_policy(robot.folder / "other", SECOND)
    other.actions[0]["unit"] = "km/h"
    other.write()
    robot.run(parameters)
    robot.keep_sending("joint_states", joints(0.0, 0.0))
    robot.wait_for_action(FIRST)
    page = Page(robot)
    assert page.ask("/api/policies").json()["names"] == ["first", "other", "second"]
    answer = robot.meanwhile(lambda: page.ask("/api/policy", {"name": "second"}))
    assert answer.status == 200 and "took over" in answer.json()["message"]
    robot.wait_for_action(SECOND)
    answer = robot.meanwhile(lambda: page.ask("/api/policy", {"name": "other"}))
    assert answer.status == 409 and "km/h" in answer.json()["message"]
    for outside in ("nothing", "..", "../second", str(robot.folder / "second"), ""):
        assert page.ask("/api/policy", {"name": outside}).status == 404
    robot.peer.spin(0.3)
    assert numbers(robot.commands[-1]) == SECOND


def test_other_pages_and_other_names_of_this_machine_are_refused(robot: Robot) -> None:
    page = drive(robot)
    stop = {"enabled": False}
    for headers in [
        {},
        OURS | {"Host": "evil.example"},
        OURS | {"Host": f"evil.example:{page.port}"},
        OURS | {"Origin": "http://evil.example"},
        OURS | {"Origin": "null"},
        OURS | {"Origin": f"http://127.0.0.1:{page.port + 1}"},
        OURS | {"Sec-Fetch-Site": "cross-site"},
    ]:
        answer = page.ask("/api/enable", stop, headers)
        assert answer.status == 403, headers
        assert "Access-Control-Allow-Origin" not in answer.headers
    for path in ("/", "/api/policies", "/api/cameras/scene", "/api/states"):
        assert page.ask(path, headers={"Host": "evil.example"}).status == 403
    for method in ("OPTIONS", "PUT", "DELETE"):
        assert page.ask("/api/enable", stop, OURS | {"Origin": "http://evil.example"}, method).status in (403, 405)
    robot.peer.spin(0.3)
    assert numbers(robot.commands[-1]) != STOP
    assert page.ask("/api/enable", stop, OURS | {"Origin": f"http://127.0.0.1:{page.port}"}).status == 200


def test_what_is_too_large_or_no_request_is_refused(robot: Robot) -> None:
    page = drive(robot)
    assert page.ask("/api/instruction", b'{"modality": "' + b"x" * 100_000 + b'"}').status == 413
    for body in (b"", b"{", b"[]", b'{"enabled": 1}', b'{"enabled": false, "more": 1}', b"\xff\xfe"):
        assert page.ask("/api/enable", body).status in (400, 422), body
    plain = OURS | {"Content-Type": "text/plain"}
    assert page.ask("/api/enable", b'{"enabled": false}', plain).status == 415
    assert page.ask("/api/nothing").status == 404
    with socket.create_connection((page.host, page.port)) as stranger:
        stranger.sendall(b"\x16\x03\x01" + bytes(range(256)))
        stranger.recv(100)
    robot.peer.spin(0.3)
    assert numbers(robot.commands[-1]) != STOP


def test_too_many_who_look_are_told_so(robot: Robot) -> None:
    page = drive(robot)
    states = [page.states() for _ in range(16)]
    assert page.ask("/api/states").status == 503
    robot.wait_for("states for all", lambda: all(each.heard for each in states))
    for each in states:
        each.close()
    robot.wait_for("room", lambda: room(page))


def room(page: Page) -> bool:
    """Whether one more may look."""
    try:
        page.states().close()
    except AssertionError:
        return False
    return True


def test_with_a_token_everything_but_the_page_needs_it(robot: Robot) -> None:
    page = drive(robot, dashboard=ON["dashboard"] | {"address": "0.0.0.0", "token": TOKEN})
    page.host = "127.0.0.1"
    knows = OURS | {"Authorization": f"Bearer {TOKEN}"}
    assert page.ask("/").status == 200
    for wrong in (OURS, OURS | {"Authorization": "Bearer no"}, OURS | {"Authorization": TOKEN}):
        assert page.ask("/api/enable", {"enabled": False}, wrong).status == 401
        assert page.ask("/api/cameras/scene", headers=wrong).status == 401
        assert page.ask("/api/states", headers=wrong).status == 401
    assert page.ask("/api/cameras/scene", headers=knows).status == 200
    assert TOKEN not in robot.program.log()
    assert page.ask("/api/enable", {"enabled": False}, knows).status == 200
    robot.wait_for_action(STOP)


def test_the_network_is_refused_without_a_token(robot: Robot) -> None:
    dashboard = {"enabled": True, "address": "0.0.0.0"}
    parameters = wired(policy(robot.folder / "policy"), dashboard=dashboard)
    log = refused(robot.begin(parameters))
    assert "dashboard.address is 0.0.0.0" in log and "dashboard.token is empty" in log


def test_a_port_that_is_taken_is_named(robot: Robot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        parameters = wired(policy(robot.folder / "policy"), dashboard={"enabled": True, "port": port})
        log = refused(robot.begin(parameters))
    assert f"cannot listen on 127.0.0.1:{port}" in log and "dashboard.port" in log


def test_nothing_listens_unless_it_is_asked_for(robot: Robot) -> None:
    robot.run(wired(policy(robot.folder / "policy")))
    robot.wait_for_status("waiting")
    assert "dashboard" not in robot.program.threads()
    assert "dashboard" not in robot.program.log()


def test_a_node_that_does_not_drive_says_so_and_ends_in_good_order_with_pages_open(manager: Manager) -> None:
    robot = manager.robot
    manager.run(wired(policy(robot.folder / "policy"), **ON))
    states = Page(robot).states()
    robot.wait_for("a state", lambda: bool(states.heard))
    state = states.newest()
    assert (state["activity"], state["modalities"], state["policy"]) == ("inactive", [], "")
    assert robot.program.stop() == 0

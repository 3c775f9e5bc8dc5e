#!/usr/bin/env python3
"""The node that one would write in Python instead of `late_fusion_node`: rclpy, onnxruntime, NumPy, Pillow, OpenCV.

    . scripts/env.bash
    python3 benches/peer_rclpy.py --ros-args -p policy:=models/policies/tabletop -p control_rate_hz:=100.0

What `scripts/bench` compares the node with. It drives a policy of camera, instruction and joints that are concatenated,
as the shipped one: each encoder runs in a thread of its own on the newest message with one ONNX Runtime thread, a timer
at the control rate fuses the newest features and publishes, and a stale or missing input stops the robot. What depends
on one feature alone is computed once per feature. Nothing here shares code with the node.
"""

from __future__ import annotations

import os

# The control loop's matrices are small: threads of BLAS would cost more than they gain.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import rclpy
import yaml
from PIL import Image as PillowImage
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.time import Time
from safetensors.numpy import load_file
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from tokenizers import Tokenizer
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

Weights = dict[str, np.ndarray]
OPENCV_RESIZES = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}
RESIZES = ("antialiased", *OPENCV_RESIZES)
"""How pictures become as small as the encoder's: as the policy was trained, which Pillow does, or as OpenCV can. What
OpenCV calls linear skips most pixels of a large picture.
"""

MAX_AGE_S = 0.5
JOINTS_KEPT = 100
"""A second of them, for how far they have moved since the picture."""

ENCODINGS = {"rgb8": False, "bgr8": True}
"""What cameras are understood, and whether red and blue are swapped."""


def session_of(model: Path) -> onnxruntime.InferenceSession:
    """A model on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class PictureEncoder:
    """From a picture to its standardized feature."""

    def __init__(self, folder: Path, modality: dict[str, Any], weights: Weights, resize: str) -> None:
        encoder = modality["encoder"]
        wanted = encoder["input"]
        self._session = session_of(folder / encoder["model"])
        self._input, self._output = wanted["name"], encoder["output"]
        self._size = (wanted["width"], wanted["height"])
        self._resize = resize
        self._scale = wanted["rescale"] / wanted["std"][0]
        self._mean = tuple(mean / wanted["rescale"] for mean in wanted["mean"])
        side = next(port.shape[-1] for port in self._session.get_outputs() if port.name == self._output)
        self._cells = cell_means(side, encoder["cells"])
        self._standard_mean = weights[f"standardize.{modality['name']}.mean"]
        self._standard_std = weights[f"standardize.{modality['name']}.std"]

    def prepare(self, picture: np.ndarray, swaps: bool) -> np.ndarray:
        """The encoder's input, from rows of pixels."""
        if picture.shape[1::-1] == self._size:
            fitted = picture
        elif self._resize == "antialiased":
            fitted = np.asarray(PillowImage.fromarray(picture).resize(self._size, PillowImage.Resampling.BILINEAR))
        else:
            fitted = cv2.resize(picture, self._size, interpolation=OPENCV_RESIZES[self._resize])
        return cv2.dnn.blobFromImage(fitted, self._scale, mean=self._mean, swapRB=swaps)

    def run(self, tensor: np.ndarray) -> np.ndarray:
        """The model alone."""
        return self._session.run([self._output], {self._input: tensor})[0]

    def encode(self, picture: np.ndarray, swaps: bool = False) -> np.ndarray:
        """The feature, standardized."""
        feature = (self._cells @ self.run(self.prepare(picture, swaps))[0] @ self._cells.T).reshape(-1)
        return (feature - self._standard_mean) / self._standard_std


def cell_means(side: int, cells: int) -> np.ndarray:
    """The matrix that takes the means over the cells of one side of a map."""
    means = np.zeros((cells, side), np.float32)
    for cell in range(cells):
        first, after = cell * side // cells, -(-(cell + 1) * side // cells)
        means[cell, first:after] = 1 / (after - first)
    return means


class SentenceEncoder:
    """From a sentence to its projected feature."""

    def __init__(self, folder: Path, modality: dict[str, Any], weights: Weights) -> None:
        encoder, name = modality["encoder"], modality["name"]
        self._session = session_of(folder / encoder["model"])
        self._inputs = {port.name for port in self._session.get_inputs()}
        self._output = encoder["output"]
        self._tokenizer = Tokenizer.from_file(str(folder / encoder["tokenizer"]))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._max_tokens = encoder["max_tokens"]
        self._mean, self._std = weights[f"standardize.{name}.mean"], weights[f"standardize.{name}.std"]
        hidden = [f"projection.{name}.hidden.{i}" for i in range(len(modality["projection_hidden"]))]
        self._hidden = [(weights[f"{layer}.weight"], weights[f"{layer}.bias"]) for layer in hidden]
        self._last = weights[f"projection.{name}.weight"], weights[f"projection.{name}.bias"]

    def encode(self, sentence: str) -> np.ndarray:
        """The feature, projected."""
        tokens = self._tokenizer.encode(sentence)
        if len(tokens.ids) > self._max_tokens:
            raise ValueError(f"the sentence has {len(tokens.ids)} tokens; at most {self._max_tokens} are allowed")
        rows = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
        inputs = {name: np.array([row], np.int64) for name, row in rows.items() if name in self._inputs}
        feature = self._session.run([self._output], inputs)[0][0].mean(axis=0)
        feature = (feature / np.linalg.norm(feature) - self._mean) / self._std
        for weight, bias in self._hidden:
            feature = np.maximum(weight @ feature + bias, 0)
        weight, bias = self._last
        return np.tanh(weight @ feature + bias)


class Policy:
    """The folder that `late_fusion train` writes, as far as the shipped policy uses what it can say."""

    def __init__(self, folder: Path, resize: str = "antialiased") -> None:
        spec = yaml.safe_load((folder / "policy.yaml").read_text())
        if spec["fusion"]["method"] != "concat" or [each["kind"] for each in spec["modalities"]] != [
            "image",
            "text",
            "vector",
        ]:
            raise ValueError(f"{folder} is not a policy that concatenates an image, a text and a vector")
        if resize not in RESIZES:
            raise ValueError(f"resize is '{resize}'; allowed: {', '.join(RESIZES)}")
        weights = load_file(folder / "weights.safetensors")
        camera, instruction, joints = spec["modalities"]
        self.pictures = PictureEncoder(folder, camera, weights, resize)
        self.sentences = SentenceEncoder(folder, instruction, weights)
        self.joints: list[str] = joints["names"]
        self._moves = joints.get("moved_since") == camera["name"]
        self.actions: list[str] = [action["name"] for action in spec["actions"]]
        self.stop = np.array([action["stop"] for action in spec["actions"]])
        self._lowest = np.array([action["min"] for action in spec["actions"]])
        self._highest = np.array([action["max"] for action in spec["actions"]])
        name = joints["name"]
        self._joints_mean, self._joints_std = weights[f"standardize.{name}.mean"], weights[f"standardize.{name}.std"]
        self._layers = [
            (weights[f"head.{i}.weight"], weights[f"head.{i}.bias"]) for i in range(len(spec["head"]["hidden"]) + 1)
        ]
        self._action_mean, self._action_std = weights["action.mean"], weights["action.std"]

    def act(
        self, picture: np.ndarray, sentence: np.ndarray, joints: np.ndarray, then: np.ndarray | None = None
    ) -> np.ndarray:
        """The action inside its limits, from two features and the joints, now and at the picture's stamp."""
        if self._moves:
            joints = np.concatenate([joints, joints - (joints if then is None else then)])
        fused = np.concatenate([picture, sentence, (joints - self._joints_mean) / self._joints_std], dtype=np.float32)
        for weight, bias in self._layers[:-1]:
            fused = np.maximum(weight @ fused + bias, 0)
        weight, bias = self._layers[-1]
        action = (weight @ fused + bias) * self._action_std + self._action_mean
        return np.clip(action, self._lowest, self._highest).astype(np.float64)


class Worker:
    """A thread that works on the newest of what it is given, and keeps the newest result."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._newest: Any = None
        self._is_over = False
        self._came = threading.Condition()
        self.result: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def give(self, item: Any) -> None:
        """Takes the place of what has not been begun."""
        with self._came:
            self._newest = item
            self._came.notify()

    def close(self) -> None:
        """Waits for what has been begun."""
        with self._came:
            self._is_over = True
            self._came.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._newest is not None or self._is_over)
                if self._is_over:
                    return
                item, self._newest = self._newest, None
            self.result = self._work(item)


class PeerNode(Node):
    """The topics, and the timer that commands."""

    def __init__(self) -> None:
        super().__init__("peer")
        folder = Path(self.declare_parameter("policy", "models/policies/tabletop").value)
        rate_hz = self.declare_parameter("control_rate_hz", 40.0).value
        self._policy = Policy(folder, self.declare_parameter("resize", "antialiased").value)
        self._max_age = Duration(seconds=MAX_AGE_S)
        self._period = Duration(seconds=1 / rate_hz).to_msg()
        self._joints: deque[tuple[Time, np.ndarray]] = deque(maxlen=JOINTS_KEPT)
        self._has_acted = False
        self._camera = Worker(self._see)
        self._operator = Worker(self._understand)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        newest = QoSProfile(depth=1, reliability=qos_profile_sensor_data.reliability)
        self.create_subscription(Image, "camera/image_raw", self._camera.give, newest)
        self.create_subscription(String, "instruction", self._operator.give, latched)
        self.create_subscription(JointState, "joint_states", self._feel, newest)
        self._commands = self.create_publisher(JointTrajectory, "action", 10)
        self.create_timer(1 / rate_hz, self._command)

    def close(self) -> None:
        """Ends its threads."""
        self._camera.close()
        self._operator.close()

    def _see(self, message: Image) -> tuple[Time, np.ndarray] | None:
        swaps = ENCODINGS.get(message.encoding)
        if swaps is None or len(message.data) != message.step * message.height or message.step < 3 * message.width:
            self.get_logger().error(f"a picture of {message.width} × {message.height} {message.encoding} is unusable")
            return None
        rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
        picture = rows[:, : 3 * message.width].reshape(message.height, message.width, 3)
        return Time.from_msg(message.header.stamp), self._policy.pictures.encode(picture, swaps)

    def _understand(self, message: String) -> np.ndarray | None:
        if not message.data.strip():
            return None
        try:
            return self._policy.sentences.encode(message.data)
        except ValueError as error:
            self.get_logger().error(str(error))
            return None

    def _feel(self, message: JointState) -> None:
        positions = dict(zip(message.name, message.position))
        try:
            values = np.array([positions[name] for name in self._policy.joints], np.float32)
        except KeyError as error:
            self.get_logger().error(f"the joint states lack {error}", throttle_duration_sec=1.0)
            return
        if np.isfinite(values).all():
            self._joints.append((Time.from_msg(message.header.stamp), values))

    def _command(self) -> None:
        now = self.get_clock().now()
        picture, sentence = self._camera.result, self._operator.result
        action = self._policy.stop
        if picture is None or sentence is None or not self._joints:
            why = "something required has not come"
        elif now - picture[0] > self._max_age or now - self._joints[-1][0] > self._max_age:
            why = "a camera or joints are too old"
        else:
            known = (values for stamp, values in reversed(self._joints) if stamp <= picture[0])
            then = next(known, self._joints[0][1])
            action, why = self._policy.act(picture[1], sentence, self._joints[-1][1], then), ""
            if not np.isfinite(action).all():
                action, why = self._policy.stop, "the action is not finite"
        if why:
            self.get_logger().warning(f"stopped: {why}", throttle_duration_sec=1.0)
        self._has_acted |= not why
        if self._has_acted:
            point = JointTrajectoryPoint(velocities=action.tolist(), time_from_start=self._period)
            message = JointTrajectory(joint_names=self._policy.actions, points=[point])
            message.header.stamp = now.to_msg()
            self._commands.publish(message)


def main() -> None:
    """Drives until it is interrupted."""
    cv2.setNumThreads(1)
    rclpy.init()
    node = PeerNode()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()


if __name__ == "__main__":
    main()

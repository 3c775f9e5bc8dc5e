"""The picture's encoder alone: what no node can do without."""

from __future__ import annotations

import time

import numpy as np
from peer_rclpy import Policy

from bench.parameters import POLICY


class BareEncoder:
    """Runs of the model in ONNX Runtime on one thread, at the camera's rate."""

    def __init__(self, picture: np.ndarray) -> None:
        self._encoder = Policy(POLICY).pictures
        self._tensor = self._encoder.prepare(picture, swaps=False)

    def processor_ms(self, seconds: float, rate_hz: float) -> list[float]:
        """The processor time of each run: in a beat, for caches are colder then than one run after the other."""
        runs = []
        begin = time.monotonic()
        for beat in range(1, max(2, round(seconds * rate_hz)) + 1):
            before = time.thread_time()
            self._encoder.run(self._tensor)
            runs.append((time.thread_time() - before) * 1e3)
            time.sleep(max(begin + beat / rate_hz - time.monotonic(), 0.0))
        # The first run makes room for what the others use.
        return runs[1:]

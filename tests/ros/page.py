"""The page of a running node, asked as a browser would, by a library that knows nothing of ours."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robot import Robot

ON = {"dashboard": {"enabled": True, "port": 0}}
"""Parameters with a page, on a port that is free."""

OURS = {"X-Late-Fusion": "1"}
"""What our page sends with every request."""

ASK_S = 20.0
"""How long an answer may take."""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Page:
    """The page of a robot's node."""

    def __init__(self, robot: Robot) -> None:
        found: list[re.Match[str]] = []

        def is_served() -> bool:
            found.extend(re.finditer(r"the dashboard is on http://(\S+):(\d+)", robot.program.log()))
            return bool(found)

        robot.wait_for("the address of the page", is_served)
        self.host, self.port = found[0][1], int(found[0][2])
        self.url = f"http://{self.host}:{self.port}/"

    def ask(self, path: str, body: Any = None, headers: Mapping[str, str] = OURS, method: str | None = None) -> Answer:
        """The answer to a request; with a body it is a POST."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ASK_S)
        content = {} if body is None else {"Content-Type": "application/json"}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, sent, content | dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def states(self, headers: Mapping[str, str] = OURS) -> States:
        """The states from here on."""
        return States(self, headers)


class States:
    """The states of a node, listened to until it is closed."""

    def __init__(self, page: Page, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(page.host, page.port, timeout=ASK_S)
        self._connection.request("GET", "/api/states", headers=dict(headers))
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.read()
        assert self._response.headers["Content-Type"] == "text/event-stream"
        self.heard: list[dict] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for line in self._response:
                if line.startswith(b"data:"):
                    self.heard.append(json.loads(line[5:]))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # Closed, by the node or by the test.

    def newest(self) -> dict:
        """The last state that was heard."""
        return self.heard[-1] if self.heard else {}

    def close(self) -> None:
        """Stops listening."""
        if self._connection.sock:
            self._connection.sock.close()
        self._response.close()


def modality(state: dict, name: str) -> dict:
    """What a state says of a modality."""
    [found] = [modality for modality in state["modalities"] if modality["name"] == name]
    return found

"""A real browser without a screen, of the size of a phone or of a desk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from page import Page
from robot import Robot
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

PHONE, DESK = (390, 844), (1280, 900)

SHOWN_S = 30.0
"""How long what changes may take to be seen; a browser starts slowly on a busy machine."""


class Browser:
    """A page that is open. The graph is served while the browser works, for a robot has no time to wait for it."""

    def __init__(self, driver: webdriver.Chrome, robot: Robot) -> None:
        self._driver, self._robot = driver, robot

    def open(self, url: str) -> None:
        """Opens a page."""
        self._do(lambda: self._driver.get(url))

    def run(self, script: str) -> Any:
        """What a script returns that is run in the page."""
        return self._do(lambda: self._driver.execute_script(script))

    def text(self, id_: str) -> str:
        """What an element shows."""
        return self._do(lambda: self._find(id_).text)

    def press(self, id_: str) -> None:
        """A press on an element, as a finger does it: nothing may lie over it."""
        self._do(lambda: self._find(id_).click())

    def type(self, id_: str, text: str) -> None:
        """Types into an element."""
        self._do(lambda: self._find(id_).send_keys(text))

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits until something is shown."""
        self._robot.wait_for(what, condition, SHOWN_S)

    def picture(self, path: Path) -> Path:
        """A picture of what is shown."""
        self._do(lambda: self._driver.save_screenshot(str(path)))
        return path

    def gone(self) -> bool:
        """Whether it says that the node has gone; without serving a graph in which there is none any more."""
        said = [self._find(id_).text for id_ in ("lost", "activity")]
        return "No word from the node" in said[0] and said[1] == "NO CONNECTION"

    def complaints(self) -> list[str]:
        """What the browser had to say of the page, such as that its policy forbids something."""
        entries = self._do(lambda: self._driver.get_log("browser"))
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def _find(self, id_: str) -> WebElement:
        return self._driver.find_element(By.ID, id_)

    def _do(self, work: Callable[[], Any]) -> Any:
        return self._robot.meanwhile(work)


@contextmanager
def browser(robot: Robot, size: tuple[int, int], dark: bool = True) -> Iterator[Browser]:
    """A browser with a window of this size. Without one on this machine the test is skipped."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        pytest.skip("there is no chromium with its chromedriver here; scripts/setup --tests installs them")
    options = Options()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = robot.meanwhile(lambda: webdriver.Chrome(options, Service(driver)))
    try:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        started.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        started.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield Browser(started, robot)
    finally:
        started.quit()


def opened(browser: Browser, page: Page, fragment: str = "") -> None:
    """Opens a node's page, and waits until it shows what the node does."""
    browser.open(page.url + fragment)
    browser.wait_for("the state", lambda: browser.text("activity") in ("ACTIVE", "WAITING", "STOPPED", "INACTIVE"))

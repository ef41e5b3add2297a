"""A browser tab that remembers what its page asked for and complained about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Frame, Page

PATIENCE: Final = 120_000.0  # milliseconds: what takes a second here may take a minute on a busy machine
PAPER: Final = {"width": 718, "height": 1_000}
"""A sheet of A4 within Chromium's margins, pixels."""
_HERE: Final = "127.0.0.1"
_DARK: Final = 130  # of 255
_NO_NETWORK: Final = frozenset({"about", "blob", "data", "file"})


@dataclass
class Tab:
    """One page with its record.

    Attributes
    ----------
    page
        Playwright's page; it waits for up to two minutes.
    requests
        Every address that the page, its frames and its workers asked for, in order.
    errors
        Errors on the console, and exceptions that no script caught: text and where it came from.
    dialogs
        What ``alert``, ``confirm`` and ``prompt`` showed.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        context = self.page.context
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        self.page.on("dialog", self._dismiss)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self.errors.append(f"{message.text} [{urlsplit(place).path or place}]")

    def _dismiss(self, dialog: object) -> None:
        self.dialogs.append(str(dialog.message))  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    @property
    def strangers(self) -> list[str]:
        """Return the requests that went, or tried to go, anywhere but to this machine."""
        return [
            address
            for address in self.requests
            if urlsplit(address).scheme not in _NO_NETWORK and urlsplit(address).hostname != _HERE
        ]


def opened_artifact(tab: Tab, run_address: str, path: str) -> Frame:
    """Open an artifact in MLflow's viewer and return the frame that shows it.

    Parameters
    ----------
    tab
        Where.
    run_address
        ``http://.../#/experiments/<id>/runs/<id>``.
    path
        Of the artifact.
    """
    tab.page.goto(f"{run_address}/artifacts/{path}?workflowType=machine_learning")
    element = tab.page.wait_for_selector("iframe")
    frame = element.content_frame() if element else None
    assert frame is not None
    frame.wait_for_selector("p")
    return frame


def accessibility_violations(where: Page | Frame) -> list[str]:
    """Return what axe-core finds wrong with a page or a frame, one line for each element."""
    found = Axe().run(where).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def is_dark_on_white(page: Page) -> bool:
    """Return whether the text of a page is dark, and nothing is painted behind it."""
    style = "element => [getComputedStyle(element).color, getComputedStyle(document.body).backgroundColor]"
    ink, paper = page.locator("h2").first.evaluate(style)
    bright = [int(part) for part in re.findall(r"\d+", ink)[:3]]
    return max(bright) < _DARK and paper in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")

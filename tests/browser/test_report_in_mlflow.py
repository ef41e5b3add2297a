"""The report inside MLflow's own artifact viewer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tabs import Tab, accessibility_violations

if TYPE_CHECKING:
    from conftest import Shelf
    from playwright.sync_api import Frame

pytestmark = pytest.mark.server


def _open(tab: Tab, shelf: Shelf, run_id: str, path: str = "bce_monitor/report.html") -> Frame:
    """Open an artifact in MLflow's viewer and return the frame that shows it."""
    route = f"/#/experiments/{shelf.experiment_id}/runs/{run_id}/artifacts/{path}"
    tab.page.goto(f"{shelf.uri}{route}?workflowType=machine_learning")
    element = tab.page.wait_for_selector("iframe")
    frame = element.content_frame() if element else None
    assert frame is not None
    frame.wait_for_selector("p")
    return frame


def test_the_report_opens_without_console_errors(open_tab: Callable[..., Tab], shelf: Shelf) -> None:
    """The console holds no error that MLflow does not also raise around a page with nothing of ours."""
    without, ours = open_tab(), open_tab()
    _open(without, shelf, shelf.control, "page.html")
    frame = _open(ours, shelf, shelf.stalled)
    assert frame.locator("h1").inner_text() == "Stalled at chance"
    assert ours.requests
    assert set(ours.errors) <= set(without.errors)


def test_the_frame_is_sandboxed(tab: Tab, shelf: Shelf) -> None:
    """The viewer gives the page scripts and nothing else: what works here works without an origin."""
    frame = _open(tab, shelf, shelf.stalled)
    assert frame.frame_element().get_attribute("sandbox") == "allow-scripts"
    assert frame.evaluate("window.origin") == "null"


def test_a_hostile_run_name_is_only_a_name(tab: Tab, shelf: Shelf) -> None:
    """A run that is named like an attack is shown by that name; no picture, no dialog comes of it."""
    frame = _open(tab, shelf, shelf.hostile)
    assert frame.locator(".run").inner_text() == "<img src=x onerror=alert(1)>"
    assert frame.locator("img").count() == 0


def test_hover_shows_the_values(tab: Tab, shelf: Shelf) -> None:
    """Pointing at the curve tells step, loss and skill of the nearest point."""
    frame = _open(tab, shelf, shelf.stalled)
    frame.locator(".scrub").hover()
    assert re.search(r"(epoch|step) \d+ .*loss 0\.69\d .*skill", frame.locator("#readout").inner_text())


def test_axe_finds_nothing_in_the_report(tab: Tab, shelf: Shelf) -> None:
    """axe-core reports no violation inside the viewer's frame."""
    assert accessibility_violations(_open(tab, shelf, shelf.stalled)) == []

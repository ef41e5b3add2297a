"""The report inside MLflow's own artifact viewer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mlflow import MlflowClient
from tabs import PAPER, Tab, accessibility_violations, is_dark_on_white, opened_artifact

if TYPE_CHECKING:
    from conftest import Shelf
    from playwright.sync_api import Frame

pytestmark = pytest.mark.server


def _open(tab: Tab, shelf: Shelf, run_id: str, path: str = "bce_monitor/report.html") -> Frame:
    """Open an artifact in MLflow's viewer and return the frame that shows it."""
    return opened_artifact(tab, f"{shelf.uri}/#/experiments/{shelf.experiment_id}/runs/{run_id}", path)


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


def test_hover_and_keys_show_the_values(tab: Tab, shelf: Shelf) -> None:
    """Pointing at the curve, or moving along it with the keys, tells step, loss and skill of a point."""
    frame = _open(tab, shelf, shelf.stalled)
    scrub, readout = frame.locator(".scrub"), frame.locator("#readout")
    values = re.compile(r"(epoch|step) (\d+) .*loss 0\.69\d .*skill")
    scrub.hover()
    pointed = values.search(readout.inner_text())
    assert pointed
    assert 15 < int(pointed[2]) < 25
    scrub.press("Home")
    assert values.search(scrub.get_attribute("aria-valuetext") or "")[2] == "0"  # type: ignore[index]
    scrub.press("ArrowRight")
    assert values.search(readout.inner_text())[2] == "1"  # type: ignore[index]


def test_the_change_is_code_to_copy(tab: Tab, shelf: Shelf) -> None:
    """The change stands there for Keras and PyTorch, and a button selects or copies it, frame or not."""
    frame = _open(tab, shelf, shelf.stalled)
    assert {"Keras", "PyTorch"} <= {
        text.split("\n")[0] for text in frame.locator("figcaption").all_inner_texts()
    }
    button = frame.locator(".snippet button").first
    button.click()
    assert button.inner_text() in {"Copied", "Selected"}
    assert frame.evaluate("String(getSelection()).trim().length") > 0


@pytest.mark.parametrize(
    "options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 380, "height": 800}}]
)
def test_axe_finds_nothing_in_the_report(
    open_tab: Callable[..., Tab], shelf: Shelf, tmp_path: Path, options: dict[str, object]
) -> None:
    """As a file: no violation in light, in the dark and at 380 pixels; nothing is wider than the page."""
    file = MlflowClient(shelf.uri).download_artifacts(shelf.stalled, "bce_monitor/report.html", str(tmp_path))
    tab = open_tab(**options)
    tab.page.goto(Path(file).as_uri())
    for details in tab.page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    assert accessibility_violations(tab.page) == []
    width = tab.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
    assert tab.errors == []


def test_axe_finds_nothing_in_the_viewers_frame(tab: Tab, shelf: Shelf) -> None:
    """axe-core reports no violation inside MLflow's sandboxed frame either."""
    assert accessibility_violations(_open(tab, shelf, shelf.stalled)) == []


def test_the_report_on_paper(open_tab: Callable[..., Tab], shelf: Shelf, tmp_path: Path) -> None:
    """Printed from a dark screen it is dark on white, no wider than the paper, with all grounds unfolded."""
    file = MlflowClient(shelf.uri).download_artifacts(shelf.stalled, "bce_monitor/report.html", str(tmp_path))
    page = open_tab(color_scheme="dark", viewport=PAPER).page
    page.goto(Path(file).as_uri())
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert is_dark_on_white(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("button:visible, .scrub:visible").count() == 0
    assert page.locator(".causes details:not([open])").count() == 0
    assert page.locator(".details > details[open]").count() == 0

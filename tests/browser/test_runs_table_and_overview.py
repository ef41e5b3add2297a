"""The ready views of the runs table, and the overview of many runs, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tabs import PAPER, Tab, accessibility_violations, is_dark_on_white, opened_artifact

import mlflow_bce_monitor
from mlflow_bce_monitor.tracking.writing.links import view_path
from mlflow_bce_monitor.tracking.writing.view import FLAGGED_KEY, VIEW_KEY, verdict_key

if TYPE_CHECKING:
    from conftest import Shelf
    from playwright.sync_api import Page

pytestmark = pytest.mark.server

HOSTILE = "<img src=x onerror=alert(1)>"


def _open_view(tab: Tab, shelf: Shelf, key: str) -> Page:
    tab.page.goto(shelf.uri + view_path(shelf.experiment_id, key))
    tab.page.get_by_role("columnheader", name="bce.verdict").first.wait_for()
    tab.page.get_by_role("link", name="flat", exact=True).wait_for()
    return tab.page


def test_the_ready_view_shows_the_answer_as_columns(tab: Tab, shelf: Shelf) -> None:
    """Verdict, cause, confidence, skill and advice are columns; runs in trouble stand above the others."""
    page = _open_view(tab, shelf, VIEW_KEY)
    for column in ("verdict", "cause", "confidence", "skill", "advice"):
        page.get_by_role("columnheader", name=f"bce.{column}").first.wait_for(state="attached")
    # Wide enough for the words of a cause and for a sentence of advice.
    for column, least in (("cause", 150), ("advice", 300)):
        cell = page.locator(f"[col-id='tags.`bce.{column}`'][role=columnheader]")
        assert cell.evaluate("cell => cell.offsetWidth") >= least
    top = {
        name: box["y"]
        for name in ("flat", "late", "falling", "control")
        if (box := page.get_by_role("link", name=name, exact=True).bounding_box())
    }
    assert top["flat"] < min(top["late"], top["falling"])
    assert max(top["late"], top["falling"]) < top["control"]
    assert page.locator("img[src='x']").count() == 0
    assert page.get_by_text(HOSTILE, exact=True).count() > 0


@pytest.mark.parametrize("key", [FLAGGED_KEY, verdict_key("stalled")])
def test_a_view_of_some_runs_shows_these_alone(tab: Tab, shelf: Shelf, key: str) -> None:
    """The views of runs in trouble and of one verdict leave the others out."""
    page = _open_view(tab, shelf, key)
    assert page.get_by_role("link", name=HOSTILE, exact=True).count() == 1
    for name in ("falling", "late", "control"):
        assert page.get_by_role("link", name=name, exact=True).count() == 0


def test_the_overview_sorts_filters_and_leads_to_the_runs(
    open_tab: Callable[..., Tab], shelf: Shelf, tmp_path: Path
) -> None:
    """As a file it sorts and finds, its links open the report in MLflow, and axe-core finds nothing wrong."""
    file = tmp_path / "overview.html"
    mlflow_bce_monitor.scan(shelf.uri, [shelf.experiment_id], html=file)
    tab = open_tab()
    page = tab.page
    page.goto(file.as_uri())
    assert page.locator("h1").inner_text() == "2 of 5 runs need a change"
    assert accessibility_violations(page) == []
    names = page.locator(".group[data-verdict=stalled] .name")
    for order, expected in (("name", [HOSTILE, "flat"]), ("order", ["flat", HOSTILE])):
        page.locator("#sort").select_option(order)
        assert names.all_inner_texts() == expected
    page.locator("#find").fill("flat")
    assert page.locator(".cells > li:visible").count() == 1
    page.locator("#find").fill("")
    page.get_by_role("button", name="learning", exact=True).click()
    assert page.locator(".group:visible").count() == 1
    page.get_by_role("button", name="All", exact=True).click()
    assert tab.errors == []
    page.get_by_role("link", name="flat", exact=True).evaluate("link => link.removeAttribute('target')")
    page.get_by_role("link", name="flat", exact=True).click()
    page.frame_locator("iframe").get_by_role("heading", name="Stalled at chance").wait_for()
    assert f"/runs/{shelf.stalled}/artifacts/bce_monitor/report.html" in page.url


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 380, "height": 800}}])
def test_the_overview_can_be_read_in_the_dark_and_on_a_telephone(
    open_tab: Callable[..., Tab], shelf: Shelf, tmp_path: Path, options: dict[str, object]
) -> None:
    """No colour lacks contrast, and nothing but a table is wider than the page."""
    file = tmp_path / "overview.html"
    mlflow_bce_monitor.scan(shelf.uri, [shelf.experiment_id], html=file, dry_run=True)
    page = open_tab(**options).page
    page.goto(file.as_uri())
    assert accessibility_violations(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]


def test_the_overview_inside_mlflows_frame(open_tab: Callable[..., Tab], shelf: Shelf) -> None:
    """A parent run shows it in the sandboxed viewer: filters work, names need no link, axe finds nothing."""
    without, ours = open_tab(), open_tab()
    control = f"{shelf.uri}/#/experiments/{shelf.experiment_id}/runs/{shelf.control}"
    opened_artifact(without, control, "page.html")
    parent = f"{shelf.uri}/#/experiments/{shelf.parent_experiment}/runs/{shelf.parent}"
    frame = opened_artifact(ours, parent, "bce_monitor/overview.html")
    assert frame.locator("h1").inner_text() == "1 of 2 runs needs a change"
    assert frame.locator(".cells .name").all_inner_texts() == ["trial 0", "trial 1"]
    frame.get_by_role("button", name="learning", exact=True).click()
    assert frame.locator(".cells > li:visible .name").all_inner_texts() == ["trial 1"]
    assert frame.locator(".cells a").count() == 0
    assert accessibility_violations(frame) == []
    assert set(ours.errors) <= set(without.errors)


def test_the_overview_by_keys_and_on_paper(
    open_tab: Callable[..., Tab], shelf: Shelf, tmp_path: Path
) -> None:
    """Every control is reached and worked with the keyboard; printed, there are none."""
    file = tmp_path / "overview.html"
    mlflow_bce_monitor.scan(shelf.uri, [shelf.experiment_id], html=file, dry_run=True)
    page = open_tab(color_scheme="dark", viewport=PAPER).page
    page.goto(file.as_uri())
    page.get_by_role("button", name="All", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("button[aria-pressed=true]").inner_text() == "stalled"
    assert page.locator(".group:visible").count() == 1
    while page.evaluate("document.activeElement.id") != "sort":
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body"), "the keys do not get there"
    page.keyboard.type("name")
    assert page.locator(".group:visible .name").all_inner_texts() == [HOSTILE, "flat"]
    page.keyboard.press("Tab")
    page.keyboard.type("flat")
    assert page.locator(".cells > li:visible .name").all_inner_texts() == ["flat"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "flat"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert is_dark_on_white(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("button:visible, select:visible, input:visible").count() == 0

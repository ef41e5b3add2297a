"""The server's page of runs in trouble, open in a browser while runs end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tabs import PATIENCE, Tab, accessibility_violations

if TYPE_CHECKING:
    from apps import Monitored

pytestmark = pytest.mark.server

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", params=["", "/tracking"], ids=["no prefix", "static prefix"])
def monitored(
    request: pytest.FixtureRequest, empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Monitored]:
    """Start a server with the plugin; three runs have ended on it, one of them with a hostile name."""
    import apps  # noqa: PLC0415 - loads MLflow
    from stores import stalled  # noqa: PLC0415 - as above

    database = Path(shutil.copy(empty_database, tmp_path_factory.mktemp("page") / "mlflow.db"))
    with apps.monitored(database, prefix=request.param) as server:
        experiment = server.store.experiment("the <i>experiment</i>")
        for seed, name in enumerate(("first", HOSTILE, "third")):
            server.finding(server.end(experiment, stalled(seed=seed), name=name))
        yield server


def test_a_fresh_stall_appears_while_the_page_is_open(
    tab: Tab, monitored: Monitored, record_property: Callable[[str, object], None]
) -> None:
    """A run that ends at chance is on the open page in seconds, without a reload, marked and announced."""
    from stores import stalled  # noqa: PLC0415 - as above

    tab.page.goto(monitored.address)
    tab.page.evaluate("window.kept = true")
    run_id = monitored.store.run(
        monitored.store.experiment(), {"loss": stalled()}, name=HOSTILE, status="RUNNING"
    )
    ended = time.monotonic()
    monitored.store.client.set_terminated(run_id)
    item = tab.page.locator(f".finding[data-run='{run_id}']")
    item.wait_for(timeout=PATIENCE)
    seconds = time.monotonic() - ended
    record_property("seconds until a fresh stall is on the open page", round(seconds, 2))
    print(f"on the open page {seconds:.1f} s after its end")  # noqa: T201 - what docs/server.md states
    assert item.locator(".name").inner_text() == HOSTILE
    assert "fresh" in (item.get_attribute("class") or "").split()
    assert tab.page.locator("#news").inner_text() == f"New: {HOSTILE}, stalled"
    assert tab.page.locator(".finding").first.get_attribute("data-run") == run_id
    assert tab.page.evaluate("window.kept")
    assert tab.page.locator("img").count() == 0
    assert tab.errors == []


def test_a_hostile_name_is_only_a_name(tab: Tab, monitored: Monitored) -> None:
    """In the page as it is served, and after its script has written it anew."""
    tab.page.goto(monitored.address)
    names = tab.page.locator(".name")
    assert HOSTILE in names.all_inner_texts()
    tab.page.locator("#live").wait_for()
    assert HOSTILE in names.all_inner_texts()
    assert tab.page.locator("img, i").count() == 0
    assert tab.page.locator(".facts >> text=the <i>experiment</i>").count() >= 3
    assert tab.errors == []


def test_links_lead_where_they_say(open_tab: Callable[..., Tab], monitored: Monitored) -> None:
    """To the run, to its report and to its experiment in the MLflow UI."""
    destinations = {
        ".name": "third",
        ".facts a[aria-label='report of third']": "report.html",
        ".facts a:not([aria-label])": "the <i>experiment</i>",
    }
    for link, shown in destinations.items():
        tab = open_tab()
        tab.page.goto(monitored.address)
        tab.page.locator(".finding", has=tab.page.get_by_text("third", exact=True)).locator(link).click()
        tab.page.get_by_text(shown).first.wait_for()
        assert tab.page.url.startswith(f"{monitored.store.uri}/#/experiments/")


def test_search_and_filters_work_without_script(open_tab: Callable[..., Tab], monitored: Monitored) -> None:
    """A browser that runs no script searches by a form, and filters by links."""
    from playwright.sync_api import expect  # noqa: PLC0415 - as above

    tab = open_tab(java_script_enabled=False)
    tab.page.goto(monitored.address)
    tab.page.get_by_label("Search runs").fill("third")
    tab.page.get_by_role("button", name="Search").click()
    expect(tab.page.locator(".name")).to_have_text(["third"])
    tab.page.get_by_role("link", name="diverged").click()
    expect(tab.page.locator("h1")).to_have_text("No such run is diverged")
    expect(tab.page.get_by_label("Search runs")).to_have_value("third")
    assert tab.page.url.startswith(f"{monitored.address}?")


def test_the_page_by_keys(tab: Tab, monitored: Monitored) -> None:
    """From the search to a filter and to a run, with Tab and Enter alone."""
    page = tab.page
    page.goto(monitored.address)
    page.get_by_label("Search runs").focus()
    page.keyboard.type("third")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=third*")
    seen = []
    while "third" not in seen[-1:]:
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent").strip())
        assert len(seen) < 30, f"the keys do not get there: {seen}"
    assert any(word.startswith("diverged") for word in seen)
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/experiments/*/runs/*")


def test_a_page_whose_server_is_away_says_so(tab: Tab, monitored: Monitored) -> None:
    """What is shown stays, with a word that it may be old; the page recovers by itself."""
    tab.page.goto(monitored.address)
    tab.page.route("**/findings*", lambda route: route.abort())
    tab.page.get_by_text("The server does not answer").wait_for()
    assert tab.page.locator(".finding").count() >= 3
    tab.page.unroute("**/findings*")
    tab.page.get_by_text("This page is live.").wait_for()


@pytest.mark.parametrize(
    "options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 380, "height": 800}}]
)
def test_axe_finds_nothing_on_the_page(
    open_tab: Callable[..., Tab], monitored: Monitored, options: dict[str, object]
) -> None:
    """axe-core reports no violation, in light, in dark and on a phone; nothing is wider than the phone."""
    tab = open_tab(**options)
    tab.page.goto(monitored.address)
    tab.page.locator("#live").wait_for()
    assert accessibility_violations(tab.page) == []
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

"""A real browser before a real server with evaluated runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import chromium
import pytest
from tabs import Tab

import mlflow_bce_monitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from stores import FilledStore

HOSTILE: Final = "<img src=x onerror=alert(1)>"
_BALANCED: Final = {"positive_share": "0.5", "learning_rate": "1e-7", "opt_name": "adam", "epochs": "40"}
_WIDE: Final = {"width": 1300, "height": 1000}


@dataclass(frozen=True)
class Shelf:
    """An experiment of evaluated runs on a server, by what each of them is.

    ``control`` is a run that nothing was written to but a harmless ``page.html`` of its own; ``parent`` has
    two children and carries their overview.
    """

    uri: str
    experiment_id: str
    stalled: str
    learning: str
    escaped: str
    hostile: str
    control: str
    parent_experiment: str
    parent: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for the tests of a module."""
    with chromium.launched() as started:
        yield started


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Return a maker of tabs, with Playwright's options of a context such as ``color_scheme="dark"``.

    At the end of the test no tab may have asked anything of another machine, or shown a dialog.
    """
    tabs: list[Tab] = []

    def make(**options: Any) -> Tab:
        tab = Tab(browser.new_context(**({"viewport": _WIDE} | options)).new_page())
        tabs.append(tab)
        return tab

    yield make
    strangers = [address for tab in tabs for address in tab.strangers]
    dialogs = [text for tab in tabs for text in tab.dialogs]
    for tab in tabs:
        tab.page.context.close()
    assert strangers == []
    assert dialogs == []


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Tab:
    """Return one tab of a usual size."""
    return open_tab()


@pytest.fixture(scope="session")
def shelf(server: FilledStore) -> Shelf:
    """Log runs of several kinds to the server, evaluate them, and return where they are."""
    from stores import learning, stalled  # noqa: PLC0415 - loads MLflow

    name = "shelf"
    experiment = server.experiment(name)
    runs = {
        "stalled": server.run(
            experiment, {"loss": stalled(), "accuracy": [0.5] * 40}, name="flat", params=_BALANCED
        ),
        "learning": server.run(experiment, {"loss": learning()}, name="falling", params=_BALANCED),
        "escaped": server.run(
            experiment, {"loss": [*stalled(60), *learning(60, seed=1)]}, name="late", params=_BALANCED
        ),
        "hostile": server.run(experiment, {"loss": stalled(seed=2)}, name=HOSTILE, params=_BALANCED),
    }
    family = server.experiment(f"{name} of a parent")
    parent = server.run(family, name="sweep")
    for seed, losses in enumerate((stalled(seed=3), learning(seed=3))):
        tags = {"mlflow.parentRunId": parent}
        server.run(family, {"loss": losses}, name=f"trial {seed}", params=_BALANCED, tags=tags)
    mlflow_bce_monitor.scan(server.uri, [experiment, family])
    control = server.run(experiment, name="control")
    server.client.log_text(control, "<!doctype html><title>plain</title><p>nothing of ours", "page.html")
    return Shelf(server.uri, experiment, control=control, parent_experiment=family, parent=parent, **runs)

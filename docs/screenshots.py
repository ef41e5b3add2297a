"""Take the pictures in docs/images of what people see, from real trainings.

Fills a new store with trainings of the fault zoo's development block, evaluates them over a real
MLflow server, and opens report, runs table and overviews in headless Chromium. For the server's own
page, runs end on a second server, which has the plugin.

    pip install -e '.[screenshots]'                  # and Debian's package chromium
    PYTHONPATH=. python docs/screenshots.py          # a few minutes, mostly for the 5,000 runs
    PYTHONPATH=. python docs/screenshots.py --only server
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import itertools
import os
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import mlflow
from PIL import Image
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.text import Text

import mlflow_bce_monitor
from benchmarks.rivals.store import write_store
from benchmarks.zoo import traces
from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_REPORT, Verdict
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.writing.links import view_path

# The tests start the same server and the same browser.
TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "browser")]
import apps  # noqa: E402
import chromium  # noqa: E402
import servers  # noqa: E402
import stores  # noqa: E402

PAGE_MILLISECONDS = 120_000
SETTLE_MILLISECONDS = 3_000
"""The table draws its rows after the page has told that it is complete."""

COLOURS = 224
"""A palette keeps a screenshot at a third of its size, and nobody sees it."""

PER_VERDICT = 2
"""Runs of one verdict in the store that is shown in MLflow."""

MANY = 5_000
SHOWN_CAUSE = "learning_rate_too_low"
SURE = 0.9
TERMINAL_COLUMNS = 100
SUBJECTS = ("mlflow", "overviews", "server")


def save(png: bytes, path: Path) -> None:
    """Write a screenshot with a palette of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1024:.0f} kB")


def trainings() -> list[RunRecord]:
    """Return the trainings of the zoo's development block, under names that MLflow has given them."""
    return [record for record, truth in traces.load() if truth.plan.block == "development"]


def some_of_each_verdict(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the first few trainings of each verdict."""
    kept: list[RunRecord] = []
    found: Counter[str] = Counter()
    for record in records:
        verdict = diagnose(record).verdict.value
        if found[verdict] < PER_VERDICT:
            found[verdict] += 1
            kept.append(record)
    return kept


def many_of(records: Sequence[RunRecord], number: int) -> Iterator[RunRecord]:
    """Yield so many runs, the trainings again and again under ids of their own."""
    for record in itertools.islice(itertools.cycle(records), number):
        yield dataclasses.replace(record, run_id=uuid.uuid4().hex)


def open_page(browser: Browser, address: str, width: int, height: int, *, dark: bool = False) -> Page:
    """Open an address in a window of its own."""
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page.set_default_timeout(PAGE_MILLISECONDS)
    page.goto(address)
    return page


def tidy(page: Page) -> None:
    """Close what MLflow opens beside its tables, and hide the path of the store on this machine."""
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    for label in ("Close", "Hide banner"):
        for button in page.get_by_role("button", name=label, exact=True).all():
            if button.is_visible():
                button.click()
    page.evaluate(
        "() => { for (const e of document.querySelectorAll('div, span')) {"
        " if (e.childElementCount === 0 && e.textContent.startsWith('Path:'))"
        " e.style.visibility = 'hidden'; } }"
    )
    page.wait_for_timeout(SETTLE_MILLISECONDS)


def in_mlflow(browser: Browser, address: str, run: mlflow.entities.Run, images: Path) -> None:
    """Take the runs table and one report as MLflow shows them."""
    experiment = run.info.experiment_id
    page = open_page(browser, address + view_path(experiment), 1440, 860)
    page.get_by_text("stalled", exact=True).first.wait_for()
    tidy(page)
    save(page.screenshot(), images / "runs-table.png")
    route = f"/#/experiments/{experiment}/runs/{run.info.run_id}/artifacts/"
    page = open_page(
        browser,
        f"{address}{route}{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}?workflowType=machine_learning",
        1300,
        1150,
    )
    page.frame_locator("iframe").locator("h1").wait_for()
    tidy(page)
    save(page.screenshot(), images / "report.png")


def report_alone(browser: Browser, report: Path, images: Path) -> None:
    """Take one report as a file: dark, and as wide as a telephone."""
    save(open_page(browser, report.as_uri(), 900, 1150, dark=True).screenshot(), images / "report-dark.png")
    save(open_page(browser, report.as_uri(), 380, 1400).screenshot(), images / "report-narrow.png")


def terminal(browser: Browser, arguments: Sequence[str], path: Path) -> None:
    """Take what a command prints to a terminal with colours."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(TERMINAL_COLUMNS)}
    command = [sys.executable, "-m", "mlflow_bce_monitor", *arguments]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    console = Console(record=True, width=TERMINAL_COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(printed))
    page = open_page(browser, "about:blank", 1000, 620)
    page.set_content(console.export_html(inline_styles=True))
    save(page.screenshot(), path)


def overviews(
    browser: Browser, few: Sequence[RunRecord], records: Sequence[RunRecord], folder: Path, images: Path
) -> None:
    """Take the overview of five runs and of five thousand."""
    for name, shown, height in (
        ("overview-5", few[3:8], 1050),
        ("overview-5000", many_of(records, MANY), 1600),
    ):
        write_store(list(shown), folder / f"{name}.db")
        file = folder / f"{name}.html"
        mlflow_bce_monitor.scan(f"sqlite:///{folder / name}.db", dry_run=True, html=file)
        save(open_page(browser, file.as_uri(), 1200, height).screenshot(), images / f"{name}.png")


def is_shown(record: RunRecord) -> bool:
    """Whether a training is stalled and surely due to the cause that is shown."""
    diagnosis = diagnose(record)
    surely = diagnosis.cause == SHOWN_CAUSE and diagnosis.confidence > SURE
    return surely and diagnosis.verdict is Verdict.STALLED


Kind = tuple[str, list[float], dict[str, str]]
"""Experiment, losses and params of a run."""


def kinds() -> dict[str, Kind]:
    """Return run name to what is logged; one of them is healthy and shall not be seen."""
    wave = [0.6931 + 0.004 * (-1) ** step for step in range(40)]
    return {
        "tiny-lr": ("churn", stores.stalled(), {"learning_rate": "1e-7", "opt_name": "adam"}),
        "baseline": ("churn", stores.learning(), {"learning_rate": "1e-3", "opt_name": "adam"}),
        "sgd-hot": ("churn", [0.71, 0.9, 4.0, *[float("nan")] * 30], {"learning_rate": "5.0"}),
        "resnet-frozen": ("defects", wave, {"positive_share": "0.5"}),
        "<b>quoted</b> & long name of a sweep, trial 17 of 40": ("defects", stores.stalled(seed=3), {}),
        "adam-1.0": ("fraud", [6.5, 1.2, *stores.stalled(60, seed=4)], {"learning_rate": "1.0"}),
    }


def server_page(folder: Path, images: Path) -> None:
    """Take the server's page: in light and wide, and in the dark on a telephone."""
    folder.mkdir()
    database = folder / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{database}")
    with apps.monitored(database) as server:
        experiments = {name: server.store.experiment(name) for name in ("churn", "defects", "fraud")}
        for name, (experiment, losses, params) in kinds().items():
            server.answered(server.end(experiments[experiment], losses, name=name, params=params))
        with chromium.launched() as browser:
            for name, width, height, dark in (
                ("server", 1000, 620, False),
                ("server-narrow-dark", 380, 900, True),
            ):
                page = open_page(browser, server.address, width, height, dark=dark)
                page.get_by_text("This page is live.").wait_for()
                save(page.screenshot(), images / f"{name}.png")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, default=Path(__file__).parent / "images", help="where to save")
    parser.add_argument("--only", choices=SUBJECTS, help="take these alone")
    asked = parser.parse_args()
    subjects = SUBJECTS if asked.only is None else (asked.only,)
    records = trainings()
    few = some_of_each_verdict(records[::3])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "mlflow" in subjects:
            evaluated_in_mlflow(folder / "mlflow", records, few, asked.images)
        if "overviews" in subjects:
            with chromium.launched() as browser:
                overviews(browser, few, records, folder, asked.images)
        if "server" in subjects:
            server_page(folder / "server", asked.images)


def evaluated_in_mlflow(
    folder: Path, records: Sequence[RunRecord], few: Sequence[RunRecord], images: Path
) -> None:
    """Take what a scan leaves in the MLflow UI, the report as a file, and the terminal."""
    folder.mkdir()
    of_cause = next(record for record in records if is_shown(record))
    write_store([of_cause, *(one for one in few if one.run_id != of_cause.run_id)], folder / "mlflow.db")
    with servers.serving(folder / "mlflow.db") as address:
        mlflow_bce_monitor.scan(address)
        run = mlflow.MlflowClient(address).get_run(of_cause.run_id)
        report = Path(
            mlflow.artifacts.download_artifacts(
                f"runs:/{run.info.run_id}/{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}", tracking_uri=address
            )
        )
        explain = ("explain", run.info.run_id, "--tracking-uri", address)
        with chromium.launched() as browser:
            in_mlflow(browser, address, run, images)
            report_alone(browser, report, images)
            terminal(browser, explain, images / "terminal.png")


if __name__ == "__main__":
    main()

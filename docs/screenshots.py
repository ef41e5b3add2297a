"""Take the screenshots of the README from a store that ``mlflow run .`` has filled.

Starts a real MLflow server on the store, opens its UI in headless Chromium, and saves the
runs table with the verdict columns and one run's report.

    pip install -e '.[screenshots]'      # and Debian's package chromium
    python docs/screenshots.py           # the store in this folder: mlflow.db
    python docs/screenshots.py --store /path/to/mlflow.db --images docs/images
    python docs/screenshots.py --only server    # the server's page, of runs made for it
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow.entities import Run
from PIL import Image
from playwright.sync_api import Page

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_REPORT, TAG_VERDICT
from mlflow_bce_monitor.tracking.links import view_path

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

COLOURS = 128
"""A palette keeps a screenshot of a table at a third of its size, and nobody sees it."""


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


def save(png: bytes, path: Path) -> None:
    """Write a screenshot with a palette of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1024:.0f} kB")


def evaluated_runs() -> list[Run]:
    """Return the flagged runs of the store, those with the clearest name first."""
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    found = client.search_runs(
        experiments, filter_string=f"tags.`{TAG_VERDICT}` = 'stalled'", max_results=200
    )
    if not found:
        raise SystemExit("the store holds no stalled run: run `mlflow run . --env-manager local` first")
    return sorted(found, key=lambda run: str(run.info.run_name))


def server_page(images: Path) -> None:
    """Take the page of a server on which runs of several kinds have just ended."""
    wave = [0.6931 + 0.004 * (-1) ** step for step in range(40)]
    kinds: dict[str, tuple[str, list[float], dict[str, str]]] = {
        "tiny-lr": ("churn", stores.stalled(), {"learning_rate": "1e-7", "opt_name": "adam"}),
        "baseline": ("churn", stores.learning(), {"learning_rate": "1e-3", "opt_name": "adam"}),
        "sgd-hot": ("churn", [0.71, 0.9, 4.0, *[float("nan")] * 30], {"learning_rate": "5.0"}),
        "resnet-frozen": ("defects", wave, {"positive_share": "0.5"}),
        "<b>quoted</b> & long name of a sweep, trial 17 of 40": ("defects", stores.stalled(seed=3), {}),
        "adam-1.0": ("fraud", [6.5, 1.2, *stores.stalled(60, seed=4)], {"learning_rate": "1.0"}),
    }
    with TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{database}")
        with apps.monitored(database) as server, chromium.launched() as browser:
            experiments = {name: server.store.experiment(name) for name in {one[0] for one in kinds.values()}}
            for name, (experiment, losses, params) in kinds.items():
                run_id = server.end(experiments[experiment], losses, name=name, params=params)
                server.answered(run_id)
            for name, scheme, width in (("server", "light", 1000), ("server-dark", "dark", 390)):
                page = browser.new_page(
                    viewport={"width": width, "height": 760}, color_scheme=scheme, device_scale_factor=1.5
                )
                page.set_default_timeout(PAGE_MILLISECONDS)
                page.goto(server.address)
                page.get_by_text("This page is live.").wait_for()
                save(page.screenshot(), images / f"{name}.png")


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--store", type=Path, default=Path("mlflow.db"), help="SQLite file, default %(default)s"
    )
    parser.add_argument(
        "--run-name",
        default="model_complexity/learnable/baseline",
        help="part of the name of the run to show",
    )
    parser.add_argument("--images", type=Path, default=Path(__file__).parent / "images", help="where to save")
    parser.add_argument("--only", choices=["server"], help="take this one alone")
    arguments = parser.parse_args()
    server_page(arguments.images)
    if arguments.only:
        return
    mlflow.set_tracking_uri(f"sqlite:///{arguments.store}")
    runs = evaluated_runs()
    run = next((run for run in runs if arguments.run_name in str(run.info.run_name)), runs[0])
    with servers.serving(arguments.store) as address, chromium.launched() as browser:
        page = browser.new_page(viewport={"width": 1700, "height": 1100})
        page.set_default_timeout(PAGE_MILLISECONDS)
        page.goto(address + view_path(run.info.experiment_id))
        page.get_by_text("stalled", exact=True).first.wait_for()
        tidy(page)
        save(page.screenshot(), arguments.images / "runs-table.png")
        page.set_viewport_size({"width": 1300, "height": 1500})
        route = f"/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/artifacts/"
        page.goto(f"{address}{route}{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}?workflowType=machine_learning")
        page.frame_locator("iframe").locator("h1").wait_for()
        tidy(page)
        save(page.screenshot(), arguments.images / "report.png")


if __name__ == "__main__":
    main()

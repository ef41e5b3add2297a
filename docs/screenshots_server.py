"""Take the pictures of the server's page: runs of several kinds end on a real server with the plugin.

PYTHONPATH=. python docs/screenshots_server.py
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from screenshots import open_page, save

# Found where `screenshots` has looked: the tests start the same server and the same browser.
import apps  # isort: skip
import chromium  # isort: skip
import stores  # isort: skip

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


def main() -> None:
    """Take the page in light and wide, and in dark and narrow."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, default=Path(__file__).parent / "images", help="where to save")
    images = parser.parse_args().images
    with TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{database}")
        with apps.monitored(database) as server, chromium.launched() as browser:
            experiments = {
                name: server.store.experiment(name) for name in {one[0] for one in kinds().values()}
            }
            for name, (experiment, losses, params) in kinds().items():
                server.answered(server.end(experiments[experiment], losses, name=name, params=params))
            for name, width, dark in (("server", 1000, False), ("server-dark", 390, True)):
                page = open_page(browser, server.address, width, 760, dark=dark)
                page.get_by_text("This page is live.").wait_for()
                save(page.screenshot(), images / f"{name}.png")


if __name__ == "__main__":
    main()

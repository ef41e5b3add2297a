"""Take the screenshots of the README from a store that ``mlflow run .`` has filled.

Starts a real MLflow server on the store, opens its UI in headless Chromium, and saves the
runs table with the verdict columns and one run's report.

    pip install -e '.[screenshots]'      # and Debian's packages chromium and chromium-driver
    python docs/screenshots.py           # the store in this folder: sqlite:///mlflow.db
    python docs/screenshots.py --store sqlite:////path/to/mlflow.db --images docs/images
"""

from __future__ import annotations

import argparse
import io
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.entities import Run
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.ui import WebDriverWait

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_REPORT, TAG_VERDICT
from mlflow_bce_monitor.tracking.links import view_path

CHROMIUM = "/usr/bin/chromium"
CHROMEDRIVER = "/usr/bin/chromedriver"
SERVER_SECONDS = 60
PAGE_SECONDS = 40
SETTLE_SECONDS = 3
"""The table draws its rows after the page has told that it is complete."""

COLOURS = 128
"""A palette keeps a screenshot of a table at a third of its size, and nobody sees it."""


@contextmanager
def server(store: str) -> Iterator[str]:
    """Serve a store on a free port of this machine; stop the server with all its workers at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/health")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=SERVER_SECONDS)


def wait_for(address: str) -> None:
    """Wait until an address answers."""
    end = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < end:
        if answers(address):
            return
        time.sleep(0.5)
    raise SystemExit(f"{address} did not answer within {SERVER_SECONDS} s")


def answers(address: str) -> bool:
    """Whether an address answers within two seconds."""
    try:
        with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own server
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def browser(width: int, height: int) -> Iterator[webdriver.Chrome]:
    """Open a headless Chromium that talks to this machine only."""
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        f"--window-size={width},{height}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def tidy(driver: webdriver.Chrome) -> None:
    """Close what MLflow opens beside its tables, and hide the path of the store on this machine."""
    for label in ("Close", "Hide banner"):
        for button in driver.find_elements(By.XPATH, f"//button[@aria-label='{label}']"):
            if button.is_displayed():
                button.click()
    driver.execute_script(
        "for (const e of document.querySelectorAll('div, span'))"
        " if (e.childElementCount === 0 && e.textContent.startsWith('Path:')) e.style.visibility = 'hidden';"
    )
    time.sleep(1)


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


def main() -> None:
    """Take both screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", default="sqlite:///mlflow.db", help="tracking store, default %(default)s")
    parser.add_argument(
        "--run-name",
        default="model_complexity/learnable/baseline",
        help="part of the name of the run to show",
    )
    parser.add_argument("--images", type=Path, default=Path(__file__).parent / "images", help="where to save")
    arguments = parser.parse_args()
    mlflow.set_tracking_uri(arguments.store)
    runs = evaluated_runs()
    run = next((run for run in runs if arguments.run_name in str(run.info.run_name)), runs[0])
    with server(arguments.store) as address:
        with browser(1700, 1100) as driver:
            driver.get(address + view_path(run.info.experiment_id))
            WebDriverWait(driver, PAGE_SECONDS).until(
                expected.visibility_of_element_located((By.XPATH, "//*[normalize-space(text())='stalled']"))
            )
            time.sleep(SETTLE_SECONDS)
            tidy(driver)
            save(driver.get_screenshot_as_png(), arguments.images / "runs-table.png")
        with browser(1300, 1500) as driver:
            route = f"/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/artifacts/"
            driver.get(f"{address}{route}{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}?workflowType=machine_learning")
            WebDriverWait(driver, PAGE_SECONDS).until(
                expected.frame_to_be_available_and_switch_to_it((By.TAG_NAME, "iframe"))
            )
            time.sleep(SETTLE_SECONDS)
            driver.switch_to.default_content()
            tidy(driver)
            save(driver.get_screenshot_as_png(), arguments.images / "report.png")


if __name__ == "__main__":
    main()

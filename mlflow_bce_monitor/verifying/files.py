"""A verification as files: page, Markdown, JSON and picture."""

from __future__ import annotations

import json
from pathlib import Path

from mlflow_bce_monitor.contract import ARTIFACT_VERIFICATION
from mlflow_bce_monitor.report.verification import draw, markdown, page
from mlflow_bce_monitor.verifying.result import VerificationReport


def save(report: VerificationReport, folder: Path | str) -> tuple[Path, ...]:
    """Write the report into a folder, which is made if need be; return the files."""
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    contents = {
        "html": page(report).encode(),
        "md": markdown(report).encode(),
        "json": (json.dumps(report.as_dict(), indent=2, allow_nan=False) + "\n").encode(),
        "png": draw(report),
    }
    paths = []
    for ending, content in contents.items():
        path = into / f"{ARTIFACT_VERIFICATION}.{ending}"
        path.write_bytes(content)
        paths.append(path)
    return tuple(paths)

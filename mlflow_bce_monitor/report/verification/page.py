"""A verification as one HTML page with everything inline; it loads nothing and runs no script."""

from __future__ import annotations

import base64

from mlflow_bce_monitor.report import document
from mlflow_bce_monitor.report.verification.content import content
from mlflow_bce_monitor.report.verification.picture import draw
from mlflow_bce_monitor.verifying.result import VerificationReport


def page(report: VerificationReport) -> str:
    """Return the report as HTML."""
    return document.render(
        "verification.html",
        ["verification.css"],
        [],
        sources=["img-src data:"],
        page=content(report),
        picture=base64.b64encode(draw(report)).decode(),
    )

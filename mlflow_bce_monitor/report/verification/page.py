"""A verification as one HTML page with everything inline; it loads nothing and runs no script."""

from __future__ import annotations

import base64

from mlflow_bce_monitor.report.page import digest_of, environment, inline
from mlflow_bce_monitor.report.verification.content import content
from mlflow_bce_monitor.report.verification.picture import draw
from mlflow_bce_monitor.verifying.result import VerificationReport


def page(report: VerificationReport) -> str:
    """Return the report as HTML."""
    style = inline("report.css")
    policy = (
        f"default-src 'none'; style-src '{digest_of(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        environment()
        .get_template("verification.html")
        .render(
            page=content(report),
            picture=base64.b64encode(draw(report)).decode(),
            style=style,
            policy=policy,
        )
    )

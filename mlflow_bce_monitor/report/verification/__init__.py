"""A verification as a picture, a page and Markdown: laid out here, decided in ``verifying/``."""

from mlflow_bce_monitor.report.verification.markdown import markdown
from mlflow_bce_monitor.report.verification.page import page
from mlflow_bce_monitor.report.verification.picture import draw

__all__ = ["draw", "markdown", "page"]

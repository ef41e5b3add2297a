"""A backend for the tests that say none, and MLflow's evaluators registered once for the whole folder."""

from __future__ import annotations

import os
import warnings

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session", autouse=True)
def evaluators_registered() -> None:
    """Let MLflow load its evaluators: the hook it does that with is deprecated in Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.models.evaluation.evaluator_registry  # noqa: F401, PLC0415 - the import registers them

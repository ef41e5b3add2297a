"""Find MLflow runs that are stuck at chance, say why, and write the answer back.

Importing this package loads neither MLflow nor TensorFlow; the two functions
below import what they need when they are first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate_run", "scan"]

if TYPE_CHECKING:
    from mlflow_bce_monitor.tracking.scan import evaluate_run, scan


def __getattr__(name: str) -> Any:
    if name in ("evaluate_run", "scan"):
        from mlflow_bce_monitor.tracking import scan as module  # noqa: PLC0415 - MLflow loads on first use

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)

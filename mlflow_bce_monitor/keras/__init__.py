"""Measuring inside a Keras 3 training: ``model.fit(..., callbacks=[BCEMonitor()])``.

Keras is imported here, MLflow only when something is written to a run.
"""

from __future__ import annotations

try:
    import keras as _keras
except ImportError as error:
    raise ImportError(
        "mlflow_bce_monitor.keras needs Keras 3 with a backend, which is not installed here. "
        "Install it with: pip install 'mlflow-bce-monitor[tensorflow]'"
    ) from error

if int(_keras.__version__.split(".", maxsplit=1)[0]) < 3:  # noqa: PLR2004 - Keras 3
    raise ImportError(
        f"mlflow_bce_monitor.keras needs Keras 3, found Keras {_keras.__version__}. "
        "Install it with: pip install 'keras>=3.5'"
    )

from mlflow_bce_monitor.keras.callback import BCEMonitor

__all__ = ["BCEMonitor"]

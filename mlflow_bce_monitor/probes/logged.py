"""The Keras model that a run has logged. Loading it runs code, so it is only done when asked for."""

from __future__ import annotations

from typing import Any

from mlflow_bce_monitor.errors import RunError, UsageError
from mlflow_bce_monitor.tracking.store.opening import Store

FLAVORS = ("tensorflow", "keras")


def refuse_unless_trusted(run_id: str, *, trusted: bool) -> None:
    """Raise UsageError, which says why, unless the caller trusts the model."""
    if not trusted:
        raise UsageError(
            f"The model of run {run_id} was not loaded: loading runs code that lies in its artifact (Lambda "
            "layers, custom classes, pickles), and whoever could write to the run could have put it there. "
            "If you trust everyone who could, pass --trust-model."
        )


def load_logged_model(store: Store, run_id: str, name: str) -> Any:
    """Return the Keras model that a run logged under a name. This runs code from the artifact.

    Raises
    ------
    RunError
        The run has no such model, or it is no Keras model.
    """
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.set_tracking_uri(store.uri)
    uri = f"runs:/{run_id}/{name}"
    try:
        flavors = mlflow.models.get_model_info(uri).flavors
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"Run {run_id} has no model {name!r} that can be read: {reason} "
            "Log it with mlflow.tensorflow.autolog() or mlflow.keras.log_model, or pass --model."
        ) from error
    flavor = next((one for one in FLAVORS if one in flavors), None)
    if flavor is None:
        found = ", ".join(sorted(flavors))
        raise RunError(f"Model {name!r} of run {run_id} is {found}, not Keras.")
    model = getattr(mlflow, flavor).load_model(uri)
    if not hasattr(model, "get_weights"):
        raise RunError(f"The model {name!r} of run {run_id} is a {type(model).__name__}, and no Keras model.")
    return model

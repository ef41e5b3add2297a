"""``fit`` with a callback that its caller knows nothing of: how reruns of a project are seen from inside."""

from __future__ import annotations

import functools
import inspect
import weakref
from typing import Any

import keras

from mlflow_bce_monitor.keras.callback import BCEMonitor


def watch() -> None:
    """Have the first model that this process fits measured from inside, and logged to its MLflow run.

    Of several models the first: their measurements would lie upon one another. A training that has a
    ``BCEMonitor`` of its own is left alone.
    """
    original = keras.Model.fit
    signature = inspect.signature(original)
    monitor = BCEMonitor(live=False)
    watched: list[weakref.ref[Any]] = []

    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if watched and watched[0]() is not self:
            return original(self, *args, **kwargs)
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)  # which says what is wrong with them
        given = bound.arguments.get("callbacks") or []
        callbacks = list(given) if isinstance(given, (list, tuple)) else [given]
        if isinstance(given, keras.callbacks.CallbackList) or any(
            isinstance(one, BCEMonitor) for one in callbacks
        ):
            return original(self, *args, **kwargs)
        watched[:] = [weakref.ref(self)]
        bound.arguments["callbacks"] = [*callbacks, monitor]
        return original(*bound.args, **bound.kwargs)

    keras.Model.fit = fit

"""Train on Keras' backend of this process, with and without the callback, and print what came of it as JSON.

The tests run it with ``KERAS_BACKEND=jax``; ``KERAS_BACKEND=torch python tests/keras/backend_program.py``
does the same by hand, where Torch is installed. Arguments name the trainings; all of them by default.
TensorFlow is kept out, as where it is not installed: Keras would load it on every backend.
"""

from __future__ import annotations

import json
import os
import sys

if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
    sys.modules["tensorflow"] = None  # type: ignore[assignment]

import keras
import numpy as np
from small_trainings import EVERYWHERE

from mlflow_bce_monitor.keras import BCEMonitor


def main(kinds: list[str]) -> dict[str, object]:
    """Return, for each kind of training, whether the weights are the same and what was measured."""
    found: dict[str, object] = {"backend": keras.config.backend()}
    for kind in kinds:
        train = EVERYWHERE[kind]
        without = train([])
        monitor = BCEMonitor(max_overhead=float("inf"))
        model = train([monitor])
        pairs = zip(model.get_weights(), without.get_weights(), strict=True)
        found[kind] = {
            "same": all(np.array_equal(one, other) for one, other in pairs),
            "not_measured": monitor.not_measured,
            "facts": monitor.facts,
        }
    found["loaded"] = sorted({"mlflow", "sqlalchemy"} & sys.modules.keys())
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:] or list(EVERYWHERE))))  # noqa: T201 - read by the test

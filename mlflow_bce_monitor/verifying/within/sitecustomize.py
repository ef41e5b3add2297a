"""Python runs this before a project's own code where its folder leads ``PYTHONPATH``: ``fit`` is watched.

``bce-monitor verify`` puts it there for the reruns that tell causes apart (``project_trainer.py``). Nothing
is imported here that the project does not import itself, and whatever fails leaves the project as it is. A
``sitecustomize`` of the user's is run as if this one were not there.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_KERAS = "keras"


class AfterKeras(MetaPathFinder):
    """Has ``fit`` watched as soon as the project has imported Keras."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return Keras' own spec, whose loader watches ``fit`` at its end; None for all other modules."""
        del path, target
        if fullname != _KERAS:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)  # who asks for the spec need not import it
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_watch(module: ModuleType) -> None:
            execute(module)
            _watch()

        spec.loader.exec_module = execute_and_watch  # type: ignore[method-assign]
        return spec


def _watch() -> None:
    with contextlib.suppress(Exception):  # an environment without this package, or with another Keras
        importlib.import_module("mlflow_bce_monitor.keras.watched_fit").watch()


def _run_the_users_own() -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is slow to import
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100 - as above
    this = sys.modules.pop(__name__, None)
    try:
        importlib.import_module(__name__)
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
        if this is not None:
            sys.modules[__name__] = this


_run_the_users_own()
sys.meta_path.insert(0, AfterKeras())

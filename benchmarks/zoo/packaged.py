"""Real tables that come with packages of the extra ``zoo``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.zoo.rows import Draw, Features, Labels, Rows

Table = tuple[Features, Labels]


def imported(name: str) -> Any:
    """Return a module of the extra ``zoo``.

    Raises
    ------
    ModuleNotFoundError
        When the package is not installed, with the command that installs it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name != package:
            raise
        message = f"data sets of the zoo come with {package}; pip install -e '.[zoo]'"
        raise ModuleNotFoundError(message, name=package) from error


def read_once(load: Callable[[], Table]) -> Draw:
    """Return a draw of the rows of a data set that is read once, in random order."""
    kept = cache(load)

    def draw(rows: int, rng: np.random.Generator) -> Rows:
        features, labels = kept()
        order = rng.permutation(len(labels))[:rows]
        return Rows(features[order], labels[order])

    return draw


def statsmodels_table(name: str, label: Callable[[Any], Any], without: tuple[str, ...]) -> Draw:
    """Return a draw of a data set of statsmodels, a label made of its columns, and the other columns."""

    def load() -> Table:
        columns = imported(f"statsmodels.datasets.{name}").load_pandas().data
        features = columns.drop(columns=list(without)).to_numpy(dtype=np.float32)
        return features, np.asarray(label(columns), dtype=np.int64)

    return read_once(load)

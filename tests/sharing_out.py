"""How tests are shared out among workers: nothing dear is made twice, and what takes longest begins first."""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadGroupScheduling

_ONE_WORKER: Final = {
    "server": "stores",
    "postgresql": "stores",
    "mysql": "stores",
    "monitored": "plugin",
    "spark": "spark",
}
"""Fixtures that take long to make and serve many tests, each with the group that one worker does alone."""

_LONGEST_FIRST: Final = (
    "tests/tracking/test_faults.py",
    "tests/spark",
    "tests/browser",
    "tests/server",
    "tests/benchmarks/test_tiers.py",
    "tests/benchmarks/test_zoo_answers.py",
    "tests/verifying",
    "tests/probes",
    "tests/evaluator",
    "tests/keras",
    "tests/other_losses",
    "tests/benchmarks",
    "tests/scenarios",
    "tests/docs/test_explained.py",
    "tests/tracking",
    "tests/alerts",
)
"""Where the long tests are, the longest first; the rest follows."""

_APART: Final = (
    "tests/tracking/test_faults.py",
    "tests/benchmarks/test_zoo_answers.py",
    "tests/verifying/test_project_runs.py",
    "tests/verifying/test_in_keras.py",
    "tests/probes/test_probe_causes.py",
    "tests/keras/test_backends.py",
)
"""Files of long tests that share nothing: any worker may do any of them. Other files stay together."""


def grouped(items: list[pytest.Item]) -> None:
    """Mark what one worker has to do alone, and put what takes longest first."""
    for item in items:
        group = _group_of(item)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_place)


def _group_of(item: pytest.Item) -> str:
    """Return what a test shares with others, "" where it is nothing dear."""
    parameters = getattr(item, "callspec", None)
    # A test may ask for its fixture by the name that is its parameter.
    named = [value for value in parameters.params.values() if isinstance(value, str)] if parameters else []
    names = {*getattr(item, "fixturenames", ()), *named}
    for name, group in _ONE_WORKER.items():
        if name in names:
            # Each parameter of a fixture makes it anew, and so does each folder that has one of its own.
            part = parameters.indices.get(name) if parameters else None
            return group if part is None else f"{item.path.parent.name} {group} {part}"
    return ""


def _place(item: pytest.Item) -> int:
    """Return the position of a test's file among those that take long."""
    return next(
        (n for n, place in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(place)), len(_LONGEST_FIRST)
    )


class Sharing(LoadGroupScheduling):
    """Shares out groups, single tests of some files, and whole files otherwise."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        file = scope.split("::", 1)[0]
        return scope if file in _APART else file

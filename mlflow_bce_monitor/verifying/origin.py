"""How a run was made, as its tags say it: entry point, source, version, environment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlflow_bce_monitor.contract import TAG_RERUN
from mlflow_bce_monitor.verifying.arm import CannotRerun
from mlflow_bce_monitor.verifying.params import without_quotes

ENTRY_POINT: Final = "mlflow.project.entryPoint"
SOURCE: Final = "mlflow.source.name"
SOURCE_TYPE: Final = "mlflow.source.type"
COMMIT: Final = "mlflow.source.git.commit"
ENVIRONMENT: Final = "mlflow.project.env"
PARENT: Final = "mlflow.parentRunId"
NAME: Final = "mlflow.runName"

_MANAGERS: Final = frozenset({"virtualenv", "uv", "conda"})
_NOTEBOOKS: Final = ("NOTEBOOK", "ipykernel", ".ipynb", "colab")

MADE_BY_HAND: Final = (
    "Pass --project and --entry-point to say which MLflow project makes it, or call "
    "mlflow_bce_monitor.verifying.verify(build_model, data, diagnosis) in Python."
)


@dataclass(frozen=True)
class Ancestor:
    """A run, or one of those above it.

    Attributes
    ----------
    run_id, params, tags
        As stored.
    """

    run_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """What makes a run again.

    Attributes
    ----------
    uri
        Of the project: a folder, a ``file:`` address with ``#folder``, or one of Git's.
    commit
        The version it was made from, None when it is not known.
    entry_point, parameters
        Of the project; params that the script itself logged may be among them.
    env_manager
        The one it was made with, "local" when none was.
    child_name
        Name of the run among those that the entry point makes; "" when it is the entry point's own.
    """

    uri: str
    commit: str | None
    entry_point: str
    parameters: Mapping[str, str]
    env_manager: str = "local"
    child_name: str = ""


def origin_of(
    lineage: Sequence[Ancestor], project: str | None = None, entry_point: str | None = None
) -> Origin:
    """Return how a run was made.

    Parameters
    ----------
    lineage
        The run, its parent, that one's parent, and so on.
    project, entry_point
        What the user says about it; None to take it from the run.

    Raises
    ------
    CannotRerun
        No MLflow project made it, as far as its tags say.
    """
    run = lineage[0]
    if project is not None or entry_point is not None:
        base = run if project is not None else _made_by_project(lineage) or run
        uri = project or base.tags.get(SOURCE, "")
        if not uri:
            raise CannotRerun(f"Run {run.run_id} does not say which project made it. {MADE_BY_HAND}")
        commit = None if project is not None else base.tags.get(COMMIT)
        return Origin(uri, commit, entry_point or "main", without_quotes(run.params), _manager(base.tags))
    made = _made_by_project(lineage)
    if made is None:
        raise CannotRerun(_not_by_project(run))
    uri = made.tags.get(SOURCE, "")
    if not uri:
        raise CannotRerun(f"Run {made.run_id} does not say where its project lies. {MADE_BY_HAND}")
    said = _said_of(run)
    if said is not None:
        point, parameters = said
        return Origin(uri, made.tags.get(COMMIT), point, parameters, _manager(made.tags))
    return Origin(
        uri,
        made.tags.get(COMMIT),
        made.tags[ENTRY_POINT],
        without_quotes(made.params),
        _manager(made.tags),
        "" if made is run else run.tags.get(NAME, ""),
    )


def _made_by_project(lineage: Sequence[Ancestor]) -> Ancestor | None:
    return next((one for one in lineage if ENTRY_POINT in one.tags), None)


def _manager(tags: Mapping[str, str]) -> str:
    # MLflow sets no tag for the environment that was active.
    manager = tags.get(ENVIRONMENT, "")
    return manager if manager in _MANAGERS else "local"


def _said_of(run: Ancestor) -> tuple[str, Mapping[str, str]] | None:
    """Return entry point and params by which a run says that it can be made alone."""
    try:
        said = json.loads(run.tags.get(TAG_RERUN, "null"))
    except ValueError:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("parameters"), dict):
        return None
    return str(said.get("entry_point", "main")), {
        str(name): str(value) for name, value in said["parameters"].items()
    }


def _not_by_project(run: Ancestor) -> str:
    made = f"{run.tags.get(SOURCE_TYPE, '')} {run.tags.get(SOURCE, '')}"
    if any(word in made for word in _NOTEBOOKS):
        return f"Run {run.run_id} was made in a notebook, which cannot be run again as it was. {MADE_BY_HAND}"
    source = run.tags.get(SOURCE)
    script = f"by {source}" if source else "by hand"
    return f"Run {run.run_id} was made {script} and not by an MLflow project. {MADE_BY_HAND}"

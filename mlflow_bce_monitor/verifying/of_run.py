"""Verify a run that an MLflow project made, and write the result to it: ``verify_run(run_id)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from git.exc import GitError
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.projects.utils import fetch_and_validate_project, load_project
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from yaml import YAMLError

from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.errors import RunError, UsageError
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.remedies import facts_of, known_settings, prescribe
from mlflow_bce_monitor.settings import read_settings
from mlflow_bce_monitor.tracking.reading.neighbours import with_siblings
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure
from mlflow_bce_monitor.tracking.reading.sibling_search import SiblingSearch
from mlflow_bce_monitor.tracking.store.opening import Store, open_store
from mlflow_bce_monitor.tracking.store.search import find_run
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits
from mlflow_bce_monitor.verifying.arm import FROM_INSIDE, CannotRerun
from mlflow_bce_monitor.verifying.budget import Budget
from mlflow_bce_monitor.verifying.candidates import Change, Prescribed
from mlflow_bce_monitor.verifying.comparison import Result
from mlflow_bce_monitor.verifying.course import Course
from mlflow_bce_monitor.verifying.in_keras import MOST_RUNS, assumed
from mlflow_bce_monitor.verifying.origin import Ancestor, Origin, origin_of
from mlflow_bce_monitor.verifying.params import SEED, current_settings, param_for
from mlflow_bce_monitor.verifying.parent import gathered
from mlflow_bce_monitor.verifying.plan import SEEDS, Plan, Subject
from mlflow_bce_monitor.verifying.project_trainer import ProjectOptions, ProjectTrainer
from mlflow_bce_monitor.verifying.result import VerificationReport
from mlflow_bce_monitor.verifying.source import Source, prepared
from mlflow_bce_monitor.verifying.wording import changed
from mlflow_bce_monitor.verifying.writing import write_result

_GENERATIONS: Final = 8
"""Runs above a run that are asked how it was made."""

OWN: Final = "your own change"


@dataclass(frozen=True)
class VerifyOptions:
    """What is asked for.

    Attributes
    ----------
    seeds, budget, max_runs
        Pairs for each remedy; seconds and trainings in all.
    cause
        Whose remedy to try, without telling causes apart; None for the run's own causes.
    own_change
        Param or setting to value: this change instead of the prescribed ones; {} for those.
    discriminate
        Whether to tell uncertain causes apart first.
    question
        What the user knows about the runs.
    project, entry_point
        How the run is made; None to take it from its tags.
    how
        How MLflow runs it.
    experiment
        Name or id of the experiment for the reruns; None for that of the run.
    dry_run
        Write nothing to the diagnosed run.
    """

    seeds: int = SEEDS
    budget: float = math.inf
    max_runs: int = MOST_RUNS
    cause: str | None = None
    own_change: Mapping[str, str] = field(default_factory=dict)
    discriminate: bool = True
    question: Question = field(default_factory=Question)
    project: str | None = None
    entry_point: str | None = None
    how: ProjectOptions = field(default_factory=ProjectOptions)
    experiment: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class _Read:
    run: Run
    record: RunRecord
    diagnosis: Diagnosis


def verify_run(
    run_id: str,
    options: VerifyOptions | None = None,
    tracking_uri: str | None = None,
    tell: Callable[[int, int, str], None] | None = None,
) -> VerificationReport:
    """Repeat a run with the remedy for its diagnosis, and write what came of it to the run.

    Parameters
    ----------
    run_id
        A run that an MLflow project made.
    options
        What is asked for.
    tracking_uri
        The store; None for the one MLflow is set to.
    tell
        Told before each rerun: how many were made, how many may follow, and what comes.

    Raises
    ------
    UsageError
        There is no such run, or it is in no trouble.
    RunError
        The run cannot be read. A run that cannot be *rerun* raises nothing: the report says why.
    """
    options = options or VerifyOptions()
    store = open_store(tracking_uri)
    with bounded_waits(WORKING):
        read = _read(store, run_id, options)
        causes = _causes(read.diagnosis, options)
        try:
            origin = origin_of(_lineage(store, read.run), options.project, options.entry_point)
            with prepared(origin) as source:
                report = _rerun(store, read, causes, origin, source, options, tell)
        except CannotRerun as error:
            report = _impossible(read, causes, error)
        if not options.dry_run:
            write_result(store, report, read.run, read.record, read.diagnosis)
    return report


def _read(store: Store, run_id: str, options: VerifyOptions) -> _Read:
    run = find_run(store, run_id)
    record = ClientReader(store.client).read_one(run)
    if isinstance(record, ReadFailure):
        raise RunError(f"Run {run_id} cannot be read: {record.why}")
    record, _ = with_siblings(record, run, SiblingSearch(store.client).siblings_of)
    return _Read(run, record, diagnose(record, options.question))


def _causes(diagnosis: Diagnosis, options: VerifyOptions) -> tuple[RankedCause, ...]:
    if options.cause is not None:
        return assumed(options.cause)
    if not diagnosis.flagged and not options.own_change:
        raise UsageError(
            f"Run {diagnosis.run_id} is {diagnosis.verdict.value}: there is no trouble whose remedy could be "
            "verified. Pass --cause to try the remedy for a cause, or --set to try a change of your own."
        )
    return diagnosis.causes


def _lineage(store: Store, run: Run) -> list[Ancestor]:
    """Return the run and those above it."""
    found = [Ancestor(run.info.run_id, run.data.params, run.data.tags)]
    for _ in range(_GENERATIONS):
        parent = found[-1].tags.get(MLFLOW_PARENT_RUN_ID)
        if not parent:
            break
        try:
            above = store.client.get_run(parent)
        except MlflowException:
            break  # deleted for good: what is left has to tell
        found.append(Ancestor(parent, above.data.params, above.data.tags))
    return found


def _rerun(
    store: Store,
    read: _Read,
    causes: tuple[RankedCause, ...],
    origin: Origin,
    source: Source,
    options: VerifyOptions,
    tell: Callable[[int, int, str], None] | None,
) -> VerificationReport:
    params = _params(origin, source)
    _check(options.own_change, params, options.how, origin.entry_point)
    logged = known_settings(read_settings(read.record))
    settings = {**current_settings(params, options.how.param_map), **logged}
    experiment_id = _experiment(store, options.experiment)
    with ExitStack() as stack:
        family, ending = stack.enter_context(gathered(store, read.run, experiment_id))
        trainer = ProjectTrainer(
            store, family, origin, source, params, options.how, options.question, settings
        )
        facts = facts_of(read.diagnosis)
        course = Course(
            Subject(
                causes,
                lambda cause: _remedies(cause, settings, facts, options),
                read.run.info.run_id,
                read.run.info.run_name or "",
                joins=not options.own_change,
                is_seen_inside=read.diagnosis.tier in FROM_INSIDE,
            ),
            trainer,
            Plan(options.seeds, _seed(params, options), options.discriminate and not options.own_change),
            Budget(options.budget, options.max_runs),
            tell or (lambda _done, _left, _what: None),
        )
        report = replace(course.run(), parent_run_id=family.parent_run_id)
        report = replace(report, notes=(*_notes(source, params, options), *report.notes))
        if report.interrupted:
            ending.status = "KILLED"
        elif report.result is not Result.IMPOSSIBLE:
            ending.status = "FINISHED"
        if not options.dry_run:
            write_result(store, report, store.client.get_run(family.parent_run_id), None, None)
    return report


def _check(
    own_change: Mapping[str, str], params: Mapping[str, str], how: ProjectOptions, entry_point: str
) -> None:
    """Refuse a change of one's own that the entry point has no param for."""
    for name in own_change:
        if param_for(name, params, how.param_map) is None:
            names = ", ".join(sorted(params)) or "none"
            raise UsageError(
                f"--set {name}: the entry point {entry_point!r} has no param for it; it has {names}. "
                f"Pass --param-map {name}=PARAM if it goes by another name."
            )


def _remedies(
    cause: str, settings: Mapping[str, object], facts: Mapping[str, object], options: VerifyOptions
) -> Sequence[Prescribed]:
    if options.own_change:
        change = dict(options.own_change)
        return (Change(OWN, change, changed(change)),)
    return prescribe(cause, settings, facts)


def _seed(params: Mapping[str, str], options: VerifyOptions) -> int:
    """Return the seed that the run was made with, 0 where it has none."""
    param = param_for(SEED, params, options.how.param_map)
    try:
        return int(float(params.get(param or "", "0")))
    except ValueError:
        return 0


def _notes(source: Source, params: Mapping[str, str], options: VerifyOptions) -> list[str]:
    notes = [source.note] if source.note else []
    if param_for(SEED, params, options.how.param_map) is None:
        notes.append(
            "The project has no param for a seed, so pairs of trainings share none. "
            "Pass --param-map seed=NAME if it goes by another name."
        )
    return notes


def _params(origin: Origin, source: Source) -> dict[str, str]:
    """Return what the entry point takes, with the values the run had.

    An entry point that declares no params, such as a script, is given all that the run has.
    """
    try:
        folder = source.folder or fetch_and_validate_project(  # type: ignore[no-untyped-call]
            source.uri, source.version, origin.entry_point, dict(origin.parameters)
        )
        project = load_project(str(folder))  # type: ignore[no-untyped-call]
        entry_point = project.get_entry_point(origin.entry_point)
    except (MlflowException, GitError, YAMLError, OSError) as error:
        reason = " ".join(str(error).split())
        raise CannotRerun(f"The project at {origin.uri} cannot be read: {reason}") from error
    declared = entry_point.parameters if entry_point is not None else {}
    if not declared:
        return dict(origin.parameters)
    params = {}
    for name, parameter in declared.items():
        value = origin.parameters.get(name, parameter.default)
        if value is None:
            raise CannotRerun(
                f"The entry point {origin.entry_point!r} needs the param {name!r}, which the run does not "
                "have. Pass --entry-point with the one that made it."
            )
        params[name] = str(value)
    return params


def _experiment(store: Store, named: str | None) -> str | None:
    if named is None:
        return None
    found = store.client.get_experiment_by_name(named)
    if found is not None:
        return str(found.experiment_id)
    try:
        return str(store.client.get_experiment(named).experiment_id)
    except MlflowException:
        return store.client.create_experiment(named)


def _impossible(read: _Read, causes: tuple[RankedCause, ...], error: CannotRerun) -> VerificationReport:
    return VerificationReport(
        read.run.info.run_id,
        read.run.info.run_name or "",
        Result.IMPOSSIBLE,
        f"Cannot be verified: {error}",
        causes,
        causes,
        None,
        (),
        (),
        "nothing could be rerun",
        (),
        0,
        0.0,
    )

"""Overviews of many runs: as a file that a caller asks for, and as an artifact of a parent run.

All runs are counted by the answers that are there anyway; only the few whose curves are
drawn are read again. ``docs/decisions/0030-where-an-overview-goes.md`` says which runs get one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlflow.entities import Run, ViewType

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_OVERVIEW, FLAGGED, TAG_VERDICT, Verdict
from mlflow_bce_monitor.errors import RunError, StoreError, UsageError
from mlflow_bce_monitor.judging import diagnose_alone
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.siblings import PARENT_TAG
from mlflow_bce_monitor.tracking.answers import RunAnswer, State, stored_row
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.reader import ReadFailure
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.pages import runs_from
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.store.search import MissingRun, Selection, look_up
from mlflow_bce_monitor.tracking.writing.links import report_link, run_link
from mlflow_bce_monitor.tracking.writing.reports import Reports

if TYPE_CHECKING:
    from mlflow_bce_monitor.report import overview
    from mlflow_bce_monitor.report.multiples import Box

# Runs named in one search: databases bound the number of values in one statement.
_RUNS_PER_SEARCH: Final = 100
# Runs: one child alone is seen on its own page.
_FEWEST_CHILDREN: Final = 2


class Family(NamedTuple):
    """A parent run, and the experiment of its children."""

    experiment_id: str
    parent: str


class Page(NamedTuple):
    """An overview as HTML, and what could not be drawn, one sentence each."""

    html: str
    notes: tuple[str, ...]


def families_with_news(answers: Iterable[RunAnswer]) -> set[Family]:
    """Return the parents of runs that were evaluated now; unchanged children are no news."""
    return {
        Family(str(answer.row["experiment_id"]), answer.parent)
        for answer in answers
        if answer.parent is not None and answer.state is State.EVALUATED
    }


def overview_page(store: Store, title: str, answers: Sequence[overview.Answer], options: ScanOptions) -> Page:
    """Return the overview of some answers; the runs whose curves it draws are read from the store.

    Raises
    ------
    MlflowException, OSError, StoreError
        The store failed.
    """
    # Only a scan that shows an overview loads what draws it.
    from mlflow_bce_monitor.report import overview  # noqa: PLC0415

    with ThreadPoolExecutor(options.workers or 1, thread_name_prefix="bce-monitor-overview") as pool:
        boxes, notes = _boxes(store, answers, options, pool)
    with_reports = not options.dry_run and options.reports is not Reports.NONE
    links = {str(one["run_id"]): _link(store, one, with_reports=with_reports) for one in answers}
    return Page(overview.render(title, answers, boxes, links), notes)


def _link(store: Store, answer: overview.Answer, *, with_reports: bool) -> str:
    """Return where a run, or its report, is seen; "" for a store that has no UI of its own."""
    flagged = answer["verdict"] is not None and Verdict(answer["verdict"]) in FLAGGED
    link_of = report_link if flagged and with_reports else run_link
    return link_of(store, str(answer["experiment_id"]), str(answer["run_id"])) or ""


def _boxes(
    store: Store, answers: Sequence[overview.Answer], options: ScanOptions, pool: ThreadPoolExecutor
) -> tuple[dict[str, Box | None], tuple[str, ...]]:
    # As above.
    from mlflow_bce_monitor.report import overview  # noqa: PLC0415
    from mlflow_bce_monitor.report.multiples import box_of  # noqa: PLC0415

    wanted = overview.sample(answers)
    experiments = sorted({str(answer["experiment_id"]) for answer in answers if answer["run_id"] in wanted})
    runs = list(_runs(store, experiments, wanted))
    boxes: dict[str, Box | None] = dict.fromkeys(wanted)
    notes: list[str] = []
    reader = reader_of(store)
    try:
        for run, record in zip(runs, reader.read(runs, pool, ahead=1), strict=True):
            if isinstance(record, ReadFailure):
                notes.append(f"The curve of run {record.run_id} is not in the overview: {record.why}.")
                continue
            try:
                boxes[run.info.run_id] = box_of(diagnose_alone(record, options.question, options.limits))
            except RunError as error:
                notes.append(f"The curve of run {record.run_id} is not in the overview: {error}")
    finally:
        reader.close()
    return boxes, tuple(notes)


def _runs(store: Store, experiments: Sequence[str], run_ids: Sequence[str]) -> Iterator[Run]:
    for start in range(0, len(run_ids), _RUNS_PER_SEARCH):
        chunk = run_ids[start : start + _RUNS_PER_SEARCH]
        quoted = ", ".join(f"'{run_id}'" for run_id in chunk)
        yield from store.client.search_runs(
            list(experiments),
            filter_string=f"attributes.run_id IN ({quoted})",
            run_view_type=ViewType.ACTIVE_ONLY,
            max_results=len(chunk),
        )


def write_overview(
    store: Store,
    selection: Selection,
    answers: Sequence[overview.Answer],
    options: ScanOptions,
    path: Path,
) -> tuple[str, ...]:
    """Write the overview of a scan to a file; return what it could not show.

    Raises
    ------
    StoreError
        The store failed.
    UsageError
        The file cannot be written.
    """
    try:
        page = overview_page(store, _title(selection, answers), answers, options)
    except STORE_FAILURES as error:
        raise StoreError(f"The curves of the overview cannot be read: {reason(error)}") from error
    try:
        path.write_text(page.html, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The overview cannot be written to {path}: {error.strerror or error}.") from error
    return page.notes


def _title(selection: Selection, answers: Sequence[overview.Answer]) -> str:
    met = {str(answer["experiment_id"]) for answer in answers}
    names = [one.name for one in selection.experiments if one.experiment_id in met]
    if not names:
        return "1 run" if len(answers) == 1 else f"{len(answers):,} runs"
    return names[0] if len(names) == 1 else f"{len(names):,} experiments"


def write_parent_overviews(store: Store, families: Iterable[Family], options: ScanOptions) -> tuple[str, ...]:
    """Give each parent run an overview of its children; return what was left out, one sentence each.

    An overview is an extra: a parent that is gone or refuses costs a note, and the others go on.
    """
    if options.dry_run or options.reports is Reports.NONE:
        return ()
    return tuple(note for family in sorted(families) for note in _try_parent(store, family, options))


def _try_parent(store: Store, family: Family, options: ScanOptions) -> tuple[str, ...]:
    try:
        return _write_to_parent(store, family, options)
    except STORE_FAILURES as error:
        return (f"Parent run {family.parent} got no overview: {reason(error)}.",)


def _write_to_parent(store: Store, family: Family, options: ScanOptions) -> tuple[str, ...]:
    parent = look_up(store, family.parent)
    if isinstance(parent, MissingRun):
        return (f"Parent run {family.parent} got no overview: {parent.why}",)
    of_parent = f"tags.`{PARENT_TAG}` = '{family.parent}'"
    found = runs_from(store.client, [family.experiment_id], 0, of_parent)
    answers = [
        stored_row(child)
        for child in found
        if not isinstance(child, MissingRun) and TAG_VERDICT in child.data.tags
    ]
    if len(answers) < _FEWEST_CHILDREN:
        return ()
    title = plain(parent.info.run_name or "") or parent.info.run_id
    page = overview_page(store, title, answers, options)
    with tempfile.TemporaryDirectory(prefix="bce-monitor-") as folder:
        file = Path(folder) / ARTIFACT_OVERVIEW
        file.write_text(page.html, encoding="utf-8")
        store.client.log_artifact(family.parent, str(file), ARTIFACT_FOLDER)
    return page.notes

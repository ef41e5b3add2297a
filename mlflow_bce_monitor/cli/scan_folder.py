"""``bce-monitor scan --histories``: exported histories, without a tracking server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.columnar.needed import need_pyarrow
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.store.in_order import in_order

if TYPE_CHECKING:
    from mlflow_bce_monitor.cli.tally import Tally
    from mlflow_bce_monitor.columnar.folder import Work
    from mlflow_bce_monitor.pipeline import Question

Answer = Mapping[str, Any]

# Parts that are begun before they are asked for, beyond one a process: no process waits for the output.
_AHEAD: Final = 1


def refuse_store_options(given: Mapping[str, object]) -> None:
    """Raise UsageError when an option was given that only a tracking store can follow."""
    names = [name for name, value in given.items() if value]
    if names:
        raise UsageError(
            f"{' and '.join(names)} cannot be used with --histories: exported files are read, and no "
            "tracking store. Write the answers back with 'bce-monitor apply'."
        )


def scan_folder(
    folder: Path,
    experiments: tuple[str, ...],
    question: Question,
    workers: int | None,
    table: Path | None,
    form: str,
    out: TextIO,
) -> Tally:
    """Diagnose the runs of a folder that ``bce-monitor export`` wrote, and print them.

    Parameters
    ----------
    folder
        Where they lie.
    experiments
        Ids of the experiments to diagnose; () for all.
    question
        What the caller says about the runs.
    workers
        Processes; None for one.
    table
        Where the table of diagnoses is written, None for nowhere.
    form, out
        What is printed, and where.

    Raises
    ------
    UsageError
        No such folder or experiment, or pyarrow is missing.
    """
    need_pyarrow("Reading exported histories")
    from mlflow_bce_monitor.cli.interruption import finish_on_interrupt  # noqa: PLC0415 - for quick help
    from mlflow_bce_monitor.cli.output import OUTPUTS  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.cli.progress import progress_bar  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.cli.tally import Tally  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.columnar.table import TableWriter, contract_of  # noqa: PLC0415 - loads pyarrow
    from mlflow_bce_monitor.tracking.answers import RunAnswer, State  # noqa: PLC0415 - loads MLflow

    works = _works(folder, experiments)
    tally = Tally()
    with ExitStack() as stack:
        add_row = stack.enter_context(OUTPUTS[form](out))
        writer = TableWriter(table) if table else None
        whole = False
        if writer is not None:
            stack.callback(lambda: writer.close(whole=whole))
        stop = stack.enter_context(finish_on_interrupt())
        expect, advance = stack.enter_context(progress_bar())
        for answers in _diagnosed(works, question, workers or 1):
            expect(len(answers))
            for answer in answers:
                row = contract_of(answer)
                add_row(row)
                tally.add(RunAnswer(row, State.EVALUATED if row["error"] is None else State.FAILED))
                if writer is not None:
                    writer.add(answer)
                advance()
            if stop.is_set():
                raise Interrupted("No table was written; exported files are diagnosed from the start again.")
        whole = True
    return tally


def tell_folder(tally: Tally, table: Path | None, out: TextIO | None) -> None:
    """Print the end of a scan of exported files: to standard error where the answer is for a script."""
    lines = [tally.summary(), *tally.errors]
    if out is not None:
        lines += [f"{run.verdict}: {run.name} ({run.run_id})" for run in tally.flagged]
        more = tally.n_flagged - len(tally.flagged)
        lines += [f"and {more:,} more runs in trouble"] if more else []
    if table is not None:
        lines.append(f"Write the answers to the runs: bce-monitor apply {table}")
    for line in lines:
        click.echo(plain(line), file=out, err=out is None)


def _works(folder: Path, experiments: tuple[str, ...]) -> Iterator[Work]:
    from mlflow_bce_monitor.columnar.folder import (  # noqa: PLC0415 - loads pyarrow
        check_layout,
        experiments_of,
        parts_of,
        works_of,
    )

    check_layout(folder)
    exported = experiments_of(folder)
    unknown = [one for one in experiments if one not in exported]
    if unknown:
        raise UsageError(
            f"{folder} holds no experiment with the id {' or '.join(map(repr, unknown))}. Names are not kept "
            f"in exported files; it has {len(exported):,} experiments, such as {', '.join(exported[:3])}."
        )

    def read() -> Iterator[Work]:
        for experiment_id in exported:
            if not experiments or experiment_id in experiments:
                yield from works_of(parts_of(folder, experiment_id))

    return read()


def _diagnosed(works: Iterator[Work], question: Question, workers: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the answers of each part in order."""
    from mlflow_bce_monitor.columnar.folder import diagnosed  # noqa: PLC0415 - loads pyarrow

    if workers == 1:
        for work in works:
            yield diagnosed(work, question)
        return
    # Not forked: pyarrow's threads would be missing in the child.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from in_order(pool, (partial(diagnosed, work, question) for work in works), workers + _AHEAD)

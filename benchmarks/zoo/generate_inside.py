"""Repeat trainings with the callback, and probe their models: ``python -m benchmarks.zoo.generate_inside``.

Resumable, as ``generate``. The work folder keeps the trained models in ``taught/`` and what was found in
``inside/``: without the latter the same models are probed anew. Of the trainings on labels all those in
trouble are repeated, and every fourth of the others: what they are asked is whether anything healthy is
called ill.
"""

from __future__ import annotations

import gzip
import os
import pickle
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from benchmarks.zoo.blocks import BLOCKS
from benchmarks.zoo.generate import QUIET, RUNS_A_PROCESS, enter_experiment, enter_work, in_its_experiment
from benchmarks.zoo.inside import Inside, Probed
from benchmarks.zoo.traces import Specimen
from mlflow_bce_monitor.contract import FLAGGED
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.taught import Taught

EVERY_HEALTHY: Final = 4
"""One in so many trainings that are in no trouble is repeated."""

BUDGET: Final = 12.0
"""Seconds of processor time for the probes of one model: what comes out must not hang on how busy the machine
is."""

SEED: Final = 0
"""Of the probes."""


def chosen(block: str, traces: Path) -> list[Specimen]:
    """Return the trainings of a block to repeat, in an order in which any beginning is a fair sample."""
    from benchmarks.zoo.catalogue import all_plans  # noqa: PLC0415 - imports Keras, after QUIET is set
    from benchmarks.zoo.traces import read  # noqa: PLC0415 - as above
    from benchmarks.zoo.truth import judge  # noqa: PLC0415 - as above

    specimens = [one for one in read(traces) if one.plan.family == "labels"]
    truths = judge([(one.plan, one.record, one.outcome) for one in specimens])
    by_id = {one.plan.plan_id: (one, truth) for one, truth in zip(specimens, truths, strict=True)}
    ordered = [by_id[plan.plan_id] for plan in all_plans() if plan.block == block and plan.plan_id in by_id]
    healthy = [one for one, truth in ordered if truth.verdict not in FLAGGED]
    kept = {one.plan.plan_id for one in healthy[::EVERY_HEALTHY]}
    return [one for one, truth in ordered if truth.verdict in FLAGGED or one.plan.plan_id in kept]


def interleaved(parts: Sequence[Sequence[Specimen]]) -> list[Specimen]:
    """Return all of them in an order of which any beginning holds the same share of every part."""
    placed = [
        ((place + 0.5) / len(part), which, specimen)
        for which, part in enumerate(parts)
        for place, specimen in enumerate(part)
    ]
    return [specimen for *_, specimen in sorted(placed, key=lambda one: one[:2])]


def _repeat(specimen: Specimen, budget: float) -> str:
    """Train again with the callback, probe, and keep what was measured; return a line about it.

    ``budget`` are the probes' seconds; with 0 none is made.
    """
    from benchmarks.zoo.taught import keep, teach  # noqa: PLC0415 - in this process only

    plan, work = specimen.plan, Path.cwd()
    before = time.process_time()
    enter_experiment(plan.experiment, work)
    taught = teach(plan, work / "taught")
    seconds = time.process_time() - before
    probes, found = _probes(taught, budget) if budget else ((), "not probed")
    again = in_its_experiment(Specimen(plan, taught.record, taught.outcome))
    keep(_file_of(work, plan.plan_id), Inside(again, probes))
    same = "" if _same_loss(specimen.record, again.record) else ", with other digits than in the traces"
    return f"{plan.plan_id}, {seconds:.1f} s: {found}{same}"


def _probes(taught: Taught, budget: float) -> tuple[tuple[Probed, ...], str]:
    """Probe a model; return what was found, and a line about it."""
    from benchmarks.zoo.taught import probe_again  # noqa: PLC0415 - in this process only

    report = probe_again(taught, budget, SEED)
    probes = [Probed(one.name, str(one.answer), one.numbers, round(one.seconds, 3)) for one in report.results]
    return tuple(probes), f"{report.cause}, probed in {report.seconds:.1f} s"


def _same_loss(before: RunRecord, again: RunRecord) -> bool:
    """Whether the loss of the first training came again to the last bit, as on the same machine it does."""
    losses = [one.histories.get("loss") for one in (before, again)]
    return losses[0] is None or (
        losses[1] is not None and losses[0].values.tobytes() == losses[1].values.tobytes()
    )


def _file_of(work: Path, plan_id: str) -> Path:
    return work / "inside" / f"{plan_id}.pickle.gz"


def _assemble(work: Path, output: Path) -> int:
    """Write what the work folder and the file hold together; return the number of trainings."""
    from benchmarks.zoo.inside import read, write  # noqa: PLC0415 - loads pyarrow

    found = {one.specimen.plan.plan_id: one for one in read(output)} if output.exists() else {}
    for path in sorted((work / "inside").glob("*.pickle.gz")):
        # Our own file in our own work folder.
        inside: Inside = pickle.loads(gzip.decompress(path.read_bytes()))  # noqa: S301
        found[inside.specimen.plan.plan_id] = inside
    unfinished = output.with_suffix(".partial")
    write([found[plan_id] for plan_id in sorted(found)], unfinished)
    unfinished.rename(output)
    return len(found)


def _held_by(output: Path) -> set[str]:
    """Return which trainings a file holds."""
    from benchmarks.zoo.inside import read  # noqa: PLC0415 - loads pyarrow

    return {one.specimen.plan.plan_id for one in read(output)} if output.exists() else set()


@click.command()
@click.option(
    "--block", "blocks", type=click.Choice(BLOCKS), multiple=True, default=BLOCKS, show_default=True
)
@click.option(
    "--work", type=click.Path(file_okay=False, path_type=Path), default=Path("zoo-work"), show_default=True
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: the repository's own file."
)
@click.option("--limit", type=int, help="Only the first so many of each block.")
@click.option("--missing", is_flag=True, help="Only those that the file does not hold.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    default=BUDGET,
    show_default=True,
    help="Seconds for the probes of a model; 0 for none.",
)
def generate(
    blocks: tuple[str, ...],
    work: Path,
    output: Path | None,
    limit: int | None,
    missing: bool,  # noqa: FBT001 - a flag of the command
    budget: float,
) -> None:
    """Repeat trainings with the callback, probe their models, and write what was measured."""
    os.environ.update(QUIET)
    from benchmarks.zoo.inside import INSIDE  # noqa: PLC0415 - imports what is not needed for --help
    from benchmarks.zoo.traces import TRACES  # noqa: PLC0415 - as above

    output, work = (output or INSIDE).resolve(), work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    wanted = interleaved([chosen(block, TRACES)[:limit] for block in blocks])
    held = _held_by(output) if missing else set()
    left = [
        one
        for one in wanted
        if one.plan.plan_id not in held and not _file_of(work, one.plan.plan_id).exists()
    ]
    started = time.monotonic()
    with get_context("spawn").Pool(1, enter_work, (work,), maxtasksperchild=RUNS_A_PROCESS) as pool:
        for place, line in enumerate(pool.imap(partial(_repeat, budget=budget), left), start=1):
            minutes = (time.monotonic() - started) / 60
            click.echo(f"{place}/{len(left)}, {minutes:.1f} min: {line}", err=True)
    click.echo(f"{_assemble(work, output)} trainings in {output}")


if __name__ == "__main__":
    generate()

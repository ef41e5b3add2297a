"""Write docs/explained/: what `bce-monitor explain RUN` says about ten real trainings, beside what is true.

    PYTHONPATH=. python docs/explained.py                        # all ten
    PYTHONPATH=. python docs/explained.py --only dead_relu       # one of them

The trainings come from the development block of the fault zoo (benchmarks/zoo). Each is written,
with the runs of its experiment, into a new MLflow store, and the real command is run on it.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

from benchmarks.diagnosis.cases import Case, case_of
from benchmarks.zoo.blocks import DEVELOPMENT
from benchmarks.zoo.outcome import Outcome
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.traces import load
from benchmarks.zoo.truth import Truth
from mlflow_bce_monitor import evaluate_run
from mlflow_bce_monitor.contract import NO_CAUSE, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report.numbers import probability

HERE = Path(__file__).parent
FOLDER = HERE / "explained"
INDEX = "README.md"
WIDTH: Final = 100
"""Columns of the terminal that the examples are printed in."""

LEAST_SHOWN: Final = 0.01
"""Probability below which a cause is not worth naming in the index."""

POINTS_A_CALL: Final = 1_000
"""Metric points in one call: the most that MLflow takes."""

Run = tuple[RunRecord, Truth]


@dataclass(frozen=True)
class Wanted:
    """One example: which run is taken, in words and as a test on the truth."""

    name: str
    which: str
    holds: Callable[[Truth], bool]


def _of_fault(fault: str) -> Wanted:
    return Wanted(
        fault,
        f"is a classifier with the fault `{fault}` and in trouble because of it",
        lambda truth: (truth.plan.family, truth.plan.fault) == ("labels", fault) and fault in truth.causes,
    )


def _without_fault(kind: str, verdict: Verdict, which: str) -> Wanted:
    return Wanted(kind, which, lambda truth: truth.plan.kind == kind and truth.verdict is verdict)


WANTED: Final = (
    *map(
        _of_fault,
        (
            "learning_rate_too_high",
            "learning_rate_too_low",
            "no_signal",
            "class_imbalance",
            "dead_relu",
            "output_loss_mismatch",
        ),
    ),
    _without_fault("escaped", Verdict.ESCAPED, "stands on a plateau at chance and then learns"),
    _without_fault("hard", Verdict.LEARNING, "learns what little can be learned under noisy labels"),
    _without_fault("benign", Verdict.BENIGN, "is at chance where that is normal"),
)
"""Nine examples: of each the first development run, in the order of the file, on which one verdict alone
is right and the test holds."""

RIGHT: Final = "right"
WRONG: Final = "**wrong**"
LEFT_OPEN: Final = "left open"

MISTAKEN: Final = "mistaken"
"""The tenth: the development run whose wrong answer is given with the highest probability."""


@dataclass(frozen=True)
class Example:
    """One run that was explained.

    Attributes
    ----------
    which
        Why this run: the end of the sentence "the first that ...".
    printed
        What the command printed.
    case
        Truth and answer, as the benchmark compares them.
    """

    name: str
    which: str
    truth: Truth
    printed: str
    diagnosis: Diagnosis
    case: Case

    @property
    def verdict_was(self) -> str:
        """How good the verdict is, in a word."""
        return RIGHT if self.case.is_right else WRONG

    @property
    def cause_was(self) -> str:
        """How good the first answer is, in a word or two; "" where there is nothing to compare."""
        if not self.case.candidates(grouped=True)[:1] or not self.case.has_established_cause:
            return ""
        if not self.case.candidates(grouped=True)[0].is_named:
            return LEFT_OPEN
        return RIGHT if cause_is_right(self.case) else WRONG

    @property
    def other_verdicts(self) -> list[str]:
        """Verdicts that are not wrong either."""
        return sorted(verdict.value for verdict in self.truth.acceptable - {self.truth.verdict})

    @property
    def true_causes(self) -> list[str]:
        """Causes that are not wrong; [] without trouble."""
        return sorted(self.truth.causes - {NO_CAUSE})


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Write only these examples, and no index.")
@click.option("--output", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(only: tuple[str, ...], output: Path) -> None:
    """Pick the runs, explain them, and write the files."""
    runs = [(record, truth) for record, truth in load() if truth.plan.block == DEVELOPMENT]
    chosen = picked(runs, only)
    output.mkdir(parents=True, exist_ok=True)
    examples = []
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        wanted_experiments = {record.experiment_id for _, (record, _) in chosen}
        beside = [record for record, _ in runs if record.experiment_id in wanted_experiments]
        run_ids = write_runs(beside, uri, Path(folder, "artifacts"))
        for wanted, run in chosen:
            example = explained(wanted, run, run_ids[run[0].run_id], uri)
            (output / f"{example.name}.txt").write_text(example.printed, encoding="utf-8")
            click.echo(f"{output / example.name}.txt written", err=True)
            examples.append(example)
    if not only:
        _remove_others(output, examples)
        (output / INDEX).write_text(index(examples), encoding="utf-8")
        click.echo(f"{output / INDEX} written from {len(examples)} runs")


def _remove_others(output: Path, examples: Iterable[Example]) -> None:
    """Remove examples of an earlier call that are none any more."""
    names = {f"{example.name}.txt" for example in examples}
    for path in output.glob("*.txt"):
        if path.name not in names:
            path.unlink()


# --- which runs ----------------------------------------------------------------------


def picked(runs: Sequence[Run], only: Sequence[str] = ()) -> list[tuple[Wanted, Run]]:
    """Return each example with its run.

    Parameters
    ----------
    runs
        Runs of the development block in the order of the file.
    only
        Names of examples; () for all.

    Raises
    ------
    click.BadParameter
        When there is no example of such a name.
    """
    unknown = set(only) - {MISTAKEN, *(wanted.name for wanted in WANTED)}
    if unknown:
        raise click.BadParameter(f"there is no example {', '.join(sorted(unknown))}", param_hint="--only")
    found = [
        (wanted, run)
        for wanted in WANTED
        if not only or wanted.name in only
        for run in itertools.islice((run for run in runs if run[1].is_clear and wanted.holds(run[1])), 1)
    ]
    if not only or MISTAKEN in only:
        taken = {run[0].run_id for _, run in found}
        others = [run for run in runs if run[0].run_id not in taken]
        found += [(_WORST, run) for run in _most_mistaken(others)]
    return found


_WORST: Final = Wanted(
    MISTAKEN, "whose wrong cause is named with the highest probability of all wrong causes", lambda _: False
)


def _most_mistaken(runs: Sequence[Run]) -> Iterator[Run]:
    """Yield the run whose wrong first answer is given with the highest probability, nothing without one."""
    wrong = []
    for run in runs:
        case = case_of(*run, diagnose(run[0]))
        if cause_is_right(case) is False and case.candidates(grouped=True)[0].is_named:
            wrong.append((case.candidates(grouped=True)[0].probability, run))
    yield from (run for _, run in sorted(wrong, key=lambda pair: -pair[0])[:1])


def cause_is_right(case: Case) -> bool | None:
    """Whether the first answer of a case holds a true cause; None where there is nothing to compare."""
    candidates = case.candidates(grouped=True)
    if not candidates or not case.has_established_cause:
        return None
    return case.accepts(candidates[0])


# --- the real command on a real store ------------------------------------------------


def explained(wanted: Wanted, run: Run, run_id: str, uri: str) -> Example:
    """Explain a run that is in the store under this id."""
    record, truth = run
    diagnosis = evaluate_run(run_id, tracking_uri=uri, dry_run=True)
    # The store gave the run an id of its own; the one it was trained under does not change.
    printed = explain(run_id, uri).replace(run_id, record.run_id)
    case = case_of(record, truth, diagnosis)
    return Example(wanted.name, wanted.which, truth, printed, diagnosis, case)


def explain(run_id: str, uri: str) -> str:
    """Return what `bce-monitor explain RUN` prints, without the blanks that fill its lines.

    Raises
    ------
    click.ClickException
        When the command fails.
    """
    command = [sys.executable, "-m", "mlflow_bce_monitor", "explain", run_id, "--tracking-uri", uri]
    environment = {**os.environ, "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n") + "\n"


def write_runs(records: Sequence[RunRecord], uri: str, artifacts: Path) -> dict[str, str]:
    """Log runs into a new store as they were logged first, in the order they were started.

    Returns
    -------
    dict
        The id a run had to the id it has in this store.
    """
    client = MlflowClient(uri)
    experiments = {
        name: client.create_experiment(name, artifact_location=(artifacts / name).as_uri())
        for name in sorted({f"experiment {record.experiment_id}" for record in records})
    }
    in_order = sorted(records, key=lambda record: record.start_time or 0)
    return {
        record.run_id: _write_run(client, experiments[f"experiment {record.experiment_id}"], record)
        for record in in_order
    }


def _write_run(client: MlflowClient, experiment: str, record: RunRecord) -> str:
    run = client.create_run(
        experiment,
        start_time=record.start_time,
        run_name=record.run_name or None,
        tags={name: value for name, value in record.tags.items() if name != "mlflow.runName"},
    )
    run_id = str(run.info.run_id)
    client.log_batch(run_id, params=[Param(name, value) for name, value in record.params.items()])
    points = _points(record)
    while batch := list(itertools.islice(points, POINTS_A_CALL)):
        client.log_batch(run_id, metrics=batch)
    client.log_inputs(run_id, datasets=list(_inputs(record)))
    if record.model_summary is not None:
        client.log_text(run_id, record.model_summary, "model_summary.txt")
    client.set_terminated(run_id, record.status, record.end_time)
    return run_id


def _points(record: RunRecord) -> Iterator[Metric]:
    for name, history in record.histories.items():
        for step, timestamp, value in zip(
            history.steps.tolist(), history.timestamps.tolist(), history.values.tolist(), strict=True
        ):
            yield Metric(name, value, timestamp, step)


def _inputs(record: RunRecord) -> Iterator[DatasetInput]:
    for given in record.datasets:
        tags = [InputTag("mlflow.data.context", given.context)] if given.context else []
        profile = json.dumps(given.profile)
        yield DatasetInput(Dataset(given.name, given.digest, given.source_type, "{}", profile=profile), tags)


# --- the index -----------------------------------------------------------------------


def index(examples: Sequence[Example]) -> str:
    """Return the page that lists the examples, with the truth beside the answer."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown, and every word in it is ours
    )
    environment.filters.update(
        injected=injected, measured=measured, trained=trained, answered=answered, code=_code
    )
    has_mistaken = any(example.name == MISTAKEN for example in examples)
    template = environment.get_template(f"{INDEX}.jinja")
    return template.render(examples=examples, mistaken=MISTAKEN, has_mistaken=has_mistaken)


def _code(words: Iterable[str]) -> list[str]:
    return [f"`{word}`" for word in words]


def injected(plan: TrainingPlan) -> str:
    """Return what was done to a training: "`dead_relu` (bias -10)", "nothing"."""
    if plan.fault == "none" or plan.kind == "benign":
        return "nothing"
    return f"`{plan.fault}` ({plan.severity})" if plan.severity else f"`{plan.fault}`"


def trained(plan: TrainingPlan) -> str:
    """Return what was trained and how, in a phrase."""
    optimiser = plan.optimiser
    epochs = f"{optimiser.epochs} epochs of batches of {optimiser.batch_size}"
    rate = f"{optimiser.name} at {optimiser.learning_rate:.3g}"
    return f"{plan.network.architecture} on {plan.data.name}, {plan.data.rows:,} rows, {rate}, {epochs}"


def measured(outcome: Outcome) -> str:
    """Return what the finished model does, from its predictions."""
    if not math.isfinite(outcome.judged_skill):
        return "its predictions are not numbers"
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    fitted, judged = round(outcome.train_skill, 2) + 0.0, round(outcome.judged_skill, 2) + 0.0
    parts = [
        f"skill {fitted:.2f} on its training rows",
        f"{judged:.2f} on rows it was not trained on, with an AUC of {outcome.judged_auc:.2f}",
        f"its predictions spread by {outcome.prediction_spread:.2g}",
    ]
    if outcome.dead_unit_share:
        parts.append(f"{outcome.dead_unit_share:.0%} of the units of a hidden layer are dead")
    return "; ".join(parts)


def answered(example: Example) -> str:
    """Return what the tool said, in a phrase: "`stalled`; `dead_relu` 41%, `constant_inputs` 22%"."""
    first = ", ".join(
        f"`{one.cause}` {probability(one.probability)}"
        for one in example.diagnosis.causes[:3]
        if one.probability >= LEAST_SHOWN
    )
    return f"`{example.diagnosis.verdict}`" + (f"; {first}" if first else "")


if __name__ == "__main__":
    main()

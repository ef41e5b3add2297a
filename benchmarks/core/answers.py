"""Whether a change of the code changed an answer: a digest of everything in the diagnosis of every run.

    python -m benchmarks.core.answers write answers.json      # with the code as it was
    python -m benchmarks.core.answers compare answers.json    # with the code as it is
    python -m benchmarks.core.answers compare answers.json --together 100    # runs diagnosed together

The runs are those of the zoo as they were logged, without their params, with a stated base rate, cut short,
and shuffled; and made runs. Each digest is over every field of the diagnosis, facts and sources and
clauses included, and every number by its full digits.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from benchmarks.core.made import made_runs
from benchmarks.diagnosis.bare import without_params
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.pipeline import Question, diagnose_many
from mlflow_bce_monitor.records import MetricHistory, RunRecord

MADE: Final = 600
"""Made runs that are asked."""

_PLAIN: Final = (str, int, float, bool, type(None))

SHOWN: Final = 10
"""Names of runs whose answer changed that are printed."""


def digest_of(value: object) -> str:
    """Return a digest of a diagnosis, or of any part of one: equal where everything in it is."""
    text = json.dumps(plain(value), separators=(",", ":"), allow_nan=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def plain(value: object) -> Any:
    """Return a value as lists, dicts and texts that hold all of it; numbers keep every digit."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, _PLAIN) else _parts(value)


def _parts(value: object) -> list[Any]:
    if isinstance(value, Evidence):
        return [plain(fact) for fact in value.facts()]
    if is_dataclass(value):
        return [type(value).__name__, *(plain(getattr(value, one.name)) for one in fields(value))]
    if isinstance(value, Mapping):
        return [[plain(key), plain(each)] for key, each in value.items()]
    if isinstance(value, np.ndarray):
        return [str(value.dtype), *value.tolist()]
    if isinstance(value, (list, tuple)):
        named = [type(value).__name__] if hasattr(value, "_fields") else []
        return [*named, *(plain(one) for one in value)]
    raise TypeError(f"{value!r} is no part of a diagnosis that a digest is known for")


def questions() -> Iterator[tuple[str, RunRecord, Question]]:
    """Yield (name, run, question) of everything that is asked."""
    # The traces need pyarrow, the functions above do not.
    from benchmarks.zoo.traces import load  # noqa: PLC0415

    records = [record for record, _ in load()]
    for record in records:
        yield f"{record.run_id} as logged", record, Question()
        yield f"{record.run_id} without params", without_params(record), Question()
        yield f"{record.run_id} with a base rate", record, Question(base_rate=0.3)
    for number, record in enumerate(records):
        yield f"{record.run_id} cut short", _cut(record, 3 + number % 40), Question()
        yield f"{record.run_id} shuffled", _shuffled(record, number), Question()
        names = tuple(record.histories)[number % 3 : number % 3 + 2]
        yield f"{record.run_id} judged by {', '.join(names)}", record, Question(metrics=names)
    for made in made_runs(MADE):
        yield f"made {made.record.run_name}", made.record, Question()


def answers(together: int = 1) -> dict[str, str]:
    """Return name to digest of everything that is asked.

    Parameters
    ----------
    together
        Runs with the same question that are diagnosed together.
    """
    waiting: dict[Question, dict[str, RunRecord]] = {}
    found: dict[str, str] = {}
    for name, record, question in questions():
        some = waiting.setdefault(question, {})
        some[name] = record
        if len(some) == together:
            found |= _answers(waiting.pop(question), question)
    for question, some in waiting.items():
        found |= _answers(some, question)
    return found


def _answers(runs: Mapping[str, RunRecord], question: Question) -> dict[str, str]:
    said = diagnose_many(runs.values(), question)
    return {
        name: str(answer) if isinstance(answer, RunError) else digest_of(answer)
        for name, answer in zip(runs, said, strict=True)
    }


def _cut(record: RunRecord, points: int) -> RunRecord:
    return _with_points(record, slice(0, points))


def _shuffled(record: RunRecord, seed: int) -> RunRecord:
    """Return the run as a store might hand it over: out of order, with some points twice."""
    random = np.random.default_rng(seed)
    longest = max((len(history) for history in record.histories.values()), default=0)
    order = random.integers(0, max(longest, 1), size=2 * longest)
    return _with_points(record, order)


def _with_points(record: RunRecord, chosen: slice | np.ndarray) -> RunRecord:
    def picked(history: MetricHistory) -> MetricHistory:
        at = chosen if isinstance(chosen, slice) else chosen[chosen < len(history)]
        return MetricHistory(history.name, history.steps[at], history.timestamps[at], history.values[at])

    return replace(record, histories={name: picked(one) for name, one in record.histories.items()})


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of the questions whose answers differ, or that only one side was asked."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


@click.command()
@click.argument("what", type=click.Choice(["write", "compare"]))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--together", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at a time.")
def main(what: str, path: Path, together: int) -> None:
    """Write the digests of all answers, or compare them with those written before."""
    now = answers(together)
    if what == "write":
        path.write_text(json.dumps(now, indent=0), encoding="utf-8")
        click.echo(f"{len(now)} answers written to {path}")
        return
    different = changed(json.loads(path.read_text(encoding="utf-8")), now)
    click.echo(f"{len(now)} answers, {len(different)} changed" + _shown(different))
    sys.exit(1 if different else 0)


def _shown(names: Sequence[str]) -> str:
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return "".join(f"\n  {name}" for name in [*names[:SHOWN], *more])


if __name__ == "__main__":
    main()

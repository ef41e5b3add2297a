"""Measure how fast the pure core is, beside what else looks at such curves.

    python -m benchmarks.core [--runs 600] [--rounds 3]

All contenders run in one process, by turns, on one core, and are timed by the processor time they
take. What counts are the ratios: how many runs a second are is a matter of the machine and of its load.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import click

from benchmarks.core import contenders, start_up
from benchmarks.core.bounds import TOLERANCE, Hits
from benchmarks.core.contenders import PENALTIES, Timed
from benchmarks.core.made import POINTS, made_runs
from benchmarks.performance import kept

OURS: Final = "our diagnosis"
DETECTOR: Final = "our detector, both losses"
Round = Mapping[str, Timed]


@click.command(help=__doc__)
@click.option("--runs", type=click.IntRange(min=6), default=600, show_default=True, help="Made runs.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--zoo/--no-zoo", default=True, help="Time the runs of the zoo as well.")
@click.option("--write", is_flag=True, help="Keep the numbers for docs/performance.md.")
def main(runs: int, rounds: int, *, zoo: bool, write: bool) -> None:
    """Print one table for each set of runs, and one for the start-up."""
    command = f"python -m benchmarks.core --runs {runs} --rounds {rounds}{'' if zoo else ' --no-zoo'}"
    with kept("core", command, write=write):
        _all(runs, rounds, zoo=zoo)


def _all(runs: int, rounds: int, *, zoo: bool) -> None:
    made = made_runs(runs)
    records = [one.record for one in made]
    few = made[: max(len(made) // 10, 6)]
    best = max(PENALTIES, key=lambda factor: _f1(contenders.pelt(few, factor)))
    click.echo(f"\n{runs} made runs of 3 metrics x {POINTS} points, {rounds} rounds")
    timed = by_turns(
        {
            OURS: lambda: contenders.our_diagnosis(records),
            "our diagnosis, run by run": lambda: contenders.our_diagnosis_alone(records),
            DETECTOR: lambda: contenders.our_detector(made),
            "our detector, curve by curve": lambda: contenders.our_detector_alone(made),
            "runmedic, its checks": lambda: contenders.runmedic(records),
        },
        rounds,
    )
    # Pelt takes so long that a tenth of the runs is asked; its rate is a run's all the same.
    pelt = f"ruptures, Pelt(l2), {best:g}"
    rival = by_turns({pelt: lambda: contenders.pelt(few, best)}, rounds)
    click.echo("\n".join(table(timed, runs) + table(rival, len(few), rate(timed, OURS, runs))))
    faster = rate(timed, DETECTOR, runs) / rate(rival, pelt, len(few))
    click.echo(f"  on the same losses our detector does {faster:.0f} times what Pelt does")
    click.echo(f"F1 of plateau bounds within {TOLERANCE} points; Pelt's penalty is the best of {PENALTIES}")
    if zoo:
        _of_the_zoo(rounds)
    click.echo(f"\nstart-up, processor time / {start_up.YARDSTICK!r}, {rounds} rounds")
    for name, ratio in start_up.ratios(rounds).items():
        click.echo(f"  {name:45} {ratio:6.2f}")


def _of_the_zoo(rounds: int) -> None:
    # The traces need pyarrow.
    from benchmarks.zoo.traces import load  # noqa: PLC0415

    records = [record for record, _ in load()]
    click.echo(f"\n{len(records)} runs of the zoo, {rounds} rounds")
    timed = by_turns(
        {
            OURS: lambda: contenders.our_diagnosis(records),
            "runmedic, its checks": lambda: contenders.runmedic(records),
        },
        rounds,
    )
    click.echo("\n".join(table(timed, len(records))))


def by_turns(work: Mapping[str, Callable[[], Timed]], rounds: int) -> list[Round]:
    """Return so many rounds in which everyone works once, so that a busy machine slows all alike."""
    return [{name: one() for name, one in work.items()} for _ in range(rounds)]


def rate(rounds: Sequence[Round], name: str, n_runs: int) -> float:
    """Return runs a processor second, the median of the rounds."""
    return statistics.median(n_runs / one[name].seconds for one in rounds)


def table(rounds: Sequence[Round], n_runs: int, ours: float | None = None) -> list[str]:
    """Return a line for each contender: its rate, its rate / that of our diagnosis, its F1.

    Parameters
    ----------
    rounds
        As they were timed.
    n_runs
        Runs of each round.
    ours
        Rate of our diagnosis, None to take it from the rounds.
    """
    base = rate(rounds, OURS, n_runs) if ours is None else ours
    lines = []
    for name in rounds[0]:
        bounds = rounds[0][name].bounds
        of_bounds = "" if bounds is None else f"   F1 {bounds.f1:.3f} {_in_words(bounds)}"
        found = rate(rounds, name, n_runs)
        lines.append(f"  {name:30} {found:9.0f} runs/s   {found / base:8.3f} of our diagnosis{of_bounds}")
    return lines


def _in_words(bounds: Hits) -> str:
    return f"({bounds.right} right, {bounds.wrong} wrong, {bounds.missed} missed)"


def _f1(timed: Timed) -> float:
    return 0.0 if timed.bounds is None else timed.bounds.f1


if __name__ == "__main__":
    main()

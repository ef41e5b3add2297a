"""Fit the weights of all observations on the zoo: ``python -m benchmarks.calibration``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

import mlflow_bce_monitor
from benchmarks.calibration.fit import Strength, fit
from benchmarks.calibration.samples import (
    AS_LOGGED,
    Sample,
    authors_weights,
    every_view,
    samples_from_inside,
    samples_of,
)
from benchmarks.calibration.together import fit_together
from benchmarks.calibration.validation import (
    REPORTED_APART,
    Apart,
    Report,
    blocks_apart,
    cross_validate,
    report,
)
from benchmarks.scorecard.stored import AS_STORED, as_json
from benchmarks.zoo.blocks import FITTED_BLOCKS, FITTED_IN_WORDS
from mlflow_bce_monitor.calibration import FITTED_FILE, Calibration
from mlflow_bce_monitor.scorecards import shipped

WHERE: Final = f"blocks {FITTED_IN_WORDS}"
"""The other block is for the benchmark; nothing here looks at it."""

STRENGTHS: Final = (
    *(Strength(across=across, sparing=sparing) for across in (1.0, 2.0, 4.0) for sparing in (0.6, 1.0)),
    Strength(pieces=1.0, verdicts=2.0, across=2.0),
)
"""How strongly the fit may be held to the authors' weights; cross-validation chooses. With less to pay for a
nat than 0.6, hundreds of weights more are fitted that nobody can read, for a hundredth of log loss."""

DIGITS: Final = 3
"""Digits of the weights kept: the fourth is far inside their error."""

FITTED_PATH: Final = Path(mlflow_bce_monitor.__file__).with_name(FITTED_FILE)
TOGETHER_PATH: Final = Path(shipped.__file__).with_name(shipped.CAUSES_FILE)


@click.command()
@click.option(
    "--traces", type=click.Path(dir_okay=False, path_type=Path), help="Default: the repository's own."
)
@click.option(
    "--inside",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Trainings with the callback and probes. Default: the repository's own.",
)
@click.option("--write", is_flag=True, help=f"Write the weights to the package's {FITTED_FILE}.")
def main(traces: Path | None, inside: Path | None, write: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Choose the strength of the fit by cross-validation, fit on all of its runs, and say how it did."""
    from benchmarks.zoo import inside as repeated  # noqa: PLC0415 - as above
    from benchmarks.zoo.traces import TRACES, load  # noqa: PLC0415 - not for --help

    pairs = [(record, truth) for record, truth in load(traces or TRACES) if truth.plan.block in FITTED_BLOCKS]
    cases = [one for one in repeated.load(inside or repeated.INSIDE) if one.truth.plan.block in FITTED_BLOCKS]
    if not pairs:
        raise click.ClickException(f"{traces or TRACES} holds no run of the {WHERE}")
    samples = samples_of(pairs) + samples_from_inside(cases)
    authors = authors_weights(every_view(pairs, cases))
    groups = len({one.group for one in samples})
    originals = sum(one.view == AS_LOGGED for one in samples)
    click.echo(f"{originals} runs in trouble in {groups} groups of the {WHERE}, {len(authors)} observations")
    reports = {strength: cross_validate(samples, authors, strength) for strength in STRENGTHS}
    for strength, by_view in reports.items():
        for view, of_view in by_view.items():
            click.echo(f"{strength}, {view}: {_in_words(of_view)}")
    best = _chosen(reports)
    click.echo(f"Chosen: {best}")
    apart = list(blocks_apart(samples, authors, best))
    for judged in sorted({one.sample.block for one in apart}):
        as_logged = [one for one in apart if one.sample.block == judged and one.sample.view == AS_LOGGED]
        _say(f"Fitted on all blocks but {judged}, judged on {judged}", as_logged)
    for view in REPORTED_APART:
        _say(f"Blocks apart, {view}", [one for one in apart if one.sample.view == view])
    if write:
        FITTED_PATH.write_text(
            _as_json(fit(samples, authors, best), best, reports[best][AS_LOGGED], samples), encoding="utf-8"
        )
        TOGETHER_PATH.write_text(as_json(fit_together(samples), _about(originals)), encoding="utf-8")
        click.echo(f"Written to {FITTED_PATH.name} and {TOGETHER_PATH.name}")


def _say(what: str, apart: Sequence[Apart]) -> None:
    if apart:
        by_rules = report([(one.sample, one.by_rules) for one in apart])
        in_pool = report([(one.sample, one.in_pool) for one in apart])
        click.echo(f"{what}, rules alone: {_in_words(by_rules)}")
        click.echo(f"{what}, in the pool: {_in_words(in_pool)}")


def _about(n_runs: int) -> str:
    return (
        f"Fitted by python -m benchmarks.calibration --write on the {n_runs} runs in trouble of the fault "
        f"zoo's {WHERE}, each in all the ways in which it can be seen. {AS_STORED}"
    )


def _chosen(reports: Mapping[Strength, Mapping[str, Report]]) -> Strength:
    """Return the strength with the least log loss: a proper score, so calibration counts in it."""
    return min(reports, key=lambda strength: reports[strength][AS_LOGGED].log_loss)


def _in_words(report: Report) -> str:
    right, stated = report.sure
    return (
        f"log loss {report.log_loss:.3f}, first {report.top_1:.3f}, first three {report.top_3:.3f}, "
        f"calibration error {report.error:.3f} ({report.attainable:.3f} if exact), "
        f"of those stated with 0.8 or more {right}/{stated} right, unknown {report.unknown:.3f}"
    )


def _as_json(fitted: Calibration, strength: Strength, report: Report, samples: list[Sample]) -> str:
    groups = len({one.group for one in samples})
    stored = {
        "about": (
            f"Fitted by python -m benchmarks.calibration --write on {report.n} runs in trouble of the fault "
            f"zoo's {WHERE} ({groups} groups of data set and architecture), {strength}. "
            f"Out of fold: {_in_words(report)}."
        ),
        "unknown": round(fitted.unknown, DIGITS),
        "priors": _rounded(fitted.priors),
        "pieces": _rounded(fitted.pieces),
        "across": {key: _rounded(weights) for key, weights in sorted(fitted.across.items())},
        "verdicts": _rounded(
            {name: weight for name, weight in fitted.verdicts.items() if abs(weight) > _NOTHING}
        ),
    }
    return json.dumps(stored, indent=1) + "\n"


_NOTHING: Final = 0.005


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, DIGITS) for name, weight in sorted(weights.items())}


if __name__ == "__main__":
    main()

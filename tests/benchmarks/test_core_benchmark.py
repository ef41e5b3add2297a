"""The benchmark of the core: its made runs, its scores, and the digests of answers."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.core import contenders, start_up
from benchmarks.core.__main__ import OURS, main, rate, table
from benchmarks.core.answers import changed, digest_of, plain
from benchmarks.core.bounds import Hits, hits, together
from benchmarks.core.contenders import Timed
from benchmarks.core.made import KINDS, POINTS, inner_bounds, made_runs
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.pipeline import diagnose


@pytest.mark.parametrize(
    ("true", "found", "expected"),
    [
        ((), (), Hits(0, 0, 0)),
        ((50,), (), Hits(0, 0, 1)),
        ((), (50,), Hits(0, 1, 0)),
        ((50,), (55,), Hits(1, 0, 0)),
        ((50,), (56,), Hits(0, 1, 1)),
        ((50,), (48, 52), Hits(1, 1, 0)),  # one found bound counts for one true one
        ((50, 54), (52,), Hits(1, 0, 1)),
        ((50, 54), (49, 58), Hits(2, 0, 0)),
        ((20, 100, 180), (19, 60, 183), Hits(2, 1, 1)),
    ],
)
def test_hits_match_each_bound_once(true: tuple[int, ...], found: tuple[int, ...], expected: Hits) -> None:
    """A bound is right within five points of a true one that no other was matched with."""
    assert hits(true, found, tolerance=5) == expected


def test_f1_is_that_of_all_curves_together() -> None:
    """Counts are added before they are divided; nothing to find and nothing found is right."""
    both = together([Hits(3, 1, 0), Hits(0, 0, 2)])
    assert both == Hits(3, 1, 2)
    assert both.f1 == pytest.approx(6 / 9)
    assert Hits(0, 0, 0).f1 == 1.0
    assert Hits(0, 1, 0).f1 == 0.0


def test_inner_bounds_leave_the_ends_of_the_curve_out() -> None:
    """A plateau that ends where the next begins has one bound there."""
    assert inner_bounds([(0, 40), (40, POINTS)]) == (40,)
    assert inner_bounds([(0, POINTS)]) == ()
    assert inner_bounds([(30, 60), (90, 120)]) == (30, 60, 90, 120)


def test_made_runs_are_seeded_and_of_all_kinds() -> None:
    """The same seed gives the same points; another seed gives others."""
    first, again, other = made_runs(6), made_runs(6), made_runs(6, seed=1)
    assert tuple(made.kind for made in first) == KINDS
    for one, same, different in zip(first, again, other, strict=True):
        values = one.record.histories["loss"].values
        assert np.array_equal(values, same.record.histories["loss"].values)
        assert not np.array_equal(values, different.record.histories["loss"].values)


def test_made_plateaus_are_flat_and_what_lies_between_is_not() -> None:
    """The truth is true: inside a plateau the loss keeps its level, and it moves from one to the next."""
    for made in made_runs(60):
        values = made.record.histories["loss"].values
        levels = [float(np.median(values[start:end])) for start, end in made.plateaus]
        for level, (start, end) in zip(levels, made.plateaus, strict=True):
            assert np.abs(values[start:end] - level).max() < 6 * 0.004
        assert all(abs(one - other) > 0.05 for one, other in itertools.pairwise(levels))


def test_contenders_find_a_jump() -> None:
    """Pelt, made for jumps, finds the bounds of jumps and stands, and so does the detector."""
    stepped = [made for made in made_runs(36) if made.kind in ("stuck", "jump")]
    assert contenders.our_detector(stepped).bounds == Hits(12, 0, 0)
    assert contenders.our_detector_alone(stepped).bounds == Hits(12, 0, 0)
    rival = contenders.pelt(stepped, 32.0)
    assert rival.bounds is not None
    assert rival.bounds.right == 12
    assert rival.seconds > 0.0


def test_runmedic_is_timed_on_every_run() -> None:
    """Its checks take the runs in the form of its own loader."""
    assert contenders.runmedic([made.record for made in made_runs(6)]).seconds > 0.0


def test_the_table_shows_rates_against_our_diagnosis() -> None:
    """A rate is the median of the rounds; the bounds are those of a round, which are the same in all."""
    rounds = [
        {OURS: Timed(seconds), "other": Timed(2 * seconds, Hits(1, 1, 0))} for seconds in (1.0, 4.0, 2.0)
    ]
    assert rate(rounds, OURS, 100) == 50.0
    ours, other = table(rounds, 100)
    assert ours.split() == [*OURS.split(), "50", "runs/s", "1.000", "of", OURS.split()[0], OURS.split()[1]]
    assert "25 runs/s" in other
    assert "0.500 of our diagnosis" in other
    assert "F1 0.667 (1 right, 1 wrong, 0 missed)" in other


def test_the_command_prints_every_contender() -> None:
    """From beginning to end on a few runs, without the zoo."""
    done = CliRunner().invoke(main, ["--runs", "6", "--rounds", "1", "--no-zoo"], catch_exceptions=False)
    assert done.exit_code == 0
    for name in (
        OURS,
        "run by run",
        "our detector",
        "curve by curve",
        "runmedic",
        "ruptures",
        *start_up.STATEMENTS,
    ):
        assert name in done.output


def test_equal_diagnoses_have_equal_digests_and_any_difference_shows() -> None:
    """The last bit of a fact, its source, and a clause count."""
    made = made_runs(1)[0].record
    diagnosis = diagnose(made)
    assert digest_of(diagnosis) == digest_of(diagnose(made))
    first, *rest = diagnosis.evidence.facts()
    level = diagnosis.evidence.fact("end_level")
    nudged = level._replace(value=float(np.nextafter(diagnosis.evidence.number("end_level"), 1.0)))
    for other in (
        replace(diagnosis, evidence=diagnosis.evidence.and_facts([nudged])),
        replace(diagnosis, evidence=Evidence((first._replace(source="elsewhere"), *rest))),
        replace(diagnosis, missing=("x", *diagnosis.missing)),
        replace(diagnosis, causes=diagnosis.causes[::-1]),
    ):
        assert digest_of(other) != digest_of(diagnosis)


def test_what_no_digest_is_known_for_is_refused() -> None:
    """A new kind of part must not slip through as equal."""
    with pytest.raises(TypeError, match="no part of a diagnosis"):
        plain(object())


def test_changed_names_what_differs_and_what_one_side_lacks() -> None:
    """Both directions."""
    assert changed({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}) == ["b", "c", "d"]

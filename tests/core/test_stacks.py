"""Curves that are measured together: each gives what it gives alone, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import LIMITS, LN_2, curve

from benchmarks.core.answers import digest_of
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.findings import Examined, examine_all
from mlflow_bce_monitor.findings.trend import change_by_no_more, robust_changes, trend_of

LEVELS = st.floats(1e-6, 2.0) | st.just(LN_2)
VALUES = st.sampled_from([0.0, 0.3, 0.5, 0.69, LN_2, 0.7, 1.4]) | st.floats(-1.0, 3.0)
LENGTHS = st.sampled_from([0, 1, 2, 3, 5, 6, 9, 10, 12, 30])


@st.composite
def curves(draw: st.DrawFn) -> list[float]:
    """Draw a curve: any values, steps with some noise, one value throughout; now and then with a NaN."""
    n = draw(LENGTHS)
    kind = draw(st.sampled_from(["any", "steps", "constant"]))
    if kind == "any":
        values = draw(st.lists(VALUES, min_size=n, max_size=n))
    elif kind == "constant":
        values = [draw(VALUES)] * n
    else:
        at, low = draw(st.integers(0, max(n, 1))), draw(VALUES)
        noise = np.random.default_rng(draw(st.integers(0, 99))).normal(0.0, 0.004, n)
        values = [(LN_2 if i < at else low) + noise[i] for i in range(n)]
    for where in draw(st.lists(st.integers(0, max(n - 1, 0)), max_size=2)) if n else ():
        values[where] = draw(st.sampled_from([math.nan, math.inf, -math.inf, 50.0]))
    return values


@st.composite
def judged(draw: st.DrawFn) -> tuple[list[float], ChanceEstimate]:
    """Draw a curve with a chance level, of a known or of an unknown share."""
    level, known = draw(LEVELS), draw(st.booleans())
    share = ShareEstimate(0.5 if known else None, 0.0, 1.0, "made")
    return draw(curves()), ChanceEstimate(level, 0.9 * level, level, share, known=known, formula="made")


def _said(examined: Examined) -> str:
    return f"{digest_of(examined.findings)} {examined.numbers!r}"


@settings(max_examples=150)
@given(st.lists(judged(), min_size=1, max_size=8))
def test_curves_together_are_what_they_are_alone(drawn: list[tuple[list[float], ChanceEstimate]]) -> None:
    """Whatever else is in the stack, and in whatever order."""
    pairs = [(curve(values), chance) for values, chance in drawn]
    alone = [_said(examine_all([pair], LIMITS)[0]) for pair in pairs]
    assert list(map(_said, examine_all(pairs, LIMITS))) == alone
    assert list(map(_said, examine_all(pairs[::-1], LIMITS))) == alone[::-1]


@pytest.mark.parametrize("n", [200, 300, 5_000])
def test_more_curves_than_one_stack_holds(n: int) -> None:
    """Long and many curves are taken in turns."""
    random = np.random.default_rng(n)
    share = ShareEstimate(0.5, 0.5, 0.5, "made")
    chance = ChanceEstimate(LN_2, LN_2, LN_2, share, known=True, formula="ln 2")
    pairs = [(curve(LN_2 + random.normal(0.0, 0.003, n)), chance) for _ in range(70_000 // n + 2)]
    together = examine_all(pairs, LIMITS)
    for at in (0, len(pairs) // 2, len(pairs) - 1):
        assert _said(together[at]) == _said(examine_all([pairs[at]], LIMITS)[0])


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 130), st.integers(0, 130)), min_size=1, max_size=6)
)
def test_changes_of_stretches_are_those_of_their_trends(asked: list[tuple[int, int, int]]) -> None:
    """Stretches of any lengths at once give what each gives alone."""
    rows = np.random.default_rng(3).normal(0.0, 1.0, (3, 260)).cumsum(axis=1)
    stretches = [(row, start, start + length) for row, length, start in asked]
    expected = [trend_of(rows[row, start:end]).change for row, start, end in stretches]
    assert robust_changes(rows, np.array(stretches)).tolist() == expected


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0, 3.0]), st.booleans())
def test_counted_changes_are_those_that_were_sorted(seed: int, size: float, repeats: bool) -> None:  # noqa: FBT001
    """Many stretches are counted, few are sorted, and both say the same of each."""
    random = np.random.default_rng(seed)
    rows = random.normal(0.0, 1.0, (4, 90)).cumsum(axis=1)
    rows = rows.round() if repeats else rows  # equal neighbours: pairs on the edge
    starts = random.integers(0, 89, 200)
    stretches = np.array(
        [
            (row, start, random.integers(start + 1, 91))
            for row, start in zip(random.integers(0, 4, 200), starts, strict=True)
        ]
    )
    most = size * random.uniform(0.5, 1.5, 200)
    expected = np.abs(robust_changes(rows, stretches)) <= most
    assert change_by_no_more(rows, stretches, most).tolist() == expected.tolist()
    for few in range(0, 200, 40):
        some = slice(few, few + 5)
        assert change_by_no_more(rows, stretches[some], most[some]).tolist() == expected[some].tolist()


def test_numbers_too_large_to_add_are_sorted() -> None:
    """Of numbers near the largest that there are, no sums are taken."""
    rows = np.tile(1e308 * np.linspace(-1.7, 1.7, 90), (2, 1))
    rows[1] = 1.0
    stretches = np.array([(row, start, start + 20) for row in (0, 1) for start in range(60)])
    with np.errstate(over="ignore"):
        assert change_by_no_more(rows, stretches, np.ones(120)).tolist() == [False] * 60 + [True] * 60

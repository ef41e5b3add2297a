"""Plateaus: the fast search against a naive one, and against curves whose flat stretch is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_runs import LIMITS, LN_2, MadeCurve, curve, descent_to, escape_from, flat, jitter, passing

from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.findings import CurveFindings, examine
from mlflow_bce_monitor.findings.plateaus import Stretch, flat_stretches
from mlflow_bce_monitor.findings.spikes import without_spikes
from mlflow_bce_monitor.findings.trend import trend_of
from mlflow_bce_monitor.findings.windows import maximal_windows
from mlflow_bce_monitor.records import FloatArray

LENGTHS = [10, 40, 200, 1_000, 100_000]


def at_ln_2() -> ChanceEstimate:
    """Return the chance level of balanced classes."""
    return ChanceEstimate(LN_2, LN_2, LN_2, ShareEstimate(0.5, 0.5, 0.5, "made"), known=True, formula="ln 2")


def findings_of(made: MadeCurve | FloatArray) -> CurveFindings:
    """Return what a curve shows beside ln 2."""
    return examine(curve(made.values if isinstance(made, MadeCurve) else made), at_ln_2(), LIMITS)


def naive_windows(values: FloatArray, width: float) -> set[tuple[int, int]]:
    """Return every window whose range is at most ``width`` and that lies in no larger one, by trying all."""
    n = len(values)
    fitting = [
        (start, end)
        for start, end in itertools.combinations(range(n + 1), 2)
        if float(np.ptp(values[start:end])) <= width
    ]
    return {
        (start, end)
        for start, end in fitting
        if not any(s <= start and end <= e and (s, e) != (start, end) for s, e in fitting)
    }


def naive_stretches(values: FloatArray, tolerance: float, min_fraction: float) -> list[tuple[int, int]]:
    """Return the flat stretches by the same definition, written as plainly as possible."""
    n = len(values)
    shortest = max(3, int(np.ceil(min_fraction * n)))
    smooth = without_spikes(values)
    taken: list[tuple[int, int]] = []
    for start, end in sorted(naive_windows(smooth, 2 * tolerance), key=lambda w: (w[0] - w[1], w[0])):
        inside = [i for i in range(start, end) if not any(s <= i < e for s, e in taken)]
        # A window that longer ones cut in two keeps its first part.
        runs = [list(group) for group in _consecutive(inside)]
        if not runs:
            continue
        first, last = runs[0][0], runs[0][-1] + 1
        if last - first >= shortest and abs(trend_of(smooth[first:last]).change) <= tolerance:
            taken.append((first, last))
    return sorted(taken)


def _consecutive(indices: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


SMALL_CURVES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 2.0]), min_size=1, max_size=24).map(
    np.array
)
STEPPED_CURVES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.4, 0.6]), st.integers(1, 8)), min_size=1, max_size=6
).map(lambda steps: np.concatenate([np.full(length, level) for level, length in steps]))
"""Levels that last: their windows overlap, so that a longer one cuts a shorter."""


TOLERANCES = st.sampled_from([0.05, 0.1, 0.3])


@st.composite
def stacks(draw: st.DrawFn, curves: st.SearchStrategy[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Draw one to four curves of one length, and a tolerance for each."""
    drawn = draw(st.lists(curves, min_size=1, max_size=4))
    n = min(map(len, drawn))
    return np.array([values[:n] for values in drawn]), np.array([draw(TOLERANCES) for _ in drawn])


@given(stacks(SMALL_CURVES), st.integers(1, 24))
def test_the_fast_windows_are_the_naive_ones(stack: tuple[FloatArray, FloatArray], shortest: int) -> None:
    """The search by powers of two finds exactly the maximal windows that trying all of them finds."""
    rows, tolerances = stack
    shortest = min(shortest, rows.shape[1])
    fast = maximal_windows(rows, 2.0 * tolerances, shortest)
    naive = {
        (at, start, end)
        for at, (row, width) in enumerate(zip(rows, 2.0 * tolerances, strict=True))
        for start, end in naive_windows(row, width)
        if end - start >= shortest
    }
    assert list(map(tuple, fast.tolist())) == sorted(naive)


@settings(max_examples=400)
@given(stacks(STEPPED_CURVES), st.sampled_from([0.1, 0.3]))
def test_the_stretches_are_the_naive_ones(stack: tuple[FloatArray, FloatArray], fraction: float) -> None:
    """The flat stretches of every curve are those of a detector that tries every window of it alone."""
    rows, tolerances = stack
    fast = flat_stretches(without_spikes(rows), tolerances, fraction)
    assert fast == [
        naive_stretches(row, tolerance, fraction) for row, tolerance in zip(rows, tolerances, strict=True)
    ]


@given(
    st.lists(st.floats(0.0, 3.0), min_size=1, max_size=80).map(np.array),
    st.floats(0.001, 0.5),
    st.floats(0.05, 0.5),
)
def test_stretches_are_flat_long_and_apart(values: FloatArray, tolerance: float, fraction: float) -> None:
    """Whatever the curve, what is called flat keeps within the tolerance, lasts, and does not overlap."""
    smooth = without_spikes(values)
    (found,) = flat_stretches(smooth[None], np.array([tolerance]), fraction)
    for stretch in found:
        assert stretch.length >= max(3, fraction * len(values))
        assert np.ptp(smooth[stretch.start : stretch.end]) <= 2.0 * tolerance
    for first, second in itertools.pairwise(found):
        assert first.end <= second.start


@pytest.mark.parametrize("n", [5, *LENGTHS])
@pytest.mark.parametrize("noise", [0.0, 0.002, 0.03])
def test_a_flat_curve_is_one_plateau(n: int, noise: float) -> None:
    """A curve at ln 2 is flat from one end to the other, on 5 points and on 100,000, whatever its noise."""
    found = findings_of(flat(n, noise=noise))
    assert len(found.plateaus) == 1
    plateau = found.plateaus[0]
    assert plateau.length >= 0.95 * n
    assert plateau.at_chance
    assert plateau.level == pytest.approx(LN_2, abs=max(1e-9, 3 * noise / n**0.5))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_a_plateau_reached_from_above_starts_where_the_fall_ends(n: int, noise: float) -> None:
    """After a fall in the first third the plateau's bounds are right to a few percent of the run."""
    made = descent_to(n_fall=n // 3, n_flat=n - n // 3, noise=noise)
    found = findings_of(made)
    plateau = found.plateaus[-1]
    assert made.flat is not None
    assert plateau.start == pytest.approx(made.flat[0], abs=max(2, 0.05 * n))
    assert plateau.end == pytest.approx(made.flat[1], abs=max(1, 0.01 * n))
    assert plateau.at_chance


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_a_plateau_that_is_left_ends_where_the_escape_begins(n: int, noise: float) -> None:
    """Half a run at chance and then learning: the plateau is found, and its end is right."""
    made = escape_from(n_flat=n // 2, n_fall=n - n // 2, noise=noise)
    found = findings_of(made)
    at_chance = [plateau for plateau in found.plateaus if plateau.at_chance]
    assert len(at_chance) == 1
    assert made.flat is not None
    assert at_chance[0].start <= max(1, 0.02 * n)
    assert at_chance[0].end == pytest.approx(made.flat[1], abs=max(2, 0.05 * n))


@given(
    st.sampled_from([5, 7, 10, 30, 100, 256, 300, 2_000]),
    st.floats(0.66, 1.5),
    st.floats(0.0, 0.5),
    st.booleans(),
)
def test_a_passing_curve_is_flat_nowhere(n: int, start: float, end: float, rising: bool) -> None:  # noqa: FBT001 - drawn
    """A straight curve through ln 2 has no plateau, however slowly it passes."""
    assume(not rising or start > 0.75)  # one that rises no further has ended at chance, and not passed it
    made = passing(n, end, start) if rising else passing(n, start, end)
    assert findings_of(made).plateaus == ()


@pytest.mark.parametrize("n", [20, 100, 1_000, 20_000])
@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_passing_curve_is_flat_nowhere(n: int, seed: int) -> None:
    """A fall from 0.75 to 0.3 with noise of 0.005 has no plateau at chance."""
    found = findings_of(passing(n, 0.75, 0.3, noise=0.005, seed=seed))
    assert [plateau for plateau in found.plateaus if plateau.at_chance] == []


@pytest.mark.parametrize("n", [12, 60, 250])
def test_one_spike_does_not_cut_a_plateau(n: int) -> None:
    """A single point far above the rest is a spike, and the plateau goes through it."""
    values = flat(n, noise=0.001).values.copy()
    values[n // 2] = 5.0
    found = findings_of(values)
    assert len(found.plateaus) == 1
    assert found.plateaus[0].length >= 0.9 * n
    assert [spike.position for spike in found.spikes] == [n // 2]
    assert found.spikes[0].value == 5.0


def test_spikes_of_noise_are_no_spikes() -> None:
    """White noise of a restless run has no spikes; six standard deviations are needed."""
    assert findings_of(flat(2_000, noise=0.05, seed=1)).spikes == ()


def test_a_high_first_point_is_no_spike() -> None:
    """The first point has only one side: a high start is a finding of its own."""
    values = np.array([6.5, *([0.7] * 11)])
    assert findings_of(values).spikes == ()
    assert findings_of(values).first == 6.5


def test_two_plateaus_are_kept_apart() -> None:
    """Two levels are two plateaus, and only the one at ln 2 is at chance."""
    values = np.concatenate([np.full(30, LN_2), np.linspace(LN_2, 0.4, 10), np.full(30, 0.4)]) + jitter(
        70, 1e-3, 0
    )
    found = findings_of(values)
    assert [plateau.at_chance for plateau in found.plateaus] == [True, False]
    assert [plateau.level for plateau in found.plateaus] == pytest.approx([LN_2, 0.4], abs=2e-3)


def test_steps_of_a_plateau_are_the_logged_ones() -> None:
    """A plateau names the logged steps of its first and last point, and counts NaN points as well."""
    values = np.array([np.nan, 0.7, 0.7, 0.7, np.nan, 0.7, 0.7])
    logged = curve(values)
    found = examine(type(logged)(**{**vars_of(logged), "steps": np.arange(7) * 10 + 5}), at_ln_2(), LIMITS)
    assert len(found.plateaus) == 1
    plateau = found.plateaus[0]
    assert (plateau.start, plateau.end, plateau.start_step, plateau.end_step) == (1, 7, 15, 65)


def vars_of(logged: object) -> dict[str, object]:
    """Return a curve's fields."""
    return {name: getattr(logged, name) for name in ("name", "role", "split", "values", "removed")}


@pytest.mark.parametrize("n", range(1, 5))
def test_fewer_points_than_flatness_needs_make_no_plateau(n: int) -> None:
    """Up to four equal points are no plateau yet."""
    assert findings_of(flat(n)).plateaus == ()


def test_a_stretch_knows_its_length() -> None:
    """Stretches are half open."""
    assert Stretch(3, 7).length == 4


def test_an_empty_list_of_blocks_has_no_stretch() -> None:
    """No values, nothing flat."""
    assert flat_stretches(np.empty((2, 0)), np.ones(2), 0.1) == [[], []]

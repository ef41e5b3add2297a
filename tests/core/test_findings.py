"""What is measured on one curve besides its plateaus: blocks, noise, trend, ends, NaN."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LIMITS, LN_2, curve, flat, jitter, passing
from scipy import stats

from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.findings import CurveFindings, examine
from mlflow_bce_monitor.findings.blocks import into_blocks
from mlflow_bce_monitor.findings.noise import point_noise
from mlflow_bce_monitor.findings.trend import trend_of

CHANCE = ChanceEstimate(LN_2, LN_2, LN_2, ShareEstimate(0.5, 0.5, 0.5, "made"), known=True, formula="ln 2")
NAN, INF = math.nan, math.inf


def findings_of(values: list[float] | np.ndarray) -> CurveFindings:
    """Return what a curve shows beside ln 2."""
    return examine(curve(values), CHANCE, LIMITS)


@pytest.mark.parametrize(
    ("values", "n_finite", "first", "last", "non_finite_from", "ends_non_finite"),
    [
        ([], 0, None, None, None, False),
        ([0.7], 1, 0.7, 0.7, None, False),
        ([NAN] * 4, 0, None, None, 0, True),
        ([INF], 0, None, None, 0, True),
        ([0.7, 0.6, NAN], 2, 0.7, 0.6, 2, True),
        ([0.7, NAN, 0.6], 2, 0.7, 0.6, 1, False),
        ([INF, 0.7, 0.6], 2, 0.7, 0.6, 0, False),
        ([0.7, -INF, NAN, 0.5], 2, 0.7, 0.5, 1, False),
    ],
)
def test_what_is_no_number_is_counted_and_left_out(
    values: list[float],
    n_finite: int,
    first: float | None,
    last: float | None,
    non_finite_from: int | None,
    ends_non_finite: bool,  # noqa: FBT001 - a table's column
) -> None:
    """NaN and infinities are findings of their own and enter no other."""
    found = findings_of(values)
    assert found.n_points == len(values)
    assert (found.n_finite, found.first, found.last) == (n_finite, first, last)
    assert (found.non_finite_from, found.ends_non_finite) == (non_finite_from, ends_non_finite)


@pytest.mark.parametrize(
    ("values", "final_loss", "end_level", "best"),
    [
        ([0.7], 0.7, 0.7, 0.7),
        ([0.7, 0.5], 0.5, 0.5, 0.5),
        ([0.9, 0.7, 0.6, 0.5], 0.5, 0.5, 0.5),
        ([0.72, 0.71, 0.70, 0.69], 0.69, 0.69, 0.69),  # a steady fall is taken at its last point
        ([0.706, 0.703, 0.700, 0.697], 0.697, 0.7, 0.697),  # too small a step to be more than flat
        ([0.7] * 9 + [0.1], 0.1, 0.1, 0.1),  # with a point an epoch, a plunge is where the model is
        ([0.7] * 9 + [1.4], 1.4, 0.7, 0.7),  # a leap may be a spike
        ([0.7] * 38 + [0.3, 0.5], 0.4, 0.5, 0.3),  # it has just left the level of the last fifth
        ([0.7] * 5 + [NAN], 0.7, 0.7, 0.7),
    ],
)
def test_the_end_of_a_curve(values: list[float], final_loss: float, end_level: float, best: float) -> None:
    """The final loss is the median of the last twentieth, the level judged of the last fifth or less."""
    found = findings_of(values)
    assert found.final_loss == pytest.approx(final_loss)
    assert found.end_level == pytest.approx(end_level)
    assert found.best == pytest.approx(best)


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([0.6931] * 6, True),
        ([0.8, 0.7, 0.75, 0.6931, 0.6931, 0.6931], True),
        ([0.6931] * 5 + [0.6932], False),
        ([0.6931, 0.6931], False),  # two equal points may be chance
        ([0.0] * 6, True),
    ],
)
def test_constancy_to_the_digit(values: list[float], constant: bool) -> None:  # noqa: FBT001 - a table's column
    """A last half that repeats one value exactly is a sign of a model that does not move at all."""
    assert findings_of(values).constant_to_digit is constant


@given(st.integers(1, 3_000), st.integers(1, 300))
def test_blocks_cover_the_curve(n: int, max_blocks: int) -> None:
    """Blocks are at most as many as wanted, follow each other, and hold every point."""
    blocks = into_blocks(np.arange(n, dtype=float), max_blocks)
    assert len(blocks) == min(n, max_blocks)
    assert blocks.edges[0] == 0
    assert blocks.edges[-1] == n
    assert (np.diff(blocks.edges) >= 1).all()
    for index, value in enumerate(blocks.values):
        assert blocks.edges[index] <= value <= blocks.edges[index + 1] - 1


@pytest.mark.parametrize("n", [200, 2_000])
@pytest.mark.parametrize("sd", [0.001, 0.1])
def test_noise_of_white_noise_is_its_standard_deviation(n: int, sd: float) -> None:
    """The estimate is right to a sixth, and a straight line or single spikes under it change nothing."""
    noise = jitter(n, sd, seed=3)
    assert point_noise(noise) == pytest.approx(sd, rel=0.17)
    assert point_noise(noise + np.linspace(0.0, 50.0 * sd, n)) == pytest.approx(point_noise(noise), rel=0.02)
    spiked = noise.copy()
    spiked[n // 3] += 1_000.0 * sd
    assert point_noise(spiked) == pytest.approx(point_noise(noise), rel=0.1)


@pytest.mark.parametrize(
    "values", [[], [0.7], [0.7, 0.1], [0.7] * 9, list(range(9)), [0.01 * i * i for i in range(9)]]
)
def test_noise_of_smooth_curves_is_nothing(values: list[float]) -> None:
    """Too few points, a constant, a line and a parabola have no noise."""
    assert point_noise(np.array(values, dtype=float)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("n", [4, 10, 40, 1_000])
@pytest.mark.parametrize("change", [-0.5, -0.001, 0.3])
def test_the_change_of_a_line_is_its_change(n: int, change: float) -> None:
    """Theil and Sen's line through a line is that line, whatever its length."""
    trend = trend_of(np.linspace(1.0, 1.0 + change, n))
    # Block medians leave half a block at either end, which the line is not extended over.
    assert trend.change == pytest.approx(change, rel=0.04)
    assert (trend.p_falling < 0.06) == (change < 0)


@pytest.mark.parametrize("values", [[], [0.7], [0.9, 0.8], [0.9, 0.8, 0.7]])
def test_three_points_prove_no_trend(values: list[float]) -> None:
    """Up to three points fall in order by chance too often to count."""
    assert trend_of(np.array(values, dtype=float)).p_falling == 1.0


def test_a_constant_has_no_trend() -> None:
    """Equal values neither fall nor change."""
    trend = trend_of(np.full(20, 0.7))
    assert (trend.change, trend.p_falling) == (0.0, 1.0)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), min_size=8, max_size=40))
def test_the_trend_test_is_that_of_mann_and_kendall(values: list[float]) -> None:
    """The score behind the p-value is Kendall's tau against time, ties included, as scipy computes it."""
    array = np.array(values)
    trend = trend_of(array)
    tau = stats.kendalltau(np.arange(array.size), array, variant="b").statistic
    if np.isnan(tau):
        assert trend.p_falling == 1.0
    elif tau >= 0:
        assert trend.p_falling == 0.5
    else:
        uncorrected = stats.kendalltau(
            np.arange(array.size), array, alternative="less", method="asymptotic"
        ).pvalue
        # scipy leaves the continuity correction out: one off the score, in its standard deviations.
        score = np.sign(array[None, :] - array[:, None])[np.triu_indices(array.size, 1)].sum()
        z = stats.norm.ppf(uncorrected)
        assert trend.p_falling == pytest.approx(stats.norm.cdf(z * (score + 1) / score), abs=1e-6)


def test_white_noise_is_seldom_called_falling() -> None:
    """At the one-percent level one flat curve in a hundred is called falling, not ten."""
    called = sum(
        findings_of(flat(60, noise=0.01, seed=seed).values).end_slope_significant for seed in range(300)
    )
    assert called <= 8


def test_a_long_noisy_fall_is_called_falling() -> None:
    """Averaging over 100,000 points shows a fall of a tenth of the noise."""
    found = findings_of(passing(100_000, 0.70, 0.695, noise=0.05).values)
    assert found.end_slope_significant
    assert found.end_slope_per_run == pytest.approx(-0.0025, abs=0.0015)


@pytest.mark.parametrize("kind", ["flat", "noisy", "falling", "alternating"])
def test_a_hundred_thousand_points_cost_little(kind: str) -> None:
    """A run of 100,000 points is examined in a fraction of a second, whatever its shape."""
    n = 100_000
    values = {
        "flat": np.full(n, LN_2),
        "noisy": LN_2 + jitter(n, 0.05, 0),
        "falling": np.linspace(0.8, 0.1, n),
        "alternating": np.where(np.arange(n) % 2, 0.1, 2.0),
    }[kind]
    started = time.perf_counter()
    findings_of(values)
    assert time.perf_counter() - started < 0.5


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_findings_are_numbers_whatever_the_values(values: list[float]) -> None:
    """Any doubles, after the cleaning that every curve passes, give finite findings without a warning."""
    cleaned = [value if abs(value) < 1e100 else NAN for value in values]
    found = findings_of(cleaned)
    for number in (found.noise, found.end_slope_per_run, found.final_loss, found.end_level, found.best):
        assert number is None or math.isfinite(number)
    assert found.n_finite == sum(math.isfinite(value) for value in cleaned)
    for plateau in found.plateaus:
        assert 0 <= plateau.start < plateau.end <= found.n_points

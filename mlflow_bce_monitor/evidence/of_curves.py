"""Facts about the shape of the loss curves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, median
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.curve import CurveSet, together
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.limits import Limits

SHAPE: Final = (
    *("n_points", "ends_non_finite", "had_non_finite", "share_known", "loss_certainty"),
    *("end_level", "end_skill", "end_skill_error", "first_ratio", "end_ratio", "peak_ratio"),
    *("rise_after_start", "spike_count", "end_spread", "end_fall", "end_falling", "constant_loss"),
    *("plateau_fraction", "end_flat_fraction", "total_fall", "stand_fraction", "negative_loss"),
)
"""What :func:`shape` finds."""

TWIN: Final = (
    *("validation_skill", "best_validation_skill", "validation_fall", "validation_falling"),
    *("validation_end_ratio", "validation_spread", "rarer_skill"),
)
"""What :func:`twin` finds."""


def shape(view: LossView, curves: CurveSet, limits: Limits) -> list[Fact]:
    """Return what the judged loss curve looks like: levels, falls, jumps, plateaus."""
    source, tier = f"metric {view.curve.name!r}", Tier.CURVE
    return [Fact(name, value, source, tier) for name, value in _shape(view, curves, limits)]


def _shape(view: LossView, curves: CurveSet, limits: Limits) -> tuple[tuple[str, float | bool | str], ...]:
    """Return what :func:`shape` finds, by name."""
    findings, chance, numbers = view.findings, view.chance.value, view.numbers
    known = (
        ("n_points", findings.n_finite),
        ("ends_non_finite", findings.ends_non_finite),
        ("had_non_finite", findings.non_finite_from is not None),
        ("share_known", view.chance.known),
        ("loss_certainty", str(curves.certainty)),
    )
    if findings.end_level is None or findings.first is None or findings.best is None:
        return known
    tail = max(1, math.ceil(findings.n_finite * limits.end_fraction))
    rise = numbers.highest_later - findings.first if findings.n_finite > 1 else 0.0
    falling = findings.end_slope_significant and findings.end_slope_per_run < 0
    # A sound network starts near 0.5 for everything, which costs more than chance where one class is rare.
    start = max(view.chance.untrained, chance)
    return (
        *known,
        ("end_level", findings.end_level),
        ("end_skill", 1.0 - findings.end_level / chance),
        ("end_skill_error", findings.noise / math.sqrt(tail) / chance),
        ("first_ratio", findings.first / start),
        ("end_ratio", findings.end_level / start),
        ("peak_ratio", numbers.highest / start),
        ("rise_after_start", rise / chance),
        ("spike_count", len(findings.spikes)),
        ("end_spread", numbers.end_spread / chance),
        ("end_fall", -findings.end_slope_per_run / chance),
        ("end_falling", falling),
        ("constant_loss", findings.constant_to_digit),
        ("plateau_fraction", plateau_fraction(findings)),
        ("end_flat_fraction", _end_flat_fraction(findings)),
        ("total_fall", (findings.first - findings.end_level) / chance),
        ("stand_fraction", findings.stand.length / findings.n_points if findings.stand else 0.0),
        ("negative_loss", findings.best < 0.0),
    )


def held_skill(view: LossView, limits: Limits) -> Iterator[Fact]:
    """Yield the skill of the best stretch of the loss, as long as the end that its level is taken over.

    A single low point may be luck with one batch; a stretch is something that the network once could do.
    """
    values = view.curve.finite
    length = max(limits.min_repeats, math.ceil(values.size * limits.end_fraction))
    if values.size < 2 * length:
        return
    with np.errstate(over="ignore", invalid="ignore"):  # losses of 1e308 add up to infinity
        sums = np.cumsum(np.concatenate(([0.0], values)))
        means = (sums[length:] - sums[:-length]) / length
    if np.isfinite(means).all():
        skill = 1.0 - float(means.min()) / view.chance.value
        yield Fact("held_skill", skill, f"metric {view.curve.name!r}", Tier.CURVE)


def fall_gain(view: LossView, limits: Limits) -> Iterator[Fact]:
    """Yield how much faster the loss falls in the second half than in the first, as when a plateau ends.

    The gain is (second fall - first fall) / (their sizes + what could be noise), in [-1, 1]: near 0 where
    both halves fall alike, and where noise hides what they do.
    """
    values = view.curve.finite
    if values.size < limits.points_for_gain or not np.isfinite(values).all():
        return
    quarter = values.size // 4
    first, second, third, last = (
        float(values[at : at + quarter].mean())
        for at in (0, values.size // 2 - quarter, values.size - values.size // 2, values.size - quarter)
    )
    falls = (first - second, third - last)
    noise = view.findings.noise / math.sqrt(quarter)
    size = abs(falls[0]) + abs(falls[1]) + 2.0 * noise + limits.least_fall * view.chance.value
    yield Fact("fall_gain", (falls[1] - falls[0]) / size, f"metric {view.curve.name!r}", Tier.CURVE)


def plateau_fraction(findings: CurveFindings) -> float:
    """Return the share of the points that lie on plateaus at chance, in [0, 1]."""
    if findings.n_points == 0:
        return 0.0
    return sum(plateau.length for plateau in findings.plateaus if plateau.at_chance) / findings.n_points


def _end_flat_fraction(findings: CurveFindings) -> float:
    """Return the share of the points on the plateau that reaches the end, 0 when none does."""
    if not findings.plateaus or findings.n_points == 0:
        return 0.0
    last = findings.plateaus[-1]
    # A plateau found on blocks may stop a block short of the end.
    reaches_end = findings.n_points - last.end <= max(1, findings.n_points // 50)
    return last.length / findings.n_points if reaches_end else 0.0


def twin(view: LossView | None, limits: Limits) -> Iterator[Fact]:
    """Yield what the same loss on held-back data looks like, when it has points enough to tell."""
    if view is None:
        return
    findings, chance = view.findings, view.chance.value
    if findings.end_level is None or findings.n_finite < limits.min_repeats:
        return
    source = f"metric {view.curve.name!r}"
    falling = findings.end_slope_significant and findings.end_slope_per_run < 0
    yield Fact("validation_skill", 1.0 - findings.end_level / chance, source, Tier.CURVE)
    # Against the lowest chance level that the rows may have: was it ever below that for sure?
    lowest = view.chance.low if view.chance.known and view.chance.low > 0.0 else chance
    yield Fact("best_validation_skill", 1.0 - view.numbers.lowest_smooth / lowest, source, Tier.CURVE)
    yield Fact("validation_fall", -findings.end_slope_per_run / chance, source, Tier.CURVE)
    yield Fact("validation_falling", falling, source, Tier.CURVE)
    start = max(view.chance.untrained, chance)
    yield Fact("validation_end_ratio", findings.end_level / start, source, Tier.CURVE)
    yield Fact("validation_spread", view.numbers.end_spread / chance, source, Tier.CURVE)
    if view.chance.if_rarer is not None:
        yield Fact("rarer_skill", 1.0 - view.chance.if_rarer / chance, view.chance.share.source, Tier.CURVE)


def movement(view: LossView) -> Iterator[Fact]:
    """Yield how far the loss moved in all, and where it started.

    Held-back data are the better witness: their loss is measured on one model, while a
    training loss is averaged over the batches of an epoch in which the model moved.
    """
    findings, chance = view.findings, view.chance
    if findings.first is None or findings.last is None or findings.best is None:
        return
    source = f"metric {view.curve.name!r}"
    if findings.end_level is not None:
        yield Fact("last_leap", (findings.last - findings.end_level) / chance.value, source, Tier.CURVE)
        yield Fact("last_skill", 1.0 - findings.last / chance.value, source, Tier.CURVE)
    if findings.n_finite > 1:
        moved = (view.numbers.highest - findings.best) / chance.value
        yield Fact("movement", moved, source, Tier.CURVE)
    off = abs(findings.first - chance.untrained)
    yield Fact("start_off_untrained", off, source, Tier.CURVE)


def common_excess(train: LossView, validation: LossView | None, limits: Limits) -> Iterator[Fact]:
    """Yield whether what stands above chance is the same on both splits, however it falls.

    Predictions cost different amounts on different rows; a penalty on the weights costs the
    same. The training loss is a mean over the epoch, so half of two neighbours is compared.
    """
    if validation is None:
        return
    _, ours, theirs = together(train.curve, validation.curve)
    if ours.size < limits.min_points or not (_is_finite(train, ours) and _is_finite(validation, theirs)):
        return
    common = _above_by_the_same(ours, theirs, train.chance, validation.chance, limits)
    source = f"metrics {train.curve.name!r} and {validation.curve.name!r}"
    yield Fact("common_excess", common, source, Tier.CURVE)


def _is_finite(view: LossView, some: FloatArray) -> bool:
    """Whether some of the values of a loss are numbers, as all of them mostly are."""
    return view.findings.n_finite == view.findings.n_points or bool(np.isfinite(some).all())


def _above_by_the_same(
    ours: FloatArray, theirs: FloatArray, trained: ChanceEstimate, held_back: ChanceEstimate, limits: Limits
) -> bool:
    # A single prediction for all rows on its way from 0.5 to their share costs the same on both, too.
    if float(theirs[0]) <= limits.lifted_start * held_back.untrained:
        return False
    above = theirs[:-1] - held_back.value
    gap = theirs[:-1] - (ours[:-1] + ours[1:]) / 2.0
    # One prediction for everything costs each split its own chance level.
    apart = held_back.value - trained.value
    gap = np.minimum(np.abs(gap), np.abs(gap - apart))
    half = slice(above.size // 2, None)
    size = max(median(above[half]), float(theirs.max() - theirs.min()))
    return (
        bool((above > 0.0).all())
        and size > limits.chance_band * held_back.value
        and median(gap[half]) < limits.common_gap * size
    )


def penalty(view: LossView, curves: CurveSet) -> Iterator[Fact]:
    """Yield what the optimised loss carries on top of the plain cross-entropy logged beside it."""
    total = curves.penalised
    if total is None or total.finite.size == 0 or view.findings.final_loss is None:
        return
    penalty = (float(total.finite[-1]) - view.findings.final_loss) / view.chance.value
    yield Fact("penalty", penalty, f"metrics {total.name!r} and {view.curve.name!r}", Tier.CURVE)

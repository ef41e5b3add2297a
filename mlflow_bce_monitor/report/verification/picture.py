"""Both curves and the chance level: skill on held-back rows, where every training's own chance is 0."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mlflow_bce_monitor.report.figure import DRAWING, drawable, font, literal
from mlflow_bce_monitor.report.plain_text import shortened
from mlflow_bce_monitor.verifying.arm import Measured
from mlflow_bce_monitor.verifying.result import VerificationReport
from mlflow_bce_monitor.verifying.wording import changed

_INCHES: Final = (8.0, 4.5)
_DPI: Final = 100
_LABEL_LENGTH: Final = 60
_LOWEST: Final = -0.6
"""Skill below which a curve leaves the picture: how far below chance a loss lies does not matter."""

# Okabe and Ito's colours, as in the picture of a run.
_BASELINE: Final = "#56606b"
_REMEDIED: Final = "#009e73"
_CHANCE: Final = "#d55e00"
_INK: Final = "#1f2328"
_FAINT: Final = "#6b7280"
_RULE: Final = "#e5e7eb"


def skill_curve(one: Measured) -> tuple[list[int], list[float]]:
    """Return steps and skills of a training; ([], []) where its chance level is not known."""
    if one.chance is None or not one.chance > 0.0:
        return [], []
    return list(one.curve.steps), [1.0 - value / one.chance for value in one.curve.values]


def mean_curve(group: Sequence[Measured]) -> tuple[list[int], list[float]]:
    """Return the mean of the skills of some trainings at the steps that all of them have."""
    curves = [dict(zip(*skill_curve(one), strict=True)) for one in group]
    curves = [curve for curve in curves if curve]
    if not curves:
        return [], []
    common = sorted(set.intersection(*(set(curve) for curve in curves)))
    return common, [float(np.mean([curve[step] for curve in curves])) for step in common]


def draw(report: VerificationReport) -> bytes:
    """Return the picture of the deciding trial as a PNG of 800 x 450 pixels."""
    trial = report.trial
    with DRAWING:
        figure = Figure(figsize=_INCHES, dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.085, 0.135, 0.885, 0.735))
        _frame(axes)
        if trial is not None:
            _group(axes, trial.baseline, _BASELINE, "as it was")
            _group(axes, trial.remedied, _REMEDIED, f"with {changed(trial.arm.changes)}")
        elif report.reference is not None:
            _group(axes, [report.reference], _BASELINE, "as it was")
        axes.axhline(0.0, color=_CHANCE, linewidth=1.4, label="chance level", zorder=2.5)
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, _LOWEST), min(max(high, 0.1), 1.02))
        _words(figure, axes, report)
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    return target.getvalue()


def _frame(axes: Axes) -> None:
    axes.grid(visible=True, axis="y", color=_RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=5, colors=_FAINT)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_RULE)


def _group(axes: Axes, group: Sequence[Measured], colour: str, name: str) -> None:
    """Draw each training thin, and their mean."""
    drawn = False
    for one in group:
        steps, skills = skill_curve(one)
        axes.plot(steps, skills, color=colour, alpha=0.35, linewidth=1.0, zorder=2)
    steps, skills = mean_curve(group)
    if any(math.isfinite(skill) for skill in skills):
        drawn = True
        marker = "o" if len(steps) == 1 else None
        label = drawable(shortened(name, _LABEL_LENGTH))
        axes.plot(steps, skills, color=colour, linewidth=2.4, zorder=3, label=label, marker=marker)
    if group and not drawn:
        axes.plot([], [], color=colour, linewidth=2.4, label=drawable(f"{name}: not finite"))


def _words(figure: Figure, axes: Axes, report: VerificationReport) -> None:
    title = f"Verification: {str(report.result).replace('_', ' ')}"
    literal(figure.text(0.02, 0.945, title, fontproperties=font(13, bold=True), color=_INK, va="center"))
    name = drawable(shortened(report.run_name or report.run_id, _LABEL_LENGTH))
    literal(figure.text(0.98, 0.945, name, fontproperties=font(10), color=_FAINT, va="center", ha="right"))
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font(9))
    words = "step or epoch; skill on held-back rows, thin: each seed, bold: their mean"
    literal(axes.set_xlabel(words, fontproperties=font(10), color=_FAINT, labelpad=4, loc="left"))
    legend = axes.legend(loc="best", prop=font(9.5), frameon=True, framealpha=0.85, edgecolor="none")
    for text in legend.get_texts():
        literal(text).set_color(_INK)

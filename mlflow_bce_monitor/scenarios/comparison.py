"""The variants of a scenario side by side: what is compared, and how it is drawn.

``table``, ``curve_panels`` and ``skill_bars`` compute content as plain tuples; the functions
named ``draw_*`` only lay it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mlflow_bce_monitor.scenarios.tracked import TrackedTraining

_PANEL_WIDTH: Final = 5.2  # inches
_PANEL_HEIGHT: Final = 3.4  # inches
_BAR_HEIGHT: Final = 0.26  # inches
_TRAINING_COLOUR: Final = "#1f6fb2"
_VALIDATION_COLOUR: Final = "#d9822b"
_CHANCE_COLOUR: Final = "#8a1c2b"
# Times the chance level: where the loss axis ends, so that one thrown point does not flatten the rest.
_HIGHEST_SHOWN: Final = 2.0
_SKILL_RANGE: Final = (-0.3, 1.0)


@dataclass(frozen=True)
class CurvePanel:
    """One variant's losses.

    Attributes
    ----------
    title
        Data source and variant.
    training, validation
        Loss of each epoch, nats.
    training_chance, validation_chance
        Their chance levels, nats.
    highest_shown
        Upper end of the loss axis, nats; ``clipped`` when a loss lies above it.
    """

    title: str
    training: tuple[float, ...]
    validation: tuple[float, ...]
    training_chance: float
    validation_chance: float
    highest_shown: float
    clipped: bool


@dataclass(frozen=True)
class SkillBar:
    """One variant's skill at the end, on the training and on the validation data."""

    label: str
    training: float
    validation: float


def table(trainings: Sequence[TrackedTraining], verdicts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a run: what was trained, how it ended, what the evaluator says.

    Parameters
    ----------
    trainings
        In the order of the table.
    verdicts
        Run id to its answer in the form of the JSON contract; runs without one get None.
    """
    rows = []
    for done in trainings:
        training, answer = done.training, verdicts.get(done.run_id, {})
        rows.append(
            {
                "run": training.name,
                "seed": training.seed,
                "change": training.variant.change,
                "loss": done.history["loss"][-1],
                "chance_level": done.chance.train,
                "training_skill": done.training_skill,
                "validation_skill": done.validation_skill,
                "validation_auc": done.history["val_auc"][-1],
                "validation_recall": done.history["val_recall"][-1],
                "verdict": answer.get("verdict"),
                "cause": answer.get("cause"),
                "confidence": answer.get("confidence"),
                "deviation": training.variant.deviation,
                "run_id": done.run_id,
            }
        )
    return rows


def by_scenario(trainings: Sequence[TrackedTraining]) -> list[tuple[str, list[TrackedTraining]]]:
    """Return (scenario name, its trainings) in the order given."""

    def name(done: TrackedTraining) -> str:
        return done.training.scenario.name

    ordered = sorted(trainings, key=name)
    return [(key, list(group)) for key, group in groupby(ordered, key=name)]


def curve_panels(trainings: Sequence[TrackedTraining]) -> tuple[CurvePanel, ...]:
    """Return one panel a run."""
    return tuple(_panel(done) for done in trainings)


def _panel(done: TrackedTraining) -> CurvePanel:
    training, validation = done.history["loss"], done.history["val_loss"]
    top = _HIGHEST_SHOWN * max(done.chance.train, done.chance.validation)
    return CurvePanel(
        title=f"{done.training.source.name}: {done.training.variant.name}",
        training=training,
        validation=validation,
        training_chance=done.chance.train,
        validation_chance=done.chance.validation,
        highest_shown=top,
        # "not below" rather than "above": a NaN is no point of the picture either.
        clipped=not all(loss <= top for loss in (*training, *validation)),
    )


def skill_bars(trainings: Sequence[TrackedTraining]) -> tuple[SkillBar, ...]:
    """Return one pair of bars a run."""
    return tuple(
        SkillBar(done.training.name, done.training_skill, done.validation_skill) for done in trainings
    )


def draw_curves(title: str, panels: Sequence[CurvePanel], columns: int) -> Figure:
    """Draw the panels in rows of ``columns``, each with its chance levels as dashed lines."""
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(_PANEL_WIDTH * columns, _PANEL_HEIGHT * rows), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        epochs = range(1, len(panel.training) + 1)
        axes.plot(epochs, panel.training, color=_TRAINING_COLOUR, marker=".", label="training loss")
        axes.plot(epochs, panel.validation, color=_VALIDATION_COLOUR, marker=".", label="validation loss")
        axes.axhline(panel.training_chance, color=_TRAINING_COLOUR, linestyle="--", linewidth=1)
        axes.axhline(
            panel.validation_chance, color=_CHANCE_COLOUR, linestyle=":", linewidth=1, label="chance level"
        )
        axes.set_ylim(0.0, panel.highest_shown)
        axes.set_title(panel.title + (" (higher losses cut off)" if panel.clipped else ""), fontsize=10)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss, nats")
    grid.flat[0].legend(fontsize=8)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    return figure


def draw_skill(bars: Sequence[SkillBar]) -> Figure:
    """Draw the skill at the end of every run; 0 is chance."""
    figure = Figure(figsize=(9.0, 1.2 + _BAR_HEIGHT * 2 * len(bars)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = range(len(bars))
    low, high = _SKILL_RANGE
    clipped = [(max(low, bar.training), max(low, bar.validation)) for bar in bars]
    axes.barh(
        [place - 0.2 for place in places],
        [training for training, _ in clipped],
        height=0.38,
        color=_TRAINING_COLOUR,
        label="training",
    )
    axes.barh(
        [place + 0.2 for place in places],
        [validation for _, validation in clipped],
        height=0.38,
        color=_VALIDATION_COLOUR,
        label="validation",
    )
    axes.axvline(0.0, color=_CHANCE_COLOUR, linestyle="--", linewidth=1, label="chance")
    axes.set_yticks(list(places), [bar.label for bar in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(low, high)
    axes.set_xlabel(f"skill after the last epoch (0 is chance, 1 is perfect; cut off at {low})")
    axes.legend(loc="lower right", fontsize=8)
    return figure

"""The picture as a PNG, for the run's description and the artifact ``curve.png``."""

from __future__ import annotations

import io
import math
import threading
from functools import cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text

from mlflow_bce_monitor.curves.curve import Split
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import headlines, wording
from mlflow_bce_monitor.report.picture import Picture, Scale, picture
from mlflow_bce_monitor.report.plain_text import shortened

_INCHES: Final = (8.0, 4.5)
_DPI: Final = 100  # 800 x 450 pixels: as wide as MLflow's description column
_TITLE_LENGTH: Final = 78  # characters that fit above the axes
_MOST_DOTS: Final = 40  # points that stand far enough apart to be drawn as dots
_NAME_LENGTH: Final = 34  # characters of a metric's name in the legend
_LABEL_LENGTH: Final = 52  # characters of a chance level's label there
_NOT_IN_FONT: Final = "\N{REPLACEMENT CHARACTER}"

# Okabe and Ito's colours, told apart with every common form of colour blindness
# (https://jfly.uni-koeln.de/color/); lines differ in dash too.
_INK: Final = "#1f2328"
_FAINT: Final = "#6b7280"
_RULE: Final = "#e5e7eb"
_TRAIN: Final = "#0072b2"
_VALIDATION: Final = "#009e73"
_CHANCE: Final = "#d55e00"
_PLATEAU: Final = "#57606a"
_ALARM: Final = "#b3261e"

# Matplotlib keeps fonts and renderers in shared state and calls itself not thread-safe;
# a scan draws from several threads.
DRAWING: Final = threading.Lock()


def draw(diagnosis: Diagnosis) -> bytes:
    """Return the curve of a diagnosis with its chance level as a PNG of 800 x 450 pixels."""
    shown = picture(diagnosis)
    with DRAWING:
        figure = Figure(figsize=_INCHES, dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.085, 0.135, 0.885, 0.735))
        _frame(axes, shown)
        _marks(axes, shown)
        _curves(axes, shown)
        _chances(axes, shown)
        _words(figure, axes, shown, diagnosis)
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    return target.getvalue()


@cache
def _font_file() -> Path:
    """Return the font that Matplotlib ships, so that a picture is the same on every machine."""
    return Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


def font(size: float, *, bold: bool = False) -> FontProperties:
    """Return that font in a size."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=_font_file().with_name(name), size=size)


def drawable(text: str) -> str:
    """Return ``text`` with every character the font lacks replaced, so that none is drawn as an empty box."""
    glyphs = get_font(_font_file()).get_charmap()
    return "".join(character if ord(character) in glyphs else _NOT_IN_FONT for character in text)


def literal(text: Text) -> Text:
    """Return ``text`` set to be drawn as it is: a dollar sign in a name starts no formula."""
    text.set_parse_math(False)
    text.set_usetex(False)
    return text


def _frame(axes: Axes, shown: Picture) -> None:
    axes.set_yscale(shown.scale.value)
    axes.set_xlim(shown.x.low, shown.x.high)
    axes.set_ylim(shown.y.low, shown.y.high)
    axes.minorticks_off()
    for axis, scale in ((axes.xaxis, shown.x), (axes.yaxis, shown.y)):
        axis.set_ticks([place for place, _ in scale.ticks], labels=[label for _, label in scale.ticks])
        for label in axis.get_ticklabels():
            literal(label).set_fontproperties(font(9))
            label.set_color(_FAINT)
    axes.tick_params(length=0, pad=5)
    axes.grid(visible=True, axis="y", color=_RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_RULE)


def _marks(axes: Axes, shown: Picture) -> None:
    for plateau in shown.plateaus:
        axes.axvspan(
            plateau.start_step,
            plateau.end_step,
            color=_PLATEAU,
            alpha=0.13 if plateau.judged else 0.07,
            linewidth=0,
        )
    for stretch in shown.not_numbers:
        axes.axvspan(
            stretch.start_step,
            stretch.end_step,
            facecolor="none",
            edgecolor=_ALARM,
            hatch="///",
            linewidth=0.8,
            alpha=0.55,
        )
    axes.plot(
        [point.step for point in shown.spikes],
        [point.value for point in shown.spikes],
        linestyle="none",
        marker="o",
        markersize=7,
        markerfacecolor="none",
        markeredgecolor=_ALARM,
        zorder=5,
    )
    axes.plot(
        [point.step for point in shown.beyond],
        [_near_top(shown)] * len(shown.beyond),
        linestyle="none",
        marker="^",
        markersize=8,
        color=_ALARM,
        zorder=5,
    )


def _near_top(shown: Picture) -> float:
    """Return the height of marks for points above the frame, just inside its upper edge."""
    return shown.y.low + 0.965 * (shown.y.high - shown.y.low)


def _curves(axes: Axes, shown: Picture) -> None:
    for series in shown.series:
        judged = series is shown.series[0]
        colour = _TRAIN if series.split is Split.TRAIN else _VALIDATION
        if series.thinned:
            lows = [math.nan if extent is None else extent.low for extent in series.extents]
            highs = [math.nan if extent is None else extent.high for extent in series.extents]
            axes.fill_between(series.steps, lows, highs, color=colour, alpha=0.22, linewidth=0, zorder=2.2)
        axes.plot(
            series.steps,
            [math.nan if value is None else value for value in series.values],
            color=colour,
            linestyle="-" if judged else (0, (4, 1.5)),
            linewidth=2.0,
            marker="o" if len(series.steps) <= _MOST_DOTS else None,
            markersize=3.5,
            solid_joinstyle="round",
            zorder=3 if judged else 2.5,
            label=drawable(f"{shortened(series.name, _NAME_LENGTH)} ({wording.split_word(series.split)})"),
        )


def _chances(axes: Axes, shown: Picture) -> None:
    for chance in shown.chances:
        if chance.banded:
            axes.axhspan(chance.low, chance.high, color=_CHANCE, alpha=0.12, linewidth=0)
        judged = chance is shown.chances[0]
        axes.axhline(
            chance.level,
            color=_CHANCE,
            linewidth=1.4,
            linestyle="-" if judged and chance.known else (0, (6, 3)) if judged else (0, (1.5, 1.5)),
            zorder=2.8,
            label=drawable(shortened(chance.label, _LABEL_LENGTH)),
        )


def _words(figure: Figure, axes: Axes, shown: Picture, diagnosis: Diagnosis) -> None:
    title = headlines.headline_parts(diagnosis).title
    name = shortened(wording.run_title(diagnosis), _TITLE_LENGTH - len(title) - 3)
    literal(
        figure.text(0.02, 0.945, drawable(title), fontproperties=font(13, bold=True), color=_INK, va="center")
    )
    literal(
        figure.text(
            0.98, 0.945, drawable(name), fontproperties=font(10), color=_FAINT, va="center", ha="right"
        )
    )
    literal(axes.set_xlabel(shown.step_word, fontproperties=font(10), color=_FAINT, labelpad=4, loc="left"))
    if not shown.series:
        literal(
            axes.text(
                0.5,
                0.5,
                "no curve to draw",
                fontproperties=font(12),
                color=_FAINT,
                ha="center",
                transform=axes.transAxes,
            )
        )
        return
    legend = axes.legend(
        loc="best", prop=font(9.5), frameon=True, framealpha=0.85, edgecolor="none", handlelength=2.2
    )
    for text in legend.get_texts():
        literal(text).set_color(_INK)
    if shown.scale is Scale.LOG or shown.beyond:
        note = shortened(" ".join(shown.notes), 110)
        literal(figure.text(0.98, 0.018, drawable(note), fontproperties=font(8), color=_FAINT, ha="right"))

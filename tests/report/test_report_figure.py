"""The PNG: it exists, has its size, and no name can break it."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import handmade_diagnoses as handmade
import numpy as np
import pytest
from matplotlib.image import imread

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.report.figure import draw

_LARGEST = 60_000  # bytes


@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_every_verdict_is_drawn_small_and_at_one_size(name: str) -> None:
    """Each verdict gives a PNG of 800 x 450 pixels in under 60 kB that shows more than an empty frame."""
    drawn = draw(handmade.EVERY_VERDICT[name])
    pixels = imread(io.BytesIO(drawn), format="png")
    assert pixels.shape[:2] == (450, 800)
    assert len(drawn) < _LARGEST
    # The four bytes of a pixel as one number: sorting rows of four takes fifteen times as long as drawing.
    colours = np.rint(pixels * 255).astype(np.uint8).view(np.uint32)
    assert len(np.unique(colours)) > 10


def test_a_million_points_make_a_small_picture() -> None:
    """A curve of a million points still fits 60 kB."""
    assert len(draw(handmade.endless())) < _LARGEST


@pytest.mark.parametrize(
    "name", ["$x^2$ \\frac{", "損失 📉 क्षति", "a" * 250, handmade.HOSTILE, "\ud800 _{", ""]
)
def test_names_are_drawn_as_they_are(name: str) -> None:
    """No name starts a formula, raises, or warns of missing glyphs (warnings are errors here)."""
    made = handmade.diagnosis(Verdict.LEARNING, handmade.curve([0.7, 0.5, 0.3], name), run_name=name)
    assert draw(made).startswith(b"\x89PNG")


def test_the_same_diagnosis_gives_the_same_bytes_from_any_thread() -> None:
    """Pictures hold no time stamp and threads do not disturb each other."""
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: draw(handmade.stalled()), range(8)))
    assert len(drawn) == 1

"""Labels of horizontal lines stand where no curve runs."""

from __future__ import annotations

import pytest

from mlflow_bce_monitor.report.label_places import LabelPlace, Room, free_place

LABEL = "chance 0.693 = ln 2"  # about half of a narrow page
Y = 20.0  # per cent from above


def _place(*curves: list[tuple[float, float]], taken: tuple[Room, ...] = ()) -> LabelPlace | None:
    return free_place(LABEL, Y, above_first=True, curves=curves, taken=taken)


FAR = [(0.0, 80.0), (100.0, 80.0)]
HUGGING = [(0.0, Y + 1.0), (100.0, Y - 1.0)]


@pytest.mark.parametrize(
    ("curve", "anchor", "above"),
    [
        pytest.param(FAR, "end", True, id="a curve far away"),
        pytest.param(HUGGING, "end", True, id="a curve on the line leaves the gap to the label free"),
        pytest.param([(0.0, Y), (60.0, Y), (98.0, Y - 8.0)], "end", False, id="a rise at the end"),
        pytest.param(
            [(40.0, Y - 5.0), (99.0, Y - 5.0), (99.0, Y + 5.0)], "start", False, id="both at the end"
        ),
        pytest.param([(0.0, 90.0), (45.0, 90.0), (99.0, Y - 8.0)], "start", True, id="a line that crosses"),
        pytest.param([(30.0, Y - 5.0)], "end", True, id="one point elsewhere"),
        pytest.param([(90.0, Y - 5.0)], "end", False, id="one point in the way"),
    ],
)
def test_the_first_free_place_is_taken(curve: list[tuple[float, float]], anchor: str, above: bool) -> None:  # noqa: FBT001 - a parameter
    """At the end above the line, then below it; then at its start, and last in its middle."""
    place = _place(curve)
    assert place is not None
    assert (place.anchor, place.above) == (anchor, above)


def test_a_place_that_is_free_on_wide_pages_alone_is_better_than_none() -> None:
    """Letters take less of a wide page."""
    sides = [[(x, Y - 20.0), (x, Y + 20.0)] for x in (20.0, 70.0)]
    place = _place(*sides)
    assert place is not None
    assert place.room.right - place.room.left < 30


def test_noise_on_both_sides_leaves_no_place() -> None:
    """Then the legend tells the chance level."""
    noise = [(float(x), Y + 10.0 * (-1) ** x) for x in range(101)]
    assert _place(noise) is None


def test_other_labels_and_the_edge_are_kept_free() -> None:
    """What is taken stays free, and no label leaves the frame."""
    first = _place(FAR)
    assert first is not None
    second = _place(FAR, taken=(first.room,))
    assert second is not None
    assert not second.room.meets(first.room)
    top = free_place(LABEL, 3.0, above_first=True, curves=[FAR], taken=())
    assert top is not None
    assert not top.above

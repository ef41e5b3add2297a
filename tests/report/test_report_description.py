"""The block in the run's description, as a markdown renderer reads it."""

from __future__ import annotations

import handmade_diagnoses as handmade
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mlflow_bce_monitor.report import headlines
from mlflow_bce_monitor.report.description import block, escaped

_GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def _inline(source: str) -> list[Token]:
    return [child for token in _GITHUB.parse(source) for child in token.children or []]


@pytest.mark.parametrize("name", [*handmade.EVERY_VERDICT, "hostile"])
def test_the_first_line_is_the_headline(name: str) -> None:
    """Whoever sees only the first line reads the verdict in a plain sentence."""
    diagnosis = {**handmade.EVERY_VERDICT, "hostile": handmade.hostile()}[name]
    first = block(diagnosis, diagnosis.run_id).split("\n", 1)[0]
    (paragraph,) = [token for token in _GITHUB.parse(first) if token.type == "inline"]
    assert paragraph.children is not None
    assert {child.type for child in paragraph.children} <= {"text", "text_special"}
    assert "".join(child.content for child in paragraph.children) == headlines.headline(diagnosis)


def test_the_picture_comes_by_the_relative_address_of_the_artifact() -> None:
    """The one image of the block is the run's own curve, through MLflow's relative address."""
    (image,) = [token for token in _inline(block(handmade.stalled(), "abc")) if token.type == "image"]
    assert image.attrs["src"] == "get-artifact?path=bce_monitor/curve.png&run_uuid=abc"


def test_without_artifacts_nothing_points_to_them() -> None:
    """A block without a report shows neither picture nor hint."""
    source = block(handmade.stalled(), "abc", with_artifacts=False)
    assert "get-artifact" not in source
    assert "report.html" not in source
    assert "**What to change:** Weight the rare class" in source


@pytest.mark.parametrize(
    "text",
    [
        handmade.HOSTILE.split("\x1b")[0],
        "*a* _b_ __c__ `d` ~~e~~ [f](http://g) ![h](i) <b>j</b> <!-- k -->",
        "a | b | c",
        "\\* &lt; &#60;",
        "val_loss train/loss 10% of 0.693 = ln 2",
    ],
)
def test_text_is_shown_as_it_is(text: str) -> None:
    """Whatever the text holds, the renderer shows the same characters and makes no element of them."""
    children = _inline(escaped(f"Stalled: {text}"))
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == f"Stalled: {text}"


def test_addresses_mentions_and_emoji_names_stay_text() -> None:
    """MLflow's renderer follows GitHub, where bare addresses, @names and :names: mean something."""
    shown = escaped("see https://a.b www.a.b me@a.b :smile:")
    assert not any(active in shown for active in ("://", "www.", "@", ":smile:"))

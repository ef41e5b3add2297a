"""The report page: what it says, that it is one safe file, and how large it gets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.report import grounds, headlines, reasons
from mlflow_bce_monitor.report.page import content, render

_LARGEST = 200_000  # bytes
_NO_END = {"meta", "link", "img", "br", "hr", "input"}


class _Page(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _NO_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self, tag: str) -> str:
        """Return what stands directly in elements of one tag."""
        return " ".join("".join(text for inside, text in self.texts if inside == tag).split())

    @property
    def everything(self) -> str:
        """All text that is shown, in order, pieces parted by a space."""
        shown = (text for inside, text in self.texts if inside not in ("script", "style"))
        return " ".join(" ".join(shown).split())


@pytest.fixture(params=[*handmade.EVERY_VERDICT, "hostile", "endless"])
def source(request: pytest.FixtureRequest) -> str:
    """Return the page of each verdict, of a hostile run, and of a very long one."""
    makers = {"hostile": handmade.hostile, "endless": handmade.endless}
    name = request.param
    return render(makers[name]() if name in makers else handmade.EVERY_VERDICT[name])


def test_a_page_is_well_formed_small_and_loads_nothing(source: str) -> None:
    """Every tag is closed in order, nothing points outside, and the page stays under 200 kB."""
    page = _Page(source)
    assert page.open == []
    assert len(source.encode()) < _LARGEST
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "href", "style", "action", "xlink:href"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "http" not in source.replace("http-equiv", "")
    assert "url(" not in source
    assert "localStorage" not in source


def test_the_policy_allows_only_the_pages_own_style_and_script(source: str) -> None:
    """The content security policy names both by their hash and forbids everything else."""
    (policy,) = [
        attributes["content"]
        for tag, attributes in _Page(source).elements
        if tag == "meta" and "http-equiv" in attributes
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    inline = re.findall(r"<(style|script)>(.*?)</\1>", source, re.DOTALL)
    assert [tag for tag, _ in inline] == ["style", "script"]
    for tag, body in inline:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_ids_are_unique_and_references_lead_somewhere(source: str) -> None:
    """What a screen reader follows (aria-labelledby) exists, once."""
    elements = _Page(source).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        for reference in (attributes.get("aria-labelledby") or "").split():
            assert reference in ids


@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_the_first_thing_a_page_says_is_the_answer(name: str) -> None:
    """Heading, lead and answer are the verdict's sentence."""
    diagnosis = handmade.EVERY_VERDICT[name]
    page = _Page(render(diagnosis))
    title, rest = headlines.headline_parts(diagnosis)
    assert page.text("h1") == title
    assert " ".join(rest.split()) in page.everything
    assert f"Is this normal? {headlines.is_normal(diagnosis.verdict)}." in page.everything


def test_a_stalled_page_explains_itself() -> None:
    """Causes, evidence, what was ruled out, what is missing, facts, sources and limits are all there."""
    diagnosis = handmade.stalled()
    said = _Page(render(diagnosis)).everything
    for cause in reasons.causes(diagnosis):
        assert f"{cause.title} {cause.percent}" in said
        assert (cause.evidence_for or cause.evidence_against) in said
        assert cause.advice in said
    for dismissed in (*reasons.ruled_out(diagnosis), *reasons.not_assessed(diagnosis)):
        assert dismissed.reason in said
    for text in reasons.next_measurements(diagnosis):
        assert text in said
    for fact in grounds.facts(diagnosis):
        assert f"{fact.value} {fact.source} {fact.tier}" in said
    for limit, value in grounds.limits(diagnosis):
        assert f"{limit} {value}" in said


def test_the_script_gets_every_point_in_words() -> None:
    """The values to hover over are JSON of the same points that are drawn."""
    source = render(handmade.stalled())
    (points,) = re.findall(r'<script type="application/json" id="points">(.*?)</script>', source, re.DOTALL)
    read = json.loads(points)
    assert read["step"] == "epoch"
    assert [series["name"] for series in read["series"]] == ["loss", "val_loss"]
    assert read["series"][0]["steps"] == list(range(10))
    assert read["series"][0]["values"][0] == "0.412"
    assert read["series"][0]["skills"][0] == "-27%"


def test_names_from_the_run_are_text_never_markup() -> None:
    """A run that is named like an attack is shown by that name, and adds no element to the page."""
    ours, theirs = _Page(render(handmade.stalled())), _Page(render(handmade.hostile()))
    known = {tag for tag, _ in ours.elements} | {"p"}
    assert {tag for tag, _ in theirs.elements} <= known
    assert "img" not in {tag for tag, _ in theirs.elements}
    assert "<img src=x onerror=alert(1)>\"'</script>{{7*191}}$x^2$[b]" in theirs.everything
    assert "1337" not in theirs.everything
    assert len([tag for tag, _ in theirs.elements if tag == "script"]) == 2


def test_the_values_can_be_read_as_a_table() -> None:
    """Whoever cannot see the plot finds the values in a table, a few dozen rows of it for a long curve."""
    short, long = content(handmade.stalled()), content(handmade.endless())
    assert [row.step for row in short.table] == [str(step) for step in range(10)]
    assert short.table[0].values == ("0.412", "0.371")
    assert len(long.table) <= 80
    assert "[0.05 to" in " ".join(value for row in long.table for value in row.values)


def test_the_numbers_say_which_split_they_are_of() -> None:
    """An overfitting run is judged by its validation loss, and its numbers are labelled so."""
    assert content(handmade.overfitting()).numbers == (
        ("Validation loss at the end", "0.970"),
        ("Chance level", "0.693 = ln 2"),
        ("Training skill", "79%"),
        ("Validation skill", "-40%"),
    )
    assert content(handmade.diverged()).numbers[0] == ("Loss at the end", "not a number, after 14.2")


def test_a_chance_level_without_room_in_the_plot_stands_in_the_legend() -> None:
    """Wherever it stands, it is told once in sight of the plot."""
    noise = handmade.curve([0.6931 * (1 + 0.15 * (-1) ** step) for step in range(30)])
    for curve, in_legend in ((noise, True), (handmade.curve([0.6931] * 30), False)):
        page = render(handmade.diagnosis(Verdict.STALLED, curve))
        label = content(handmade.diagnosis(Verdict.STALLED, curve)).whole.chances[0].label
        legend = page[page.index('class="legend"') : page.index("<figure>")]
        assert (label in legend) is in_legend
        assert ("of-chance" in page.partition("</style>")[2]) is not in_legend

"""docs/rules.md is what the rules say today, and its links lead somewhere."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Rule

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "docs" / "rules.py"
PAGE = ROOT / "docs" / "rules.md"

BY_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def test_the_page_is_current(tmp_path: Path) -> None:
    """Generating the page anew gives the file that is kept, byte for byte."""
    anew = tmp_path / "rules.md"
    subprocess.run([sys.executable, GENERATOR, "--output", anew], check=True, capture_output=True)
    assert anew.read_bytes() == PAGE.read_bytes(), "docs/rules.md is stale: run `python docs/rules.py`"


@BY_RULE
def test_every_rule_has_its_section(rule: Rule) -> None:
    """A rule's section tells what it is, its evidence, what to change, and its source."""
    section = _section(rule.title)
    for text in (f"`{rule.code}`", rule.explanation, rule.advice, rule.remedy, rule.separated_by):
        assert text in section
    for example in (*rule.fires, *rule.stays_quiet):
        assert example.title[1:] in section
    for fact in (*rule.needs, *rule.uses):
        assert f"| `{fact}` |" in section
    for heading in ("**Speaks for it**", "**Speaks against it**", "**Source.**"):
        assert heading in section


def test_every_link_inside_the_page_leads_to_a_heading() -> None:
    """The table of contents and the look-alikes link to headings as GitHub anchors them."""
    text = PAGE.read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert linked >= {_anchor(rule.title) for rule in RULES}
    assert linked <= {_anchor(title) for title in _headings(text)}


def test_every_file_the_page_links_to_is_there() -> None:
    """Links to other pages of the documentation are not dead."""
    files = set(re.findall(r"\]\((?!#|https?:)([^)#]+)", PAGE.read_text(encoding="utf-8")))
    assert files
    assert [name for name in files if not (PAGE.parent / name).exists()] == []


def _section(title: str) -> str:
    """Return the text from a heading to the next one."""
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def _headings(text: str) -> list[str]:
    """Return the headings as a Markdown parser finds them."""
    pairs = itertools.pairwise(MarkdownIt("commonmark").parse(text))
    return [content.content for opening, content in pairs if opening.type == "heading_open"]


def _anchor(title: str) -> str:
    """Return GitHub's anchor of a heading: lower case, hyphens for blanks, no punctuation."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")

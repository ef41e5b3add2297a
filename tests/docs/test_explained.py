"""docs/explained/: its generator works, and its index tells of every example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "docs" / "explained.py"
FOLDER = ROOT / "docs" / "explained"

EXAMPLES = sorted(FOLDER.glob("*.txt"))


def _generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the generator as its docstring says."""
    return subprocess.run(
        [sys.executable, GENERATOR, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.training
def test_examples_are_generated_from_real_runs(tmp_path: Path) -> None:
    """Two runs of the zoo go through a real store and the real command; no line tells of the store."""
    done = _generate("--only", "hard", "--only", "learning_rate_too_low", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hard.txt", "learning_rate_too_low.txt"]
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        first = text.splitlines()[0]
        assert re.fullmatch(r"\S+  run [0-9a-f]{32}", first), first
        assert "Is this normal?" in text
        assert "What this rests on" in text
        assert str(tmp_path.parent) not in text
        assert all(line == line.rstrip() and len(line) <= 100 for line in text.splitlines())
    answered = (tmp_path / "learning_rate_too_low.txt").read_text(encoding="utf-8")
    # The param, the data set input and the model summary reached the tool through the store.
    assert re.search(r"training\s+\w+, learning rate .*training rows.*weights", " ".join(answered.split()))


def test_an_unknown_example_is_told() -> None:
    """A name that is no example ends the generator with that name."""
    done = _generate("--only", "no_such_example")
    assert done.returncode == 2
    assert "no_such_example" in done.stderr


def test_there_are_ten_examples() -> None:
    """The folder holds ten explanations."""
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_in_the_index(path: Path) -> None:
    """The index links each example, and says what was injected, measured, true and answered."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    section = index.split(f"## [{path.stem}]({path.name})", 1)[1].split("\n## ", 1)[0]
    for heading in ("Trained:", "Injected:", "Measured:", "True:", "Answered:"):
        assert heading in section


def test_the_index_links_to_nothing_else() -> None:
    """No example that was removed is still listed."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([^)/]+\.txt)\)", index)) == {path.name for path in EXAMPLES}

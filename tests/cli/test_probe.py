"""``bce-monitor probe``: what it refuses, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from stores import FilledStore, stalled

from mlflow_bce_monitor.cli import main

pytestmark = pytest.mark.training


def test_a_model_is_not_loaded_without_trust(store: FilledStore, tmp_path: Path) -> None:
    """Without --trust-model nothing is loaded or written, and the message says why."""
    run_id = store.run(store.experiment(), {"loss": stalled()})
    data = tmp_path / "rows.csv"
    data.write_text("a,label\n1,0\n2,1\n")
    before = store.tables()
    arguments = ["probe", run_id, "--data", str(data), "--target", "label", "--tracking-uri", store.uri]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "loading runs code that lies in its artifact" in result.stderr
    assert "--trust-model" in result.stderr
    assert store.tables() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,b\n1,0\n", "has no column 'label'; it has 'a', 'b'"),
        ("a,label\n", "has no rows"),
    ],
)
def test_a_file_that_does_not_fit_is_told(store: FilledStore, tmp_path: Path, text: str, words: str) -> None:
    """An empty file, a missing target and a file without rows end with 2 and say what was found."""
    run_id = store.run(store.experiment(), {"loss": stalled()})
    data = tmp_path / "rows.csv"
    data.write_text(text)
    arguments = ["probe", run_id, "--data", str(data), "--target", "label", "--tracking-uri", store.uri]
    result = CliRunner().invoke(main, [*arguments, "--trust-model"])
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())

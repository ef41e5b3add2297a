"""Overviews of many runs: as a file, and on the parent run of the runs it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stores import FilledStore, learning, stalled

import mlflow_bce_monitor
from mlflow_bce_monitor.contract import TAG_FINGERPRINT
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.siblings import PARENT_TAG

_BALANCED = {"positive_share": "0.5"}
_OVERVIEW = "bce_monitor/overview.html"


def _family(store: FilledStore, experiment: str, n_children: int = 2) -> tuple[str, list[str]]:
    """Log a parent run with children, every other of them stalled."""
    parent = store.run(experiment, name="sweep")
    children = [
        store.run(
            experiment,
            {"loss": stalled() if child % 2 else learning()},
            name=f"child {child}",
            params=_BALANCED,
            tags={PARENT_TAG: parent},
        )
        for child in range(n_children)
    ]
    return parent, children


def _artifacts(store: FilledStore, run_id: str) -> list[str]:
    return [file.path for file in store.client.list_artifacts(run_id, "bce_monitor")]


def _text(store: FilledStore, run_id: str) -> str:
    return Path(store.client.download_artifacts(run_id, _OVERVIEW)).read_text(encoding="utf-8")


def test_a_parent_run_gets_an_overview_of_its_children(store: FilledStore) -> None:
    """The page lies beside the parent's artifacts and names each child; the parent stays as it was."""
    experiment = store.experiment()
    parent, _ = _family(store, experiment)
    before = store.client.get_run(parent).info
    mlflow_bce_monitor.scan(store.uri, [experiment])
    said = _text(store, parent)
    assert "1 of 2 runs needs a change" in said
    assert "child 0" in said
    assert "child 1" in said
    after = store.client.get_run(parent).info
    assert (after.status, after.end_time) == (before.status, before.end_time)


def test_unchanged_children_are_no_news(store: FilledStore) -> None:
    """A second scan writes no overview, and a new point of one child makes a new one with all of them."""
    experiment = store.experiment()
    parent, children = _family(store, experiment)
    mlflow_bce_monitor.scan(store.uri, [experiment])
    written = {name: path for name, path in store.files().items() if name.endswith("overview.html")}
    (file,) = (store.folder / name for name in written)
    file.unlink()
    mlflow_bce_monitor.scan(store.uri, [experiment])
    assert not file.exists()
    store.extend(children[0], "loss", [0.2], first_step=40)
    mlflow_bce_monitor.scan(store.uri, [experiment])
    assert "1 of 2 runs needs a change" in _text(store, parent)


@pytest.mark.parametrize("options", [{"dry_run": True}, {"reports": "none"}])
def test_no_overview_where_no_artifacts_are_wanted(store: FilledStore, options: dict[str, object]) -> None:
    """A dry run and --reports none leave the parent run without artifacts."""
    experiment = store.experiment()
    parent, _ = _family(store, experiment)
    mlflow_bce_monitor.scan(store.uri, [experiment], **options)  # type: ignore[arg-type]
    assert _artifacts(store, parent) == []


def test_a_parent_that_is_gone_costs_a_note_only(
    store: FilledStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The children of a deleted parent are evaluated, and the scan says why there is no overview."""
    experiment = store.experiment()
    parent, children = _family(store, experiment)
    store.client.delete_run(parent)
    mlflow_bce_monitor.scan(store.uri, [experiment])
    assert all(TAG_FINGERPRINT in store.client.get_run(child).data.tags for child in children)
    assert f"Parent run {parent} got no overview" in caplog.text


def test_one_child_alone_makes_no_overview(store: FilledStore) -> None:
    """A parent with one child is told by the child's own page."""
    experiment = store.experiment()
    parent, _ = _family(store, experiment, n_children=1)
    mlflow_bce_monitor.scan(store.uri, [experiment])
    assert _artifacts(store, parent) == []


def test_the_file_shows_what_was_scanned_now_and_before(store: FilledStore, tmp_path: Path) -> None:
    """Unchanged runs are told by their tags; every curve is drawn; nothing is written to the store for it."""
    experiment = store.experiment("the sweep")
    _family(store, experiment)
    mlflow_bce_monitor.scan(store.uri, ["the sweep"])
    before = store.tables()
    page = tmp_path / "overview.html"
    mlflow_bce_monitor.scan(store.uri, ["the sweep"], dry_run=True, html=page)
    said = page.read_text(encoding="utf-8")
    assert "the sweep" in said
    assert said.count('class="small"') == 2
    assert store.tables() == before


def test_a_file_that_cannot_be_written_is_wrong_usage(store: FilledStore, tmp_path: Path) -> None:
    """A folder in the place of the file is told by its path."""
    experiment = store.experiment()
    _family(store, experiment)
    with pytest.raises(UsageError, match="cannot be written to"):
        mlflow_bce_monitor.scan(store.uri, [experiment], dry_run=True, html=tmp_path)


def test_of_thousands_of_runs_only_some_are_read_again(
    make_store: Callable[[], FilledStore], tmp_path: Path
) -> None:
    """Three hundred stalled runs: all are counted, 24 are drawn, and the page says so."""
    store = make_store()
    experiment = store.experiment()
    store.many_runs(experiment, 300, stalled(20))
    page = tmp_path / "overview.html"
    mlflow_bce_monitor.scan(store.uri, [experiment], base_rate=0.5, dry_run=True, html=page)
    said = page.read_text(encoding="utf-8")
    assert "300 of 300 runs need a change" in said
    assert "24 of 300 curves are drawn" in said
    assert said.count('class="small"') == 24

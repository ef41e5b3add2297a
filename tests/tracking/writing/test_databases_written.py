"""Writing to PostgreSQL and MySQL, directly and through a server: whole answers, in one batch."""

from __future__ import annotations

from pathlib import Path

import pytest
from killing import SQL_STORE, killed
from servers import Server
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan


def _written(filled: FilledStore, run_id: str) -> tuple[object, ...]:
    run = filled.client.get_run(run_id)
    return run.data.tags, run.data.metrics, filled.client.get_metric_history(run_id, "bce/skill")


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_an_answer_is_whole_or_not_there(request: pytest.FixtureRequest, kind: str) -> None:
    """Killed between the metrics and the tags of its batch, a run has no mark; the next scan completes it."""
    filled: FilledStore = request.getfixturevalue(kind)
    experiment = filled.experiment()
    run_id = filled.run(experiment, {"loss": stalled()}, params={"positive_share": "0.5"})
    killed(filled.uri, "", SQL_STORE, "_set_tags", "bce.fingerprint", experiment=experiment)
    assert "bce.fingerprint" not in filled.client.get_run(run_id).data.tags
    answers = scan(filled.uri, [experiment])
    assert answers["verdict"].tolist() == ["stalled"]
    assert answers["error"].isna().all()
    tags, _, history = written = _written(filled, run_id)
    assert isinstance(tags, dict)
    assert {"bce.verdict", "bce.fingerprint", "mlflow.note.content"} <= tags.keys()
    assert isinstance(history, list)
    assert len(history) == 1
    scan(filled.uri, [experiment])
    assert _written(filled, run_id) == written


@pytest.mark.server
def test_a_server_on_postgresql_is_read_and_written(postgresql: FilledStore, tmp_path: Path) -> None:
    """Through a server on PostgreSQL the answers are those of the database read directly."""
    experiment = postgresql.experiment(artifact_location="mlflow-artifacts:/x")
    run_ids = [postgresql.run(experiment, {"loss": loss}) for loss in (stalled(), learning())]
    direct = scan(postgresql.uri, [experiment], dry_run=True)
    server = Server(tmp_path / "none.db", ["--backend-store-uri", postgresql.uri])
    try:
        server.start()
        answers = scan(server.uri, [experiment])
    finally:
        server.kill()
    assert answers.equals(direct)
    assert all("bce.fingerprint" in postgresql.client.get_run(run_id).data.tags for run_id in run_ids)

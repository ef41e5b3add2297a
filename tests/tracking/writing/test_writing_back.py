"""Writing answers back: exactly what the contract says, and nothing else of the run changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from killing import CLIENT, SQL_STORE, killed
from mlflow.entities import Run
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import evaluate_run, scan
from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.errors import RunError, StoreError, UsageError
from mlflow_bce_monitor.report.description_block import LONGEST_DESCRIPTION
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.store.pages import pages
from mlflow_bce_monitor.tracking.store.search import select

ANSWER_TAGS = {
    "bce.verdict",
    "bce.cause",
    "bce.confidence",
    "bce.skill",
    "bce.chance_level",
    "bce.metric",
    "bce.tier",
    "bce.version",
    "bce.fingerprint",
}
REPORT = {"bce_monitor/report.html", "bce_monitor/curve.png", "bce_monitor/diagnosis.json"}

POINTS_OF_DEATH = {
    "before the report": ("sqlite", CLIENT, "log_artifacts"),
    "between report and batch": ("sqlite", CLIENT, "log_batch"),
    "in the batch, between metrics and tags": (
        "sqlite",
        SQL_STORE,
        "_set_tags",
    ),
    "between batch and fingerprint of another store": ("plugin", CLIENT, "set_tag", "bce.fingerprint"),
}


def artifacts(store: FilledStore, run_id: str) -> set[str]:
    """Return the paths of our artifacts of a run."""
    return {file.path for file in store.client.list_artifacts(run_id, "bce_monitor")}


def users_part(run: Run) -> dict[str, object]:
    """Return everything of a run that is not ours to change."""
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("bce.")}
    tags.pop("mlflow.note.content", None)
    metrics = {key: value for key, value in run.data.metrics.items() if not key.startswith("bce/")}
    return {"info": dict(run.info), "params": run.data.params, "tags": tags, "metrics": metrics}


@pytest.fixture
def stuck(store: FilledStore) -> str:
    """Return a run that is stuck at chance."""
    return store.run(store.experiment(), {"loss": stalled()}, params={"positive_share": "0.5"})


@pytest.fixture
def fine(store: FilledStore) -> str:
    """Return a run that learns."""
    return store.run(store.experiment(), {"loss": learning()}, params={"positive_share": "0.5"})


def test_a_stuck_run_gets_tags_metrics_report_and_block(store: FilledStore, stuck: str) -> None:
    """A flagged run carries every part of the contract, and they agree with the diagnosis."""
    diagnosis = evaluate_run(stuck, tracking_uri=store.uri)
    run = store.client.get_run(stuck)
    assert diagnosis.verdict is Verdict.STALLED
    assert run.data.tags.keys() >= ANSWER_TAGS | {"bce.advice"}
    assert run.data.tags["bce.verdict"] == "stalled"
    assert run.data.tags["bce.cause"] == diagnosis.cause
    assert run.data.tags["bce.metric"] == "loss"
    assert diagnosis.skill is not None
    assert run.data.metrics["bce/skill"] == diagnosis.skill.value
    assert run.data.metrics["bce/plateau_fraction"] == diagnosis.plateau_fraction
    assert artifacts(store, stuck) == REPORT
    text = Path(store.client.download_artifacts(stuck, "bce_monitor/diagnosis.json")).read_text(
        encoding="utf-8"
    )
    written = json.loads(text)
    assert {key: written[key] for key in diagnosis.as_contract()} == diagnosis.as_contract()
    assert f"run_uuid={stuck}" in run.data.tags["mlflow.note.content"]


def test_a_learning_run_gets_tags_and_metrics_only(store: FilledStore, fine: str) -> None:
    """A run in no trouble gets no report and no block in its description."""
    evaluate_run(fine, tracking_uri=store.uri)
    run = store.client.get_run(fine)
    assert run.data.tags["bce.verdict"] == "learning"
    assert run.data.tags.keys() >= ANSWER_TAGS
    assert artifacts(store, fine) == set()
    assert "mlflow.note.content" not in run.data.tags


@pytest.mark.parametrize(
    ("reports", "stuck_has", "fine_has"),
    [("flagged", True, False), ("all", True, True), ("none", False, False)],
)
def test_reports_go_where_they_are_wanted(
    store: FilledStore, stuck: str, fine: str, reports: str, *, stuck_has: bool, fine_has: bool
) -> None:
    """--reports decides which runs get artifacts."""
    scan(store.uri, reports=reports)
    assert (artifacts(store, stuck) == REPORT) is stuck_has
    assert (artifacts(store, fine) == REPORT) is fine_has
    picture_shown = "get-artifact" in store.client.get_run(stuck).data.tags["mlflow.note.content"]
    assert picture_shown is stuck_has


def test_a_report_that_was_not_wanted_before_is_written_later(store: FilledStore, fine: str) -> None:
    """Asking for all reports after a scan without them writes them, and once only."""
    scan(store.uri)
    scan(store.uri, reports="all")
    assert artifacts(store, fine) == REPORT
    before = store.tables()
    scan(store.uri, reports="all")
    scan(store.uri)
    assert store.tables() == before


def test_the_second_scan_changes_nothing(store: FilledStore, stuck: str, fine: str) -> None:
    """Scanning twice leaves every table and every artifact as the first scan did, and answers the same."""
    first = scan(store.uri)
    tables, files = store.tables(), store.files()
    second = scan(store.uri)
    assert store.tables() == tables
    assert store.files() == files
    pd.testing.assert_frame_equal(first, second)
    assert set(first["run_id"]) == {stuck, fine}


def test_force_writes_again_and_arrives_at_the_same(store: FilledStore, stuck: str, fine: str) -> None:
    """--force repairs what somebody changed, and without such a change arrives at the same store."""
    scan(store.uri)
    tables = store.tables()
    scan(store.uri, force=True)
    assert store.tables() == tables
    store.client.set_tag(stuck, "bce.cause", "nonsense")
    (Path(store.client.get_run(stuck).info.artifact_uri) / "bce_monitor" / "report.html").unlink()
    scan(store.uri)
    assert store.client.get_run(stuck).data.tags["bce.cause"] == "nonsense"
    scan(store.uri, force=True)
    assert store.tables() == tables
    assert artifacts(store, stuck) == REPORT
    assert artifacts(store, fine) == set()


def test_dry_run_writes_nothing(store: FilledStore, stuck: str) -> None:
    """A dry run answers without changing a row or a file."""
    before = store.tables()
    answers = scan(store.uri, dry_run=True)
    assert evaluate_run(stuck, tracking_uri=store.uri, dry_run=True).verdict is Verdict.STALLED
    assert answers["verdict"].tolist() == ["stalled"]
    assert store.tables() == before
    assert store.files() == {}


@pytest.mark.parametrize("where", POINTS_OF_DEATH.values(), ids=POINTS_OF_DEATH.keys())
@pytest.mark.parametrize("force", ["", "force"], ids=["first write", "rewrite"])
def test_an_interrupted_write_is_completed_by_the_next_scan(
    make_store: Callable[[], FilledStore], where: tuple[str, ...], force: str
) -> None:
    """A scan killed while writing leaves a run without fingerprint, which the next scan completes."""
    store = make_store()
    run_id = store.run(store.experiment(), {"loss": stalled()}, tags={"mlflow.note.content": "mine"})
    if force:
        scan(store.uri)
    scheme, *call = where
    killed(store.uri.replace("sqlite", scheme, 1), force, *call)
    assert "bce.fingerprint" not in store.client.get_run(run_id).data.tags
    scan(store.uri)
    run = store.client.get_run(run_id)
    assert run.data.tags.keys() >= ANSWER_TAGS
    assert artifacts(store, run_id) == REPORT
    assert run.data.tags["mlflow.note.content"].startswith("mine\n\n<!-- bce-monitor:begin")
    assert len(store.client.get_metric_history(run_id, "bce/skill")) == 1
    tables = store.tables()
    scan(store.uri)
    assert store.tables() == tables


def test_a_recovery_interrupted_among_the_stale_tags_is_completed(store: FilledStore) -> None:
    """Killed before the advice of the earlier answer is taken away, a run is answered anew, without it."""
    run_id = store.run(
        store.experiment(), {"loss": stalled()}, params={"positive_share": "0.5"}, status="RUNNING"
    )
    scan(store.uri)
    store.extend(run_id, "loss", learning(120), first_step=40)
    killed(store.uri, "", CLIENT, "delete_tag", "bce.advice")
    assert "bce.fingerprint" not in store.client.get_run(run_id).data.tags
    scan(store.uri)
    tags = store.client.get_run(run_id).data.tags
    assert tags["bce.verdict"] == "escaped"
    assert not {"bce.advice", "mlflow.note.content"} & tags.keys()


@pytest.mark.parametrize("last", ["bce.verdict", "bce.tier", "bce.fingerprint"])
def test_a_folder_is_written_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """A file store writes a batch tag by tag: wherever it ends, the fingerprint is the last to be there."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = tmp_path / "mlruns"
    folder.mkdir()
    store = FilledStore(folder.as_uri(), tmp_path / "artifacts")
    run_id = store.run(store.experiment(), {"loss": stalled()})
    killed(store.uri, "", "mlflow.store.tracking.file_store:FileStore", "_set_run_tag", last)
    assert not {last, "bce.fingerprint"} & store.client.get_run(run_id).data.tags.keys()
    scan(store.uri)
    assert store.client.get_run(run_id).data.tags.keys() >= ANSWER_TAGS


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED", "RUNNING"])
def test_status_end_time_and_everything_of_the_user_stay(store: FilledStore, status: str) -> None:
    """A FAILED run stays FAILED with the same end time; params, tags and metrics are as they were."""
    run_id = store.run(
        store.experiment(),
        {"loss": stalled(), "accuracy": [0.5] * 40},
        params={"positive_share": "0.5", "note": "a\nb"},
        tags={"owner": "me", "mlflow.source.name": "train.py"},
        status=status,
    )
    before = users_part(store.client.get_run(run_id))
    evaluate_run(run_id, tracking_uri=store.uri)
    run = store.client.get_run(run_id)
    assert users_part(run) == before
    assert run.info.status == status
    assert run.data.tags["bce.verdict"] == "stalled"


@pytest.mark.parametrize(
    "text",
    [
        "A note.",
        "Trailing newline\n",
        "Windows\r\nlines\r\n",
        "```python\nx = 1\n```",
        "emoji \U0001f600, RTL \u202e, separators \u2028\u2029, zero width \u200b, tab\t.",
        "<!-- bce-monitor:begin -->\nlooks like ours\n<!-- bce-monitor:end -->",
        "<script>alert(1)</script> **bold** [link](x)",
        " \n \n",
    ],
)
def test_the_users_description_survives_byte_for_byte(store: FilledStore, text: str) -> None:
    """The user's text stays in front of the block, and is alone again once the run is not flagged."""
    run_id = store.run(store.experiment(), {"loss": stalled()}, tags={"mlflow.note.content": text})
    scan(store.uri)
    scan(store.uri, force=True)
    written = store.client.get_run(run_id).data.tags["mlflow.note.content"]
    assert written.startswith(text)
    assert written.count(f"begin run={run_id}") == 1
    store.extend(run_id, "loss", learning(200), first_step=40)
    scan(store.uri)
    run = store.client.get_run(run_id)
    assert Verdict(run.data.tags["bce.verdict"]) not in FLAGGED
    assert run.data.tags["mlflow.note.content"] == text


def test_a_long_description_is_left_alone(store: FilledStore, caplog: pytest.LogCaptureFixture) -> None:
    """MLflow cuts long tags silently, so a description without room for the block is left, and said so."""
    text = "x" * (LONGEST_DESCRIPTION - 10)
    run_id = store.run(store.experiment(), {"loss": stalled()}, tags={"mlflow.note.content": text})
    scan(store.uri)
    assert store.client.get_run(run_id).data.tags["mlflow.note.content"] == text
    assert store.client.get_run(run_id).data.tags["bce.verdict"] == "stalled"
    assert "the summary was left out" in caplog.text


def test_a_run_that_recovers_keeps_no_stale_answer(store: FilledStore) -> None:
    """When a stalled run goes on and learns, its report says so, its block goes, and stale tags go."""
    run_id = store.run(
        store.experiment(), {"loss": stalled()}, params={"positive_share": "0.5"}, status="RUNNING"
    )
    scan(store.uri)
    assert "bce.advice" in store.client.get_run(run_id).data.tags
    store.extend(run_id, "loss", learning(120), first_step=40)
    answers = scan(store.uri)
    run = store.client.get_run(run_id)
    assert run.data.tags["bce.verdict"] == answers["verdict"][0] == "escaped"
    assert "bce.advice" not in run.data.tags
    assert "mlflow.note.content" not in run.data.tags
    text = Path(store.client.download_artifacts(run_id, "bce_monitor/diagnosis.json")).read_text(
        encoding="utf-8"
    )
    assert json.loads(text)["verdict"] == "escaped"
    assert run.data.metrics["bce/skill"] == answers["skill"][0]


def test_the_latest_metric_is_the_latest_answer(store: FilledStore, stuck: str) -> None:
    """MLflow shows the highest of equally late points, so a lower skill is logged as the later one."""
    skills = []
    for base_rate in (0.5, 0.4, 0.5):
        diagnosis = evaluate_run(stuck, tracking_uri=store.uri, base_rate=base_rate)
        assert diagnosis.skill is not None
        skills.append(diagnosis.skill.value)
        assert store.client.get_run(stuck).data.metrics["bce/skill"] == skills[-1]
    assert skills[1] < skills[0]


def test_a_skill_that_no_longer_exists_is_nan(store: FilledStore) -> None:
    """A metric cannot be deleted, so a skill without a successor becomes NaN, not a stale number."""
    run_id = store.run(store.experiment(), {"loss": stalled(), "auc": [0.5] * 40}, status="RUNNING")
    evaluate_run(run_id, tracking_uri=store.uri)
    store.client.log_param(run_id, "loss", "mean_squared_error")
    diagnosis = evaluate_run(run_id, tracking_uri=store.uri)
    assert diagnosis.verdict is Verdict.NOT_APPLICABLE
    run = store.client.get_run(run_id)
    assert math.isnan(run.data.metrics["bce/skill"])
    assert "bce.skill" not in run.data.tags
    n_points = len(store.client.get_metric_history(run_id, "bce/skill"))
    evaluate_run(run_id, tracking_uri=store.uri, force=True)
    assert len(store.client.get_metric_history(run_id, "bce/skill")) == n_points


def test_a_running_run_is_answered_again_when_it_grows(store: FilledStore) -> None:
    """A run in progress is answered for what it has, and anew when it has more."""
    run_id = store.run(store.experiment(), {"loss": stalled(2)}, status="RUNNING")
    assert scan(store.uri)["verdict"].tolist() == ["inconclusive"]
    store.extend(run_id, "loss", stalled(40)[2:], first_step=2)
    assert scan(store.uri)["verdict"].tolist() == ["stalled"]


@pytest.mark.server
def test_over_http_the_same_is_written(server: FilledStore) -> None:
    """Through a server the same tags, metrics and artifacts are written, and the second time nothing."""
    experiment = server.experiment()
    run_ids = [server.run(experiment, {"loss": loss}) for loss in (stalled(), learning(), stalled(seed=1))]
    answers = scan(server.uri, [experiment])
    assert answers["run_id"].tolist() == run_ids
    assert answers["verdict"].tolist() == ["stalled", "learning", "stalled"]
    assert [artifacts(server, run_id) for run_id in run_ids] == [REPORT, set(), REPORT]
    assert server.client.get_run(run_ids[0]).data.tags.keys() >= ANSWER_TAGS
    tables, files = server.tables(), server.files()
    pd.testing.assert_frame_equal(scan(server.uri, [experiment]), answers)
    assert server.tables() == tables
    assert server.files() == files
    direct = scan(f"sqlite:///{server.database}", [experiment])
    pd.testing.assert_frame_equal(direct, answers)
    assert server.tables() == tables


def test_scan_returns_a_frame_with_the_contracts_columns(store: FilledStore) -> None:
    """For no run at all the frame is empty and has its columns."""
    columns = scan(store.uri).columns.tolist()
    assert columns[:4] == ["run_id", "run_name", "experiment_id", "verdict"]
    assert columns[-1] == "error"
    assert scan(store.uri).empty


def test_selecting_runs(store: FilledStore) -> None:
    """Experiments by name or id, runs by id, and filters select what they say, oldest experiment first."""
    first, second = store.experiment("first"), store.experiment("second")
    a = store.run(first, {"loss": learning()}, params={"lr": "1"})
    b = store.run(first, {"loss": learning()}, params={"lr": "2"})
    c = store.run(second, {"loss": learning()}, params={"lr": "2"})
    deleted = store.run(second, {"loss": learning()})
    store.client.delete_run(deleted)

    def selected(**selection: object) -> list[str]:
        return list(scan(store.uri, dry_run=True, **selection)["run_id"])

    assert selected() == [a, b, c]
    assert selected(experiments=["first"]) == [a, b]
    assert selected(experiments=second) == [c]
    assert selected(experiments=["second", "first", first]) == [a, b, c]
    assert selected(run_ids=[c, a, c]) == [c, a]
    assert selected(filter_string="params.lr = '2'") == [b, c]


def test_a_filter_on_our_own_tags_meets_every_run_once(store: FilledStore) -> None:
    """Answers that make runs drop out of the filter while they are written do not hide later pages."""
    experiment = store.experiment()
    runs = [store.run(experiment, {"loss": [0.7]}, tags={"state": "new"}) for _ in range(7)]
    opened = open_store(store.uri)
    met = []
    for page in pages(opened, select(opened, filter_string="tags.state = 'new'"), page_runs=2):
        for run in page:
            assert isinstance(run, Run)
            met.append(run.info.run_id)
            store.client.set_tag(run.info.run_id, "state", "answered")
    assert met == runs


def test_pages_are_bounded_and_in_order(store: FilledStore) -> None:
    """No page is longer than asked, no run is met twice, and experiments come one after the other."""
    first, second = store.experiment(), store.experiment()
    runs = [store.run(first if n % 2 else second, {"loss": [0.7]}) for n in range(7)]
    opened = open_store(store.uri)
    in_order = [*runs[1::2], *runs[0::2]]
    for page_runs in (1, 3, 4, 100):
        for filter_string in (None, "metrics.loss > 0"):
            selection = select(opened, filter_string=filter_string)
            found = list(pages(opened, selection, page_runs))
            assert max(len(page) for page in found) <= page_runs
            assert [run.info.run_id for page in found for run in page if isinstance(run, Run)] == in_order


BAD_RUNS: Mapping[str, tuple[dict[str, list[float]], dict[str, str], str]] = {
    "no metrics": ({}, {}, "not_applicable"),
    "one point": ({"loss": [0.69]}, {}, "inconclusive"),
    "all NaN": ({"loss": [math.nan] * 10}, {}, "diverged"),
    "all infinite": ({"loss": [math.inf] * 10}, {}, "diverged"),
    "text in a numeric param": (
        {"loss": stalled()},
        {"learning_rate": "fast", "positive_share": "half"},
        "stalled",
    ),
    "not a loss": ({"auc": [0.5] * 20}, {}, "not_applicable"),
}


@pytest.mark.parametrize(("metrics", "params", "verdict"), BAD_RUNS.values(), ids=BAD_RUNS.keys())
def test_odd_runs_are_answered(
    store: FilledStore, metrics: dict[str, list[float]], params: dict[str, str], verdict: str
) -> None:
    """Runs with nothing, little or nonsense in them get a verdict that says so, written like any other."""
    run_id = store.run(store.experiment(), metrics, params=params)
    answers = scan(store.uri)
    assert answers["verdict"].tolist() == [verdict]
    assert answers["error"].isna().all()
    tags = store.client.get_run(run_id).data.tags
    assert tags["bce.verdict"] == verdict
    finite = [value for value in store.client.get_run(run_id).data.metrics.values() if math.isfinite(value)]
    assert np.isfinite(finite).all()


def test_one_failing_run_stops_no_other(store: FilledStore, tmp_path: Path) -> None:
    """A run whose artifacts cannot be written has diagnosis and reason in its row; the next is done."""
    (tmp_path / "file").write_text("not a folder")
    blocked = store.experiment("blocked", artifact_location=str(tmp_path / "file" / "artifacts"))
    bad = store.run(blocked, {"loss": stalled()})
    good = store.run(store.experiment(), {"loss": stalled()})
    answers = scan(store.uri).set_index("run_id")
    assert "could not be written" in answers.loc[bad, "error"]
    assert "Not a directory" in answers.loc[bad, "error"]
    assert answers.loc[bad, "verdict"] == answers.loc[good, "verdict"] == "stalled"
    assert pd.isna(answers.loc[good, "error"])
    assert "bce.fingerprint" not in store.client.get_run(bad).data.tags
    assert "bce.fingerprint" in store.client.get_run(good).data.tags
    with pytest.raises(StoreError, match="could not be written"):
        evaluate_run(bad, tracking_uri=store.uri)


def test_a_store_opened_read_only_is_answered_but_not_written(
    store: FilledStore, stuck: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without permission to write, the diagnosis is in the row and the error says what to do."""
    monkeypatch.chdir(tmp_path)  # MLflow makes a folder named like the address of such a store
    read_only = f"sqlite:///file:{store.database}?mode=ro&uri=true"
    answers = scan(read_only)
    assert answers["verdict"].tolist() == ["stalled"]
    assert "readonly database" in answers["error"][0]
    assert "--dry-run" in answers["error"][0]
    assert scan(read_only, dry_run=True)["error"].isna().all()
    assert "bce.verdict" not in store.client.get_run(stuck).data.tags


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run_id": "f" * 32}, "There is no run 'ffff"),
        ({"run_id": "no such run"}, "There is no run 'no such run'"),
        ({"base_rate": 1.0}, "the base rate is a share of positives in .0, 1., got 1.0"),
        ({"base_rate": math.nan}, "the base rate is a share of positives in .0, 1., got nan"),
        ({"reports": "some"}, "reports='some' is not one of 'flagged', 'all', 'none'"),
    ],
)
def test_wrong_arguments_are_told(
    store: FilledStore, stuck: str, arguments: dict[str, object], message: str
) -> None:
    """evaluate_run says what it received and what it expected."""
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        evaluate_run(**({"run_id": stuck, "tracking_uri": store.uri} | arguments))


def test_workers_must_be_positive(store: FilledStore) -> None:
    """Zero threads do no work, and the message says so."""
    with pytest.raises(UsageError, match="workers=0"):
        scan(store.uri, workers=0)


def test_a_metric_that_a_run_has_not_is_told(store: FilledStore, stuck: str) -> None:
    """Asking for a metric by name says which there are; the row of a scan says the same."""
    with pytest.raises(RunError, match="has no metric 'bce_loss'; it has 'loss'"):
        evaluate_run(stuck, tracking_uri=store.uri, metrics="bce_loss")
    other = store.run(store.experiment(), {"bce_loss": stalled()})
    answers = scan(store.uri, metrics=["bce_loss"]).set_index("run_id")
    assert "has no metric 'bce_loss'" in answers.loc[stuck, "error"]
    assert answers.loc[other, "verdict"] == "stalled"


def test_a_deleted_run_is_told(store: FilledStore, stuck: str) -> None:
    """A deleted run refuses answers, so it is reported with the way to restore it; others go on."""
    other = store.run(store.experiment(), {"loss": learning()})
    store.client.delete_run(stuck)
    answers = scan(store.uri, run_ids=[stuck, other, "f" * 32]).set_index("run_id")
    assert "is deleted. Restore it" in answers.loc[stuck, "error"]
    assert "There is no run" in answers.loc["f" * 32, "error"]
    assert answers.loc[other, "verdict"] == "learning"


def test_missing_experiments_are_told_and_others_scanned(
    store: FilledStore, caplog: pytest.LogCaptureFixture
) -> None:
    """An experiment that does not exist, or is deleted, is named; the others are scanned."""
    run_id = store.run(store.experiment("training"), {"loss": learning()})
    deleted = store.experiment("old")
    store.client.delete_experiment(deleted)
    answers = scan(store.uri, ["trainin", "old", "training"])
    assert answers["run_id"].tolist() == [run_id]
    assert "There is no experiment 'trainin'" in caplog.text
    assert "It has 'training'" in caplog.text
    assert "Experiment 'old' is deleted" in caplog.text
    with pytest.raises(UsageError, match="There is no experiment 'nothing'"):
        scan(store.uri, ["nothing"])


def test_a_filter_that_cannot_be_read_is_told(store: FilledStore, stuck: str) -> None:
    """A filter's mistake is wrong usage, told with MLflow's reason."""
    del stuck
    with pytest.raises(UsageError, match="MLflow cannot read the filter 'params lr 2'"):
        scan(store.uri, filter_string="params lr 2")


def test_ids_and_experiments_do_not_mix(store: FilledStore, stuck: str) -> None:
    """Run ids stand for themselves; with a filter beside them it would be unclear what is meant."""
    with pytest.raises(UsageError, match="Run ids were given together"):
        scan(store.uri, run_ids=[stuck], filter_string="params.lr = '2'")

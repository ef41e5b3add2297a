"""Runs of real MLflow projects, verified; and runs that cannot be, each with a clear sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from backends import NAME, installed
from processes import started
from projects import DEEP, TRAIN_KERAS, committed, git, made_by, project, statuses
from stores import FilledStore

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.verifying.comparison import Result
from mlflow_bce_monitor.verifying.course import INSIDE
from mlflow_bce_monitor.verifying.of_run import VerifyOptions, verify_run
from mlflow_bce_monitor.verifying.project_trainer import ProjectOptions
from mlflow_bce_monitor.verifying.result import VerificationReport

OUR_PROJECT = Path(__file__).parents[2]

PATIENCE = 1_200.0
"""Seconds that a loaded machine may take to start a Python or two."""


def verified(store: FilledStore, run_id: str, **options: object) -> VerificationReport:
    """Verify with the fewest pairs."""
    wanted = {"seeds": 2, "cause": "learning_rate_too_low", **options}
    return verify_run(run_id, VerifyOptions(**wanted), store.uri)  # type: ignore[arg-type]


def nothing_runs(store: FilledStore) -> bool:
    """Whether no run of a store counts as running."""
    return not {"RUNNING", "SCHEDULED"} & set(statuses(store).values())


def test_one_command_verifies_a_run_and_writes_the_result(store: FilledStore, tmp_path: Path) -> None:
    """Baseline and remedy are rerun below one parent; the run gets tags, links and files, nothing else."""
    run_id = made_by(store, project(tmp_path / "theirs"))
    before = store.client.get_run(run_id)
    command = ["verify", run_id, "--seeds", "2", "--cause", "learning_rate_too_low", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "mlflow_bce_monitor", *command, "--tracking-uri", store.uri],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["result"] == "works"
    assert said["interval"][0] > 0.0
    assert "rerun 1 of about" in done.stderr
    run = store.client.get_run(run_id)
    assert run.data.tags["bce.verified"] == "works"
    assert float(run.data.tags["bce.verified_gain"]) > 0.02
    rate = said["trials"][0]["changes"]["learning_rate"]
    assert rate > 1e-3
    assert run.data.tags["bce.verified_change"] == f"learning_rate={rate:g}"
    assert run.data.tags["bce.tier"] == "rerun"
    assert (run.info.status, run.info.end_time) == (before.info.status, before.info.end_time)
    assert (run.data.params, run.inputs) == (before.data.params, before.inputs)
    files = {file.path for file in store.client.list_artifacts(run_id, "bce_monitor")}
    assert files >= {f"bce_monitor/verification.{ending}" for ending in ("html", "md", "json", "png")}
    parent = store.client.get_run(run.data.tags["bce.verified_run"])
    assert parent.data.tags["bce.verifies"] == run_id
    assert parent.info.status == "FINISHED"
    assert "The remedy works" in parent.data.tags["mlflow.note.content"]
    children = store.client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert sorted(child.data.tags["bce.arm"] for child in children) == ["baseline"] * 3 + ["remedy 1"] * 2
    assert {child.data.params["eta"] for child in children} == {"1e-9", str(rate)}
    assert {child.data.params["rng_seed"] for child in children} == {"0", "1", "2"}
    assert nothing_runs(store)


def test_the_version_of_the_run_is_used_and_the_users_folder_left_alone(
    store: FilledStore, tmp_path: Path
) -> None:
    """After a later commit that breaks the script, the one before is copied elsewhere and run."""
    folder = project(tmp_path / "theirs")
    commit = committed(folder)
    (folder / "train.py").write_text("raise SystemExit('broken since')", encoding="utf-8")
    later = committed(folder)
    run_id = made_by(store, f"file://{folder}", tags={"mlflow.source.git.commit": commit})
    report = verified(store, run_id, max_runs=1)
    assert report.reference is not None
    assert any("copy of commit" in note for note in report.notes)
    assert git(folder, "rev-parse", "HEAD") == later
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "worktree", "list").count("\n") == 0
    assert nothing_runs(store)


def test_a_keras_training_is_measured_from_inside_by_its_first_rerun(
    store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It logs two losses, and its gradients are seen; a ``sitecustomize`` of the user's still runs."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(own), str(OUR_PROJECT)]))
    train = TRAIN_KERAS.format(sitecustomize=str(own / "sitecustomize.py"))
    folder = project(tmp_path / "deep", mlproject=DEEP, train=train)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    command = [sys.executable, "-m", "mlflow", "run", str(folder), "--env-manager", "local"]
    subprocess.run([*command, "--experiment-name", "deep"], check=True, timeout=PATIENCE)
    (experiment,) = store.client.search_experiments(filter_string="name = 'deep'")
    (run,) = store.client.search_runs([experiment.experiment_id])
    report = verified(store, run.info.run_id, cause=None, max_runs=1)
    assert report.first_causes[0].probability < 0.9
    (step,) = report.steps
    assert step.name == INSIDE
    assert report.cause == "vanishing_gradients", report.causes
    assert report.probability > 0.9
    seen = store.client.get_run(step.measured.run_id).data
    assert seen.metrics["bce/gradient_ratio"] < 1e-3
    assert "bce.monitor" in seen.tags
    assert nothing_runs(store)


def test_a_deleted_source(store: FilledStore, tmp_path: Path) -> None:
    """The sentence names the folder; no run is made at all."""
    run_id = made_by(store, tmp_path / "gone")
    n_runs = len(statuses(store))
    report = verified(store, run_id)
    assert report.result is Result.IMPOSSIBLE
    assert report.sentence.startswith(
        f"Cannot be verified: The source of the run is gone: there is no folder {tmp_path / 'gone'}"
    )
    assert store.client.get_run(run_id).data.tags["bce.verified"] == "impossible"
    assert len(statuses(store)) == n_runs


def test_a_lost_commit(store: FilledStore, tmp_path: Path) -> None:
    """The sentence names the commit."""
    folder = project(tmp_path / "theirs")
    committed(folder)
    run_id = made_by(store, f"file://{folder}", tags={"mlflow.source.git.commit": "0123abcd" * 5})
    report = verified(store, run_id)
    assert report.result is Result.IMPOSSIBLE
    assert "Commit 0123abcd" in report.sentence
    assert nothing_runs(store)


def test_a_notebook_run(store: FilledStore) -> None:
    """The sentence says what can be done instead."""
    run_id = store.run(
        store.experiment(),
        {"loss": [0.6931] * 30},
        tags={"mlflow.source.type": "NOTEBOOK", "mlflow.source.name": "a.ipynb"},
    )
    report = verified(store, run_id)
    assert report.result is Result.IMPOSSIBLE
    assert "made in a notebook" in report.sentence
    assert nothing_runs(store)


def test_missing_data(store: FilledStore, tmp_path: Path) -> None:
    """The script's own last words are in the sentence, its log on the parent run, and its run has failed."""
    run_id = made_by(store, project(tmp_path / "theirs"), params={"rows": "gone.csv"})
    report = verified(store, run_id)
    assert report.result is Result.IMPOSSIBLE
    assert "FileNotFoundError: gone.csv not found" in report.sentence
    assert report.parent_run_id in report.sentence
    logs = store.client.list_artifacts(report.parent_run_id, "bce_monitor/logs")
    assert [Path(file.path).name for file in logs] == ["baseline_seed_0.txt"]
    assert nothing_runs(store)
    assert statuses(store)[report.parent_run_id] == "FAILED"


def test_a_failing_environment(store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow leaves the run that it made for the environment running; we do not."""
    folder = project(
        tmp_path / "theirs",
        mlproject="name: a\nconda_env: conda.yaml\nentry_points: {main: {command: python train.py 0 0}}\n",
    )
    (folder / "conda.yaml").write_text("name: a\ndependencies: [python]\n", encoding="utf-8")
    monkeypatch.setenv("MLFLOW_CONDA_HOME", str(tmp_path / "no-conda"))
    run_id = made_by(store, folder, tags={"mlflow.project.env": "conda"})
    report = verified(store, run_id)
    assert report.result is Result.IMPOSSIBLE
    assert "The environment of the project could not be made by 'conda'" in report.sentence
    assert (
        len(statuses(store)) == 3
    )  # the diagnosed one, the parent, and the one that MLflow had left running
    assert nothing_runs(store)


def test_a_run_without_held_back_loss(store: FilledStore, tmp_path: Path) -> None:
    """Comparing by the training loss would prefer what memorises."""
    folder = project(tmp_path / "theirs")
    text = (folder / "train.py").read_text(encoding="utf-8")
    (folder / "train.py").write_text(text.replace('("val_", slice(200, 300))', ""), encoding="utf-8")
    report = verified(store, made_by(store, folder))
    assert report.result is Result.IMPOSSIBLE
    assert "logs no loss on held-back rows" in report.sentence
    assert nothing_runs(store)


def test_a_change_of_ones_own_that_the_project_has_no_param_for(store: FilledStore, tmp_path: Path) -> None:
    """It is refused before anything is rerun, with the params that there are."""
    run_id = made_by(store, project(tmp_path / "theirs"))
    n_runs = len(statuses(store))
    with pytest.raises(UsageError, match="it has eta, rng_seed, rows, solver"):
        verified(store, run_id, own_change={"depth": "3"})
    assert len(statuses(store)) == n_runs


def in_python_path(site: Path) -> dict[str, str]:
    """Return the environment of a process that finds what is installed in a folder."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path}


def test_a_backend_from_a_plugin_takes_the_reruns(
    store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its configuration reaches it, and its run stands below the parent though it knew of none."""
    monkeypatch.setenv("PYTHONPATH", in_python_path(installed(tmp_path / "site"))["PYTHONPATH"])
    run_id = made_by(store, project(tmp_path / "theirs"))
    how = ProjectOptions(backend=NAME, backend_config=json.dumps({"folder": str(tmp_path)}))
    report = verified(store, run_id, how=how, max_runs=1)
    assert report.reference is not None
    jobs = [json.loads(line) for line in (tmp_path / "jobs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(job["entry_point"], job["params"]["eta"]) for job in jobs] == [("main", "1e-9")]
    rerun = store.client.get_run(report.reference.run_id)
    assert rerun.data.tags["mlflow.project.backend"] == NAME
    assert rerun.data.tags["mlflow.parentRunId"] == report.parent_run_id
    assert rerun.data.tags["bce.verifies"] == run_id
    assert nothing_runs(store)


def test_a_backend_that_is_not_there(store: FilledStore, tmp_path: Path) -> None:
    """MLflow's own sentence says which there are."""
    run_id = made_by(store, project(tmp_path / "theirs"))
    report = verified(store, run_id, how=ProjectOptions(backend="nowhere"))
    assert report.result is Result.IMPOSSIBLE
    assert "unsupported execution mode nowhere" in report.sentence
    assert nothing_runs(store)


def test_an_interruption_cancels_what_runs_elsewhere(store: FilledStore, tmp_path: Path) -> None:
    """A job on a cluster is no process of ours: its backend is asked to cancel it."""
    folder = project(tmp_path / "theirs")
    run_id = made_by(store, folder, params={"rows": "slow"})
    options = ["--cause", "learning_rate_too_low", "--tracking-uri", store.uri, "--backend", NAME]
    config = json.dumps({"folder": str(tmp_path)})
    with started(
        [sys.executable, "-m", "mlflow_bce_monitor", "verify", run_id, *options, "--backend-config", config],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=in_python_path(installed(tmp_path / "site")),
    ) as process:
        errors = interrupted(process, folder / "started", signal.SIGINT)
    assert process.returncode == 130, errors
    assert (tmp_path / "cancelled").exists()
    assert nothing_runs(store)


def test_the_entry_point_of_our_project(store: FilledStore, tmp_path: Path) -> None:
    """``mlflow run . -e verify``: the run that MLflow opens for it is the one that gathers the reruns."""
    run_id = made_by(store, project(tmp_path / "theirs"))
    asked = ["-P", f"run_id={run_id}", "-P", "max_runs=1", "-P", "seeds=2"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mlflow",
            "run",
            str(OUR_PROJECT),
            "--env-manager",
            "local",
            "-e",
            "verify",
            *asked,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_TRACKING_URI": store.uri},
        timeout=PATIENCE,
    )
    # One rerun alone compares nothing, which is what the exit code of the command says.
    assert "rerun 1 of about 1: baseline, seed 0" in done.stderr + done.stdout
    assert "the 1 reruns that were allowed are made" in done.stderr + done.stdout
    parent = store.client.get_run(store.client.get_run(run_id).data.tags["bce.verified_run"])
    assert parent.data.tags["mlflow.project.entryPoint"] == "verify"
    assert parent.data.tags["bce.verifies"] == run_id
    children = store.client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert [child.data.tags["bce.arm"] for child in children] == ["baseline"]
    assert nothing_runs(store)


def interrupted(process: subprocess.Popen[str], started_file: Path, number: signal.Signals) -> str:
    """Send a signal once the training has begun; return what was said on standard error."""
    deadline = time.monotonic() + PATIENCE
    while not started_file.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE)
    return errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_everything(store: FilledStore, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, or MLflow's request to end, in the middle of a rerun: no process and no run is left."""
    folder = project(tmp_path / "theirs")
    run_id = made_by(store, folder, params={"rows": "slow"})
    command = ["verify", run_id, "--cause", "learning_rate_too_low", "--tracking-uri", store.uri]
    with started(
        [sys.executable, "-m", "mlflow_bce_monitor", *command], stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        errors = interrupted(process, folder / "started", number)
    assert process.returncode == 130, errors
    assert "Interrupted." in errors
    assert nothing_runs(store)
    assert sorted(statuses(store).values()) == ["FINISHED", "KILLED", "KILLED"]

"""``bce-monitor scan``: what it prints, where, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow.entities import Run
from processes import started as running
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor.cli import main, output
from mlflow_bce_monitor.diagnosis import failed_contract
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.tracking.answers import State
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.store.search import select
from mlflow_bce_monitor.tracking.writing.links import view_link

PATIENCE = 300.0  # seconds: a scan takes some, and a minute on a busy machine
KEYS = list(failed_contract("", "", "", ""))
HOSTILE_NAME = "[bold red]x[/]\x1b[31m\x07\u202e<script>=1+1,\"'\né"


def run(*arguments: str) -> Result:
    """Run a command in this process; an exception that escapes it fails the test."""
    result = CliRunner().invoke(main, list(arguments))
    assert "Traceback" not in result.stderr
    return result


def started(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mlflow_bce_monitor", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )


@pytest.mark.parametrize("n_runs", [0, 1, 1_000])
def test_json_is_one_array_for_any_number_of_runs(store: FilledStore, n_runs: int) -> None:
    """Standard output of a fresh process holds one JSON array of the contract's objects, and nothing else."""
    store.many_runs(store.experiment(), n_runs, stalled(12))
    process = started("scan", "--tracking-uri", store.uri, "--format", "json", "--dry-run")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    rows = json.loads(out)
    assert len(rows) == n_runs
    assert all(list(row) == KEYS for row in rows)
    assert {row["verdict"] for row in rows} == ({"stalled"} if n_runs else set())
    assert out[0] == "["
    assert out[-2:] == "]\n"
    assert f"{n_runs:,} run" in err


def test_the_second_scan_prints_the_same_json(store: FilledStore) -> None:
    """Unchanged runs are answered in full, to the bit, although nothing is written."""
    experiment = store.experiment()
    for loss in (stalled(), learning(), [0.69], [math.nan] * 9):
        store.run(experiment, {"loss": loss, "accuracy": [0.5] * len(loss)})
    first = run("scan", "--tracking-uri", store.uri, "--format", "json")
    tables = store.tables()
    second = run("scan", "--tracking-uri", store.uri, "--format", "json")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == second.stdout
    assert "4 unchanged since the last scan" in second.stderr
    assert store.tables() == tables


def test_csv_has_the_contracts_columns(store: FilledStore) -> None:
    """CSV holds the same answers; nested values are JSON inside their cell."""
    store.run(store.experiment(), {"loss": stalled()}, name=HOSTILE_NAME.replace("\udce9", "é"))
    rows = list(
        csv.DictReader(io.StringIO(run("scan", "--tracking-uri", store.uri, "--format", "csv").stdout))
    )
    answers = json.loads(run("scan", "--tracking-uri", store.uri, "--format", "json").stdout)
    assert list(rows[0]) == KEYS
    assert rows[0]["run_name"] == answers[0]["run_name"]
    assert float(rows[0]["skill"]) == answers[0]["skill"]
    assert json.loads(rows[0]["causes"]) == answers[0]["causes"]
    assert rows[0]["error"] == ""


def test_names_are_never_markup_or_control_characters(store: FilledStore) -> None:
    """A run's name cannot colour, move or reorder what a terminal shows."""
    store.run(store.experiment(), {"loss": stalled()}, name=HOSTILE_NAME)
    result = run("scan", "--tracking-uri", store.uri)
    assert "[bold red]x[/]" in result.stdout
    assert not set("\x1b\x07\u202e") & set(result.stdout)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_any_name_can_be_printed_in_any_encoding(store: FilledStore, form: str) -> None:
    """A name that standard output cannot encode is shown with escapes."""
    store.run(store.experiment(), {"loss": stalled()}, name="損失 é")
    arguments = ("scan", "--tracking-uri", store.uri, "--dry-run", "--format", form)
    process = started(*arguments, env={"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "\\u640d\\u5931" in out


def test_the_table_ends_with_places_to_look(store: FilledStore) -> None:
    """For a store without a UI the end names the command that serves one, and the ready view in it."""
    run_id = store.run(experiment := store.experiment(), {"loss": stalled()}, name="stuck one")
    result = run("scan", "--tracking-uri", store.uri)
    assert result.exit_code == 0
    assert "stuck one" in result.stdout
    assert f"bce-monitor explain {run_id}" in result.stdout
    assert f"mlflow ui --backend-store-uri '{store.uri}'" in result.stdout
    assert (
        f"/#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey=" in result.stdout
    )
    tags = store.client.get_experiment(experiment).tags
    view = json.loads(tags["mlflow.sharedViewState.bce-monitor"])
    state = json.loads(view["state"])
    assert "tags.`bce.verdict`" in state["selectedColumns"]
    # What MLflow 3.17 reads from the entry, the versions before it read beside it.
    assert state.items() <= view.items()


def test_each_verdict_found_gets_a_view(store: FilledStore) -> None:
    """Beside the views of all runs and of those in trouble stands one for each verdict."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()})
    store.run(experiment, {"loss": learning()})
    assert run("scan", "--tracking-uri", store.uri).exit_code == 0
    tags = store.client.get_experiment(experiment).tags
    filters = {
        name.removeprefix("mlflow.sharedViewState."): json.loads(value)["searchFilter"]
        for name, value in tags.items()
        if name.startswith("mlflow.sharedViewState.")
    }
    assert filters == {
        "bce-monitor": "",
        "bce-monitor-flagged": "tags.`bce.flagged` = 'yes'",
        "bce-monitor-learning": "tags.`bce.verdict` = 'learning'",
        "bce-monitor-stalled": "tags.`bce.verdict` = 'stalled'",
    }
    for name in ("bce-monitor-flagged", "bce-monitor-stalled"):
        assert len(store.client.search_runs([experiment], filters[name])) == 1


def test_an_overview_of_the_scan_is_written_to_a_file(store: FilledStore, tmp_path: Path) -> None:
    """--html writes one page with the runs of this scan and tells where, and standard output stays JSON."""
    store.run(store.experiment(), {"loss": stalled()}, name="stuck one")
    page = tmp_path / "overview.html"
    result = run("scan", "--tracking-uri", store.uri, "--html", str(page), "--format", "json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 1
    assert f"Overview: {page}" in result.stderr
    assert "stuck one" in page.read_text(encoding="utf-8")


def test_an_overview_in_a_folder_that_is_not_there_is_wrong_usage(store: FilledStore, tmp_path: Path) -> None:
    """It is told before any run is evaluated."""
    run_id = store.run(store.experiment(), {"loss": stalled()})
    result = run("scan", "--tracking-uri", store.uri, "--html", str(tmp_path / "none" / "overview.html"))
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
    assert "bce.verdict" not in store.client.get_run(run_id).data.tags


def test_a_changed_view_is_left_alone(store: FilledStore) -> None:
    """A person who changed the ready view keeps the change."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()})
    store.client.set_experiment_tag(experiment, "mlflow.sharedViewState.bce-monitor", "mine")
    assert run("scan", "--tracking-uri", store.uri).exit_code == 0
    assert store.client.get_experiment(experiment).tags["mlflow.sharedViewState.bce-monitor"] == "mine"


@pytest.mark.server
def test_over_http_the_table_ends_with_links(server: FilledStore) -> None:
    """For a server the end links each run in trouble to its report, and the ready view."""
    experiment = server.experiment()
    run_id = server.run(experiment, {"loss": stalled()})
    server.run(experiment, {"loss": learning()})
    result = run("scan", "--tracking-uri", server.uri, "--experiment", experiment)
    assert result.exit_code == 0
    report = f"{server.uri}/#/experiments/{experiment}/runs/{run_id}/artifacts/bce_monitor/report.html"
    assert report in result.stdout
    link = view_link(open_store(server.uri), experiment)
    assert link is not None
    assert link in result.stdout
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [(("stalled",), 1), (("diverged",), 0), (("diverged", "stalled"), 1), ((), 0)],
)
def test_fail_on_counts_new_and_unchanged_runs(
    store: FilledStore, fail_on: tuple[str, ...], expected: int
) -> None:
    """A verdict that was asked for ends the command with 1, also when an earlier scan gave it."""
    store.run(store.experiment(), {"loss": stalled()})
    options = [part for verdict in fail_on for part in ("--fail-on", verdict)]
    for form in ("table", "json"):
        for _ in range(2):
            assert run("scan", "--tracking-uri", store.uri, "--format", form, *options).exit_code == expected


WRONG_USAGE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "unknown verdict": (("--fail-on", "stuck"), "'stuck' is not one of"),
    "base rate of 0": (("--base-rate", "0"), "0.0<x<1.0"),
    "base rate of 1": (("--base-rate", "1"), "0.0<x<1.0"),
    "base rate as text": (("--base-rate", "half"), "not a valid float"),
    "base rate NaN": (("--base-rate", "nan"), "share of positives in (0, 1), got nan"),
    "no workers": (("--workers", "0"), "x>=1"),
    "unknown reports": (("--reports", "some"), "'some' is not one of"),
    "unknown format": (("--format", "xml"), "'xml' is not one of"),
    "unknown option": (("--verbose",), "No such option"),
    "unknown experiment": (("--experiment", "nothing"), "There is no experiment 'nothing'"),
    "filter": (("--filter", "lr 2"), "MLflow cannot read the filter 'lr 2'"),
    "ids and filter": (("--run-id", "a", "--filter", "params.a = '1'"), "Run ids were given together"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG_USAGE.values(), ids=WRONG_USAGE.keys())
def test_wrong_usage_ends_with_2(store: FilledStore, arguments: tuple[str, ...], message: str) -> None:
    """Wrong usage says what was received, prints nothing on standard output, and ends with 2."""
    store.run(store.experiment(), {"loss": stalled()})
    before = store.tables()
    result = run("scan", "--tracking-uri", store.uri, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert store.tables() == before


def test_a_missing_store_is_one_line_and_2(tmp_path: Path) -> None:
    """A store that does not exist is told in one line and not created."""
    result = run("scan", "--tracking-uri", f"sqlite:///{tmp_path}/missing.db")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "missing.db does not exist" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_one_line_and_3() -> None:
    """A server that is not there is told in one line, without MLflow's own log."""
    process = started("scan", "--tracking-uri", "http://127.0.0.1:9", "--format", "json")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert out == ""
    assert err.count("\n") == 1
    assert "No MLflow server answers at http://127.0.0.1:9" in err


def test_missing_runs_end_with_3_and_others_are_evaluated(store: FilledStore) -> None:
    """An unknown run id is a row with its reason; the other runs are evaluated; the exit code is 3."""
    good = store.run(store.experiment(), {"loss": learning()})
    arguments = ("--run-id", "f" * 32, "--run-id", good, "--format", "json")
    result = run("scan", "--tracking-uri", store.uri, *arguments)
    assert result.exit_code == 3
    missing, answered = json.loads(result.stdout)
    assert missing["verdict"] is None
    assert "There is no run" in missing["error"]
    assert answered["verdict"] == "learning"
    assert "There is no run" in result.stderr


def test_missing_experiments_end_with_3_and_others_are_scanned(store: FilledStore) -> None:
    """Of several experiments the missing one is told on standard error, and the exit code is 3."""
    store.run(store.experiment("there"), {"loss": learning()})
    arguments = ("--experiment", "there", "--experiment", "gone", "--format", "json")
    result = run("scan", "--tracking-uri", store.uri, *arguments)
    assert result.exit_code == 3
    assert [row["verdict"] for row in json.loads(result.stdout)] == ["learning"]
    assert "There is no experiment 'gone'" in result.stderr


def test_a_store_without_permission_to_write_ends_with_3(
    store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run's answer is printed with the reason it was not written; MLflow's stack traces are not."""
    monkeypatch.chdir(tmp_path)  # MLflow makes a folder named like the address of such a store
    store.run(store.experiment(), {"loss": stalled()})
    store.run(store.experiment(), {"loss": learning()})
    uri = f"sqlite:///file:{store.database}?mode=ro&uri=true"
    process = started("scan", "--tracking-uri", uri, "--format", "json")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    rows = json.loads(out)
    assert [row["verdict"] for row in rows] == ["stalled", "learning"]
    assert all("readonly database" in row["error"] for row in rows)
    assert "Traceback" not in err
    table = run("scan", "--tracking-uri", uri)
    assert table.exit_code == 3
    assert "readonly database" in table.stdout.replace("\n", " ")


def test_a_found_verdict_outweighs_an_error(store: FilledStore) -> None:
    """When a run failed and another has the verdict, the certain finding decides the exit code."""
    run_id = store.run(store.experiment(), {"loss": stalled()})
    arguments = ("--run-id", run_id, "--run-id", "f" * 32, "--fail-on", "stalled")
    assert run("scan", "--tracking-uri", store.uri, *arguments).exit_code == 1


def test_dry_run_writes_nothing(store: FilledStore) -> None:
    """With --dry-run not even the ready view is written."""
    store.run(store.experiment(), {"loss": stalled()})
    before = store.tables()
    result = run("scan", "--tracking-uri", store.uri, "--dry-run")
    assert result.exit_code == 0
    assert "stalled" in result.stdout
    assert store.tables() == before


def test_ctrl_c_finishes_the_run_in_hand(store: FilledStore) -> None:
    """Interrupted after its first rows, the output is a valid array of runs that were finished."""
    store.many_runs(experiment := store.experiment(), 300, stalled(12))
    process = started("scan", "--tracking-uri", store.uri, "--format", "json")
    assert process.stdout is not None
    first = process.stdout.readline() + process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    rows = json.loads(first + rest)
    assert 1 <= len(rows) < 300
    assert "The next scan goes on where this one stopped" in err
    answered = [
        found.info.run_id
        for found in store.client.search_runs([experiment])
        if isinstance(found, Run) and "bce.fingerprint" in found.data.tags
    ]
    assert sorted(answered) == sorted(row["run_id"] for row in rows)


def test_a_closed_pipe_is_no_error(store: FilledStore) -> None:
    """When the reader of the output goes away, the command ends without a complaint."""
    store.many_runs(store.experiment(), 200, stalled(12))
    process = started("scan", "--tracking-uri", store.uri, "--format", "json", "--dry-run")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 141
    assert err == ""


def test_progress_is_shown_on_a_terminal_only(store: FilledStore) -> None:
    """A terminal on standard error gets a progress bar, while standard output stays the answer alone."""
    store.many_runs(store.experiment(), 50, stalled(12))
    command = [sys.executable, "-m", "mlflow_bce_monitor", "scan", "--tracking-uri", store.uri, "--dry-run"]
    controller, terminal = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    shown = b""
    with running([*command, "--format", "json"], stdout=subprocess.PIPE, stderr=terminal, env=env) as process:
        os.close(terminal)
        assert process.stdout is not None
        out = process.stdout.read()
        try:
            while chunk := os.read(controller, 65_536):
                shown += chunk
        except OSError:  # Linux answers EIO when the other end is closed
            pass
    os.close(controller)
    assert len(json.loads(out)) == 50
    assert b"Evaluating runs" in shown
    piped = subprocess.run(command, capture_output=True, check=True)
    assert b"Evaluating" not in piped.stderr + piped.stdout


def test_a_scan_loads_nothing_to_draw_with_before_it_draws(store: FilledStore) -> None:
    """Without rows, reports or a terminal, neither matplotlib nor rich nor Keras is loaded."""
    code = (
        "import sys\nfrom mlflow_bce_monitor.cli import main\n"
        f"main(['scan', '--tracking-uri', {store.uri!r}], standalone_mode=False)\n"
        "print(sorted({'matplotlib', 'rich', 'jinja2', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 runs.\n[]\n"


def test_a_large_table_is_printed_in_parts(store: FilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run has its row, and each part of the table its head."""
    monkeypatch.setattr(output, "_ROWS_A_TABLE", 20)
    store.many_runs(store.experiment(), 50, stalled(12))
    result = run("scan", "--tracking-uri", store.uri, "--dry-run")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert sum(words[:2] == ["run", "verdict"] for words in lines) == 3
    assert [" ".join(words[:2]) for words in lines if "stalled" in words] == [f"run {n}" for n in range(50)]


def test_python_prints_do_not_reach_the_answer(store: FilledStore, tmp_path: Path) -> None:
    """What a plugin of MLflow prints while it loads goes to standard error, not into the JSON."""
    store.run(store.experiment(), {"loss": learning()})
    (tmp_path / "sitecustomize.py").write_text(
        "import logging, sys\n"
        "class Talk:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mlflow.tracking.client':\n"
        "            print('chatter')\n"
        "sys.meta_path.insert(0, Talk())\n"
    )
    process = started(
        "scan", "--tracking-uri", store.uri, "--format", "json", env={"PYTHONPATH": str(tmp_path)}
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "chatter" in err
    assert [row["verdict"] for row in json.loads(out)] == ["learning"]


def test_a_mistake_of_ours_is_shown_and_stops_no_run(
    make_store: Callable[[], FilledStore], caplog: pytest.LogCaptureFixture
) -> None:
    """A bug met on one run is shown with its traceback and told in its row; the others go on."""
    store = make_store()
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()})
    store.run(experiment, {})
    opened = open_store(store.uri)
    broken = Limits(min_points="five")
    odd, fine = scan_runs(opened, select(opened), ScanOptions(limits=broken, dry_run=True))
    assert odd.state is State.FAILED
    assert "bce-monitor made a mistake (TypeError" in odd.row["error"]
    assert "Traceback" in caplog.text
    assert fine.row["verdict"] == "not_applicable"

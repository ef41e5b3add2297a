"""The other commands, and what the command line promises as a whole."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from stores import FilledStore, stalled

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.cli import main
from mlflow_bce_monitor.contract import CAUSES
from mlflow_bce_monitor.rules import RULES

_LOADED_BY = """
import json, sys
from mlflow_bce_monitor.cli import main
try:
    main({arguments!r})
finally:
    slow = ("mlflow", "tensorflow", "pandas", "sqlalchemy", "matplotlib", "scipy")
    heavy = [name for name in slow if name in sys.modules]
    print(json.dumps(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["scan", "--help"], ["explain", "--help"], ["apply", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Help answers at once: in a fresh process it loads neither MLflow nor anything else that is slow."""
    code = _LOADED_BY.format(arguments=arguments)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(result.stderr.splitlines()[-1]) == []
    assert result.stdout


def test_importing_the_package_loads_neither_mlflow_nor_tensorflow() -> None:
    """``import mlflow_bce_monitor`` is free."""
    code = "import sys, mlflow_bce_monitor; print([n for n in ('mlflow', 'tensorflow') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [["bce-monitor"], [sys.executable, "-m", "mlflow_bce_monitor"]])
def test_both_ways_to_start_are_one_command(command: list[str]) -> None:
    """The console script and ``python -m`` say the same version."""
    if command == ["bce-monitor"]:
        command = [str(sys.executable).rsplit("/", 1)[0] + "/bce-monitor"]
    result = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert __version__ in result.stdout


def test_rules_lists_every_rule() -> None:
    """Every rule is listed, and causes that no rule recognises yet are named as such."""
    result = CliRunner().invoke(main, ["rules"])
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    for rule in RULES:
        assert rule.code in shown
    for cause in set(CAUSES) - {rule.code for rule in RULES} - {"unknown", "none"}:
        assert cause in shown


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_of_the_contract_is_explained(cause: str) -> None:
    """Whatever stands in the tag bce.cause can be asked about."""
    result = CliRunner().invoke(main, ["explain", cause])
    assert result.exit_code == 0
    assert len(result.stdout.split()) > 4


def test_a_mistyped_cause_is_corrected() -> None:
    """A cause with a letter wrong is not looked for among the runs."""
    result = CliRunner().invoke(main, ["explain", "class_imbalanse"])
    assert result.exit_code == 2
    assert "Did you mean 'class_imbalance'?" in result.stderr


def test_a_run_is_explained_without_being_written(store: FilledStore) -> None:
    """Explaining a run diagnoses it in memory."""
    run_id = store.run(store.experiment(), {"loss": stalled()}, params={"positive_share": "0.5"})
    before = store.tables()
    result = CliRunner().invoke(main, ["explain", run_id, "--tracking-uri", store.uri])
    assert result.exit_code == 0
    assert "Is this normal? No." in result.stdout
    assert store.tables() == before


def test_an_unknown_run_is_told(store: FilledStore) -> None:
    """What is neither a cause nor a run ends with 2 and one line."""
    result = CliRunner().invoke(main, ["explain", "f" * 32, "--tracking-uri", store.uri])
    assert result.exit_code == 2
    assert "There is no run" in result.stderr
    assert result.stderr.count("\n") == 1


def test_commands_that_do_not_exist_yet_are_not_offered() -> None:
    """No command is listed that does nothing."""
    assert sorted(main.commands) == [
        *("apply", "explain", "export", "probe", "rules", "scan", "verify", "watch"),
    ]

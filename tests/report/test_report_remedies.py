"""The change to make, as lines to paste."""

from __future__ import annotations

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.remedies import facts_of, prescribe
from mlflow_bce_monitor.report.remedies import OWN_PARAMS, own_params, snippets


def _knowing(**facts: tuple[FactValue, str]) -> Diagnosis:
    evidence = Evidence(tuple(Fact(name, value, where, Tier.RUN) for name, (value, where) in facts.items()))
    return handmade.diagnosis(handmade.stalled().judgement.verdict, None, evidence=evidence)


def test_the_params_are_named_as_the_run_names_them() -> None:
    """A param keeps its own name and tells its old value; what is no param is not assigned."""
    known = _knowing(
        learning_rate=(1.0, "params['opt.lr']"),
        rate_ratio=(1000.0, "params['opt.lr'] and model_summary.txt"),
        optimizer=("adam", "model_summary.txt"),
    )
    assert own_params(known, "learning_rate_too_high") == "opt.lr = 0.001  # was 1"
    assert snippets(known, "learning_rate_too_high")[0].label == OWN_PARAMS


def test_words_are_params_too() -> None:
    """Where the optimizer itself is to be changed its param is assigned a word."""
    known = _knowing(learning_rate=(1.0, "params['lr']"), optimizer=("exotic", "params['opt']"))
    assert own_params(known, "learning_rate_too_high").splitlines() == [
        "opt = adam  # was exotic",
        "lr = 0.001  # was 1",
    ]


@pytest.mark.parametrize(
    ("cause", "facts"),
    [
        ("over_regularization", {"l2": (0.3, "params['wd']"), "dropout": (0.9, "params['drop']")}),
        ("over_regularization", {"l2": (1e-6, "params['wd']"), "dropout": (0.9, "params['drop']")}),
        ("too_few_steps", {"n_epochs": (3, "params['epochs']")}),
        ("dead_relu", {"learning_rate": (0.3, "params['lr']"), "optimizer": ("adam", "params['o']")}),
    ],
)
def test_the_values_are_those_that_verify_tries(cause: str, facts: dict[str, tuple[FactValue, str]]) -> None:
    """What the report tells people to paste is the remedy whose success is measured."""
    known = _knowing(**facts)
    names = {"n_epochs": "epochs"}
    settings = {names.get(name, name): value for name, (value, _) in facts.items()}
    changes = prescribe(cause, settings, facts_of(known))[0].changes
    expected = {
        where.removeprefix("params['").removesuffix("']"): changes[names.get(name, name)]
        for name, (_, where) in facts.items()
        if names.get(name, name) in changes
    }
    assert expected
    told = dict(line.split("  # ")[0].split(" = ") for line in own_params(known, cause).splitlines())
    assert {name: float(value) for name, value in told.items()} == expected


@pytest.mark.parametrize(
    ("optimizer", "name"), [("adam", "Adam"), ("SGD", "SGD"), ("rmsprop", "RMSprop"), ("Exotic", "Adam")]
)
@pytest.mark.parametrize("cause", ["learning_rate_too_high", "learning_rate_too_low"])
def test_code_and_params_say_the_same_rate(cause: str, optimizer: str, name: str) -> None:
    """The optimizer of the run, with the rate that its param gets; Adam where that one is not known."""
    before = 10.0 if cause == "learning_rate_too_high" else 1e-7
    known = _knowing(learning_rate=(before, "params['lr']"), optimizer=(optimizer, "params['opt']"))
    own, keras, torch = (one.source for one in snippets(known, cause))
    (rate,) = (line.split()[2] for line in own.splitlines() if line.startswith("lr = "))
    assert f"keras.optimizers.{name}({rate})" in keras
    assert torch == f"optimizer = torch.optim.{name}(model.parameters(), lr={rate})"


@pytest.mark.parametrize("cause", ["no_signal", "unknown"])
def test_where_no_setting_helps_no_param_is_changed(cause: str) -> None:
    """Labels without signal are not mended by a rate."""
    assert own_params(_knowing(learning_rate=(1.0, "params['lr']")), cause) == ""

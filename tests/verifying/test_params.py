"""Params of other people's projects: which is which, and in which form."""

from __future__ import annotations

import pytest

from mlflow_bce_monitor.verifying.arm import CannotRerun
from mlflow_bce_monitor.verifying.origin import Ancestor, origin_of
from mlflow_bce_monitor.verifying.params import current_settings, param_for, without_quotes, written
from mlflow_bce_monitor.verifying.possible import possible

PARAMS = (
    "lr",
    "train_batch_size",
    "eval_batch_size",
    "n_hidden",
    "num_epochs",
    "opt",
    "pos_weight",
    "random_state",
)


@pytest.mark.parametrize(
    ("setting", "param"),
    [
        ("learning_rate", "lr"),
        ("batch_size", "train_batch_size"),
        ("hidden_units", "n_hidden"),
        ("epochs", "num_epochs"),
        ("optimizer", "opt"),
        ("class_weight", "pos_weight"),
        ("seed", "random_state"),
        ("dropout", None),
        ("num_epochs", "num_epochs"),  # a project's own name is itself
    ],
)
def test_usual_names_are_known(setting: str, param: str | None) -> None:
    """Params are recognised by how their names end; those of held-back data are left out."""
    assert param_for(setting, PARAMS, {}) == param


def test_what_the_user_says_counts() -> None:
    """A map given by the user is not second-guessed."""
    assert param_for("learning_rate", PARAMS, {"learning_rate": "speed"}) == "speed"


@pytest.mark.parametrize(
    ("setting", "param", "value", "current", "text"),
    [
        ("learning_rate", "lr", 0.001, "1.0", "0.001"),
        ("epochs", "epochs", 40.0, "10", "40"),
        ("optimizer", "opt", "adam", "SGD", "Adam"),
        ("optimizer", "opt", "adam", "sgd", "adam"),
        ("hidden_units", "units", 128, "2", "128"),
        ("hidden_units", "units", 128, "[64, 32]", "[128, 128]"),
        ("hidden_units", "units", 128, "'64,32'", "128,128"),
        ("hidden_units", "units", (64, 32), "8", "64,32"),
        ("class_weight", "class_weight", (0.5, 5.0), "{0: 1, 1: 1}", "{0: 0.5, 1: 5.0}"),
        ("class_weight", "class_weight", (0.5, 5.0), "none", "balanced"),
        ("class_weight", "class_weight", "balanced", "None", "balanced"),
        ("class_weight", "pos_weight", (0.5, 5.0), "1.0", "10.0"),
        ("class_weight", "pos_weight", "balanced", "1.0", None),  # a ratio that nobody knows
        ("scale_inputs", "standardize", True, "false", "true"),
        ("scale_inputs", "standardize", True, "0", "1"),
        ("batch_norm", "batch_norm", True, "False", "True"),
        ("learning_rate", "lr", "0.5", "1.0", "0.5"),
    ],
)
def test_values_keep_the_form_they_have(
    setting: str, param: str, value: object, current: str, text: str | None
) -> None:
    """A script that takes "64,32" is given "128,128"."""
    assert written(setting, param, value, current) == text


def test_settings_of_params() -> None:
    """Numbers and names are read; what is neither is left out."""
    found = current_settings({"step_size": "1e-6", "solver": "'Adam'", "units": "64,32", "seed": "3"}, {})
    assert found == {"learning_rate": 1e-6, "optimizer": "adam"}


def test_shell_quoting_is_undone() -> None:
    """MLflow stores a project's params as the shell gets them."""
    assert without_quotes({"a": "'1 2'", "'odd name'": "x", "b": "0.1"}) == {
        "a": "1 2",
        "odd name": "x",
        "b": "0.1",
    }


def test_a_remedy_without_its_lead_is_none() -> None:
    """What only accompanies it may be left out."""
    assert possible({"hidden_units": 128, "activation": "relu"}, {"activation"}, "no param for") == (
        {"hidden_units": 128},
        "no param for activation, which stays as it was.",
    )
    assert possible({"initializer": "he", "learning_rate": 0.1}, {"initializer"}, "no param for")[0] == {}
    rate = {"optimizer": "adam", "learning_rate": 0.001}
    assert possible(rate, {"optimizer"}, "no param for")[0] == {"learning_rate": 0.001}


PROJECT = {
    "mlflow.project.entryPoint": "train",
    "mlflow.source.name": "/p",
    "mlflow.source.git.commit": "abc",
}


def test_a_run_of_a_project_says_how_it_was_made() -> None:
    """Entry point, source, version, params and environment come from the tags."""
    found = origin_of([Ancestor("r", {"lr": "'0.1'"}, {**PROJECT, "mlflow.project.env": "virtualenv"})])
    assert (found.uri, found.commit, found.entry_point) == ("/p", "abc", "train")
    assert found.parameters == {"lr": "0.1"}
    assert found.env_manager == "virtualenv"
    assert found.child_name == ""


def test_a_child_says_how_it_is_made_alone() -> None:
    """One of several runs of an entry point names the entry point that makes it alone."""
    said = '{"entry_point": "one", "parameters": {"name": "a", "seed": 3}}'
    run = Ancestor("c", {"lr": "1"}, {"bce.rerun": said, "mlflow.parentRunId": "p"})
    found = origin_of([run, Ancestor("p", {"seed": "0"}, PROJECT)])
    assert (found.entry_point, found.parameters) == ("one", {"name": "a", "seed": "3"})


def test_a_child_that_says_nothing_is_looked_for_by_its_name() -> None:
    """The parent's entry point is run again."""
    run = Ancestor("c", {"lr": "1"}, {"mlflow.runName": "fold 2", "mlflow.parentRunId": "p"})
    found = origin_of([run, Ancestor("p", {"folds": "5"}, PROJECT)])
    assert (found.entry_point, found.parameters, found.child_name) == ("train", {"folds": "5"}, "fold 2")


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"mlflow.source.type": "NOTEBOOK", "mlflow.source.name": "a.ipynb"}, "made in a notebook"),
        ({"mlflow.source.name": "/env/ipykernel_launcher.py"}, "made in a notebook"),
        ({"mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL"}, "made by train.py"),
        ({}, "made by hand"),
        ({"mlflow.project.entryPoint": "main"}, "does not say where its project lies"),
    ],
)
def test_what_no_project_made_cannot_be_rerun(tags: dict[str, str], words: str) -> None:
    """The message says how the run was made, and what can be done."""
    with pytest.raises(CannotRerun, match=words) as error:
        origin_of([Ancestor("r", {}, tags)])
    assert "--project" in str(error.value)


def test_the_user_may_say_which_project_makes_it() -> None:
    """A run made by a script that has an MLproject beside it can be rerun after all."""
    found = origin_of([Ancestor("r", {"lr": "1"}, {})], "/elsewhere", "main")
    assert (found.uri, found.commit, found.entry_point) == ("/elsewhere", None, "main")

"""Which param of a project is which setting, and how a new value is written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mlflow_bce_monitor.settings import keys
from mlflow_bce_monitor.settings.text import (
    HELD_BACK_WORDS,
    NUMBER,
    key_words,
    parse_class_weights,
    parse_number,
    unquoted,
)
from mlflow_bce_monitor.verifying.experiments import FEW_ROWS, PERMUTE_LABELS, ZERO_INPUTS

SEED: Final = "seed"
"""The setting that seeds a training; no remedy changes it."""

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "learning_rate": (*keys.RATE_KEYS, "step size", "rate"),
    "optimizer": (*keys.OPTIMIZER_KEYS, "solver"),
    "batch_size": (*keys.BATCH_KEYS, "batch"),
    "epochs": (*keys.EPOCH_KEYS, "n iter", "iterations", "max iter", "epoch"),
    "hidden_units": (*keys.UNITS_KEYS, "hidden"),
    "class_weight": (*keys.WEIGHT_KEYS, *keys.POS_WEIGHT_KEYS),
    "activation": keys.ACTIVATION_KEYS,
    "initializer": keys.INITIALIZER_KEYS,
    "dropout": keys.DROPOUT_KEYS,
    "l2": keys.L2_KEYS,
    "l1": ("l1", "l1 penalty", "l1 reg"),
    "beta": keys.BETA_KEYS,
    "clipnorm": ("clipnorm", "clip norm", "max grad norm", "gradient clip", "grad clip"),
    "early_stopping": ("early stopping", "patience", "early stopping patience"),
    "bias_initializer": ("bias initializer", "bias init"),
    "batch_norm": ("batch norm", "batchnorm", "batch normalization", "use batch norm"),
    "trainable": ("trainable", "train backbone"),
    "scale_inputs": ("scale inputs", "standardize", "standardise", "scale", "scaler", "normalize inputs"),
    "output_activation": ("output activation", "final activation"),
    "from_logits": ("from logits",),
    "labels": ("labels",),
    "reference": ("reference",),
    "max_length": ("max length", "max seq length", "max len"),
    FEW_ROWS: ("few rows", "max rows", "max samples", "n rows", "max train samples", "limit rows"),
    PERMUTE_LABELS: ("permute labels", "shuffle labels", "permuted labels", "random labels"),
    ZERO_INPUTS: ("zero inputs", "zeroed inputs"),
    SEED: ("seed", "random seed", "random state", "rng seed"),
}
"""Setting to the last words of the params that it is found under, most telling first."""

_NAMES: Final = ("optimizer", "activation", "initializer")
_OFF: Final = frozenset({"", "none", "null", "nan", "no", "off", "false", "0", "own", "default", "auto"})
_CASED: Final = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW"}
_WORDS_OF_SWITCHES: Final = (("True", "False"), ("true", "false"), ("yes", "no"), ("on", "off"))


def param_for(setting: str, params: Iterable[str], chosen: Mapping[str, str]) -> str | None:
    """Return the param of a project that holds a setting, None when there is none.

    Parameters
    ----------
    setting
        A canonical name; or a project's own param, which is itself.
    params
        The project's params.
    chosen
        What the user says: setting to param.
    """
    names = list(params)
    if setting in chosen:
        return chosen[setting]
    if setting in names:
        return setting
    for ending in ENDINGS.get(setting, ()):
        found = sorted(_ending_with(ending, names), key=lambda name: (len(key_words(name)), name))
        if found:
            return found[0]
    return None


def _ending_with(ending: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the params whose words end so, but for those about held-back data."""
    wanted = tuple(ending.split())
    for name in names:
        words = key_words(name)
        if words[-len(wanted) :] == wanted and HELD_BACK_WORDS.isdisjoint(words[: -len(wanted)]):
            yield name


def written(setting: str, param: str, value: object, current: str) -> str | None:
    """Return a new value in the form in which the project takes it now; None when that form is not known.

    Parameters
    ----------
    setting, param
        The canonical name, and the project's.
    value
        The new value; a text is taken as it is.
    current
        The param's text, as the run had it.
    """
    current = unquoted(current).strip()
    if setting == "class_weight":
        return _weights(param, value, current)
    if isinstance(value, bool):
        return _switch(value, current=current)
    if isinstance(value, str):
        is_cased = setting == "optimizer" and current[:1].isupper()
        return _CASED.get(value, value) if is_cased else value
    if setting == "hidden_units" and isinstance(value, (int, float, tuple)):
        return _units(value, current)
    if isinstance(value, float) and value.is_integer() and not _is_fraction(current):
        return str(int(value)) if setting in ("batch_size", "epochs", "early_stopping") else repr(value)
    return repr(value)


def _is_fraction(current: str) -> bool:
    return "." in current or "e" in current.lower()


def _weights(param: str, value: object, current: str) -> str | None:
    """Return class weights as pair, as their ratio, or as the word "balanced"."""
    of_positives = any(" ".join(key_words(param)).endswith(ending) for ending in keys.POS_WEIGHT_KEYS)
    pair = value if isinstance(value, tuple) else None
    if of_positives or (parse_number(current) is not None and current.lower() not in _OFF):
        return None if pair is None else repr(round(pair[1] / pair[0], 6))
    if pair is not None and parse_class_weights(current) is not None:
        negative, positive = (round(weight, 6) for weight in pair)
        return f"[{negative}, {positive}]" if current[:1] in "[(" else f"{{0: {negative}, 1: {positive}}}"
    return "balanced" if pair is not None or value == "balanced" else str(value)


def _switch(value: bool, *, current: str) -> str:  # noqa: FBT001 - the value itself
    for yes, no in _WORDS_OF_SWITCHES:
        if current in (yes, no):
            return yes if value else no
    return ("1" if value else "0") if current in ("0", "1") else str(value)


def _units(value: float | tuple[float, ...], current: str) -> str:
    """Return widths in the form of the present ones: "[64, 32]" becomes "[128, 128]"."""
    present = NUMBER.findall(current)
    if isinstance(value, tuple) and len(value) != len(present):
        return ",".join(str(int(one)) for one in value)
    if not present:
        return str(int(value)) if not isinstance(value, tuple) else ",".join(str(int(one)) for one in value)
    wanted = iter(value if isinstance(value, tuple) else (value,) * len(present))
    return re.sub(NUMBER, lambda _: str(int(next(wanted))), current)


def current_settings(params: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, float | str]:
    """Return the settings that a project's params hold, as far as their values are numbers, or names."""
    found: dict[str, float | str] = {}
    for setting in ENDINGS:
        param = param_for(setting, params, chosen)
        if setting == SEED or param is None:
            continue
        text = unquoted(params.get(param, ""))
        number = parse_number(text)
        if number is not None:
            found[setting] = int(number) if number.is_integer() and not _is_fraction(text) else number
        elif setting in _NAMES and text.lower() not in _OFF:
            found[setting] = text.lower()
    return found


def without_quotes(params: Mapping[str, str]) -> dict[str, str]:
    """Return params without the shell quoting that MLflow stores a project's with."""
    return {unquoted(name): unquoted(value) for name, value in params.items()}

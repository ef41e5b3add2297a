"""What a verification comes to, in one or two sentences with their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.remedies import beyond_settings
from mlflow_bce_monitor.verifying.comparison import Comparison, Result
from mlflow_bce_monitor.verifying.result import Trial

_LIKELY = 0.5
"""Probability from which labels without signal are named as the likely reason."""


def sentence(result: Result, trials: Sequence[Trial], causes: Sequence[RankedCause], stopped: str) -> str:
    """Return what the trials come to."""
    if result is Result.IMPOSSIBLE:
        why = next((one.note for one in reversed(trials) if one.note), stopped)
        return f"Cannot be verified: {why.rstrip('.')}."
    finished = [(one, one.comparison) for one in trials if one.comparison is not None]
    if result is Result.WORKS:
        trial, found = next(pair for pair in finished if pair[1].result is result)
        return f"Works: with {changed(trial.arm.changes)} {_gain(found)}."
    trial, found = max(finished, key=lambda pair: pair[1].gain)
    if result is Result.WORSE:
        return f"Worse: with {changed(trial.arm.changes)} {_gain(found)}."
    tried = (
        f"with {changed(trial.arm.changes)}"
        if len(finished) == 1
        else f"none of {len(finished)} remedies helps; with the best of them, {changed(trial.arm.changes)},"
    )
    return f"No effect: {tried} {_gain(found)}.{_without_signal(causes)}"


def _without_signal(causes: Sequence[RankedCause]) -> str:
    probability = next((one.probability for one in causes if one.cause == "no_signal"), 0.0)
    if probability < _LIKELY or causes[0].cause != "no_signal":
        return ""
    return f" With {probability:.0%} probability the reason lies in the data. {beyond_settings('no_signal')}"


def _gain(found: Comparison) -> str:
    """Return the gain with its interval."""
    if found.gain == 0.0 and found.low == found.high:
        return f"the skill on held-back rows stays at {found.remedied:.2f} ({len(found.gains)} pairs)"
    verb = "rises" if found.gain >= 0.0 else "falls"
    return (
        f"the skill on held-back rows {verb} from {found.baseline:.2f} to {found.remedied:.2f}, by "
        f"{found.gain:+.3f} (95 % interval {found.low:+.3f} to {found.high:+.3f}, {len(found.gains)} pairs)"
    )


def changed(changes: Mapping[str, object]) -> str:
    """Return changes as a list of settings: "learning_rate=0.001, optimizer=adam"."""
    return ", ".join(f"{name}={value_word(value)}" for name, value in changes.items())


def value_word(value: object) -> str:
    """Return a value without digits that nobody needs."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return f"({', '.join(value_word(part) for part in value)})"
    return str(value)

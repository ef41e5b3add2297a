"""Which part of a remedy can be carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def possible(
    changes: Mapping[str, object], refused: Collection[str], because: str
) -> tuple[Mapping[str, object], str]:
    """Return what is left of a remedy, and what is left out, as a sentence; "" when that is nothing.

    A remedy begins with the setting that it is about. Without that one nothing is left of it: the others
    only accompany it. A new optimizer with its rate is about the rate.

    Parameters
    ----------
    changes
        Name of a setting to its new value.
    refused
        Names that cannot be changed.
    because
        Why, as the beginning of a clause that the names end: "build_model does not read".
    """
    left = {name: value for name, value in changes.items() if name not in refused}
    names = ", ".join(name for name in changes if name in refused)
    if not names:
        return left, ""
    if _lead(changes) in refused:
        return {}, f"{because} {names}, so it cannot be tried."
    return left, f"{because} {names}, which stays as it was."


def _lead(changes: Mapping[str, object]) -> str:
    return "learning_rate" if {"optimizer", "learning_rate"} <= changes.keys() else next(iter(changes))

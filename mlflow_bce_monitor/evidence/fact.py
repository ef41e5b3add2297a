"""Evidence: named facts about a run, each with unit, source and tier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from mlflow_bce_monitor.contract import Tier

FactValue = float | int | bool | str

PROBED: Final = "probe_"
"""Beginning of the facts that experiments on a copy of the model found."""


class Fact(NamedTuple):
    """One thing known about a run.

    A tuple and no dataclass: a run has a hundred, and making one takes a quarter of the time.

    Attributes
    ----------
    name
        A word from :data:`mlflow_bce_monitor.evidence.catalogue.CATALOGUE`.
    value
        The raw value, never rounded.
    source
        Where it came from, in words a person can follow: "metric 'val_auc', last value".
    tier
        How deep the source lies.
    """

    name: str
    value: FactValue
    source: str
    tier: Tier


class Evidence(Mapping[str, FactValue]):
    """An immutable mapping of fact name to raw value, which also knows the sources.

    A fact that is not known is absent; there are no placeholders.
    """

    def __init__(self, facts: tuple[Fact, ...] = ()) -> None:
        self._facts = {fact.name: fact for fact in facts}
        # Everything below asks by this: a look-up takes as long as one in a dict, and no call from Python.
        self._look: Callable[[str], Fact | None] = self._facts.get

    def __reduce__(self) -> tuple[type[Evidence], tuple[tuple[Fact, ...]]]:
        # What is sent to another process is all of it, and not what would look for it.
        return Evidence, (self.facts(),)

    def __getitem__(self, name: str) -> FactValue:
        fact = self._look(name)
        if fact is None:
            raise KeyError(name)
        return fact[1]

    def __contains__(self, name: object) -> bool:
        # What the base class does by catching a KeyError, which takes ten times as long.
        return self._look(name) is not None  # type: ignore[arg-type]

    def has_all(self, names: Iterable[str]) -> bool:
        """Whether all of these facts are known."""
        return all(map(self._look, names))

    @cached_property
    def is_probed(self) -> bool:
        """Whether experiments on a copy of the model found any of it."""
        return any(name.startswith(PROBED) for name in self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def fact(self, name: str) -> Fact:
        """Return the whole fact; KeyError when it is not known."""
        fact = self._look(name)
        if fact is None:
            raise KeyError(name)
        return fact

    def facts(self) -> tuple[Fact, ...]:
        """Return all facts in the order they were gathered."""
        return tuple(self._facts.values())

    def and_facts(self, more: Iterable[Fact]) -> Evidence:
        """Return this evidence with further facts; a fact of the same name replaces the old one."""
        return Evidence((*self.facts(), *more))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact's value, or something else when it is not known."""
        fact = self._look(name)
        return default if fact is None else fact[1]

    def number(self, name: str) -> float:
        """Return a fact as a float; KeyError when it is not known, TypeError when it is a word."""
        fact = self._look(name)
        if fact is None:
            raise KeyError(name)
        value = fact[1]
        return _no_number(fact) if isinstance(value, str) else float(value)

    def number_or(self, name: str, otherwise: float) -> float:
        """Return a fact as a float, or another number when it is not known."""
        fact = self._look(name)
        if fact is None:
            return otherwise
        value = fact[1]
        return _no_number(fact) if isinstance(value, str) else float(value)


def _no_number(fact: Fact) -> float:
    raise TypeError(f"fact {fact.name!r} is the word {fact.value!r}, not a number")

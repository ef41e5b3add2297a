"""Evidence that is looked for when somebody asks for it.

Most runs are judged by a dozen of their hundred facts, and only those in trouble are asked for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from mlflow_bce_monitor.evidence.fact import Evidence, Fact

T = TypeVar("T")


class Finder(NamedTuple, Generic[T]):
    """What finds some facts together.

    Attributes
    ----------
    names
        Every fact that it may find.
    find
        Finds what there is of them.
    """

    names: tuple[str, ...]
    find: Callable[[T], Iterable[Fact]]


class Finders(Generic[T]):
    """Finders in the order in which their facts stand; of two that find one fact, the later one counts.

    Parameters
    ----------
    finders
        In that order.
    """

    def __init__(self, finders: Sequence[Finder[T]]) -> None:
        self.all = tuple(finders)
        last_first: dict[str, tuple[int, ...]] = {}
        for number, finder in enumerate(self.all):
            for name in finder.names:
                last_first[name] = (number, *last_first.get(name, ()))
        self.of: Mapping[str, tuple[int, ...]] = last_first


class EvidenceOnDemand(Evidence, Generic[T]):
    """Evidence whose facts are looked for once, each when it is first asked for.

    Parameters
    ----------
    finders
        What finds them.
    about
        What the finders look at.
    """

    def __init__(self, finders: Finders[T], about: T) -> None:
        super().__init__()
        self._finders = finders
        self._about = about
        self._found: dict[int, Mapping[str, Fact]] = {}
        self._known: dict[str, Fact | None] = {}
        self._whole = False
        self._look = self._asked

    def _asked(self, name: str) -> Fact | None:
        try:
            return self._known[name]
        except KeyError:
            fact = self._known[name] = self._first_found(name)
            return fact

    def _first_found(self, name: str) -> Fact | None:
        for number in self._finders.of.get(name, ()):
            fact = self._of_finder(number).get(name)
            if fact is not None:
                return fact
        return None

    def _of_finder(self, number: int) -> Mapping[str, Fact]:
        found = self._found.get(number)
        if found is None:
            found = {fact.name: fact for fact in self._finders.all[number].find(self._about)}
            self._found[number] = found
        return found

    def _all(self) -> Mapping[str, Fact]:
        if not self._whole:
            for number in range(len(self._finders.all)):
                self._facts.update(self._of_finder(number))
            self._whole = True
        return self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def facts(self) -> tuple[Fact, ...]:
        """Return all facts in the order of their finders; those not asked for are looked for now."""
        return tuple(self._all().values())

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
        # Those whose facts nobody else finds, with these as not known: what they do not find is not there.
        self.alone: Mapping[int, Mapping[str, None]] = {
            number: dict.fromkeys(finder.names)
            for number, finder in enumerate(self.all)
            if all(last_first[name] == (number,) for name in finder.names)
        }


class _Known(dict[str, "Fact | None"], Generic[T]):
    """Facts by name, None where there is none; one that is not here yet is looked for.

    A dict, because most questions are asked again: the answer then takes no call from Python.
    """

    def __init__(self, finders: Finders[T], about: T) -> None:
        super().__init__()
        self._finders = finders
        self._about = about
        self._found: dict[int, Mapping[str, Fact]] = {}

    def __missing__(self, name: str) -> Fact | None:
        fact = None
        for number in self._finders.of.get(name, ()):
            found = self._found.get(number)
            fact = (self.of_finder(number) if found is None else found).get(name)
            if fact is not None:
                break
        self[name] = fact
        return fact

    def of_finder(self, number: int) -> Mapping[str, Fact]:
        """Return what one finder finds, by name."""
        found = self._found.get(number)
        if found is None:
            finder = self._finders.all[number]
            found = self._found[number] = {fact.name: fact for fact in finder.find(self._about)}
            nothing = self._finders.alone.get(number)
            if nothing is not None:
                self.update(nothing)
                self.update(found)
        return found


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
        self._n_finders = len(finders.all)
        self._known = _Known(finders, about)
        self._whole = False
        self._look = self._known.__getitem__

    def _all(self) -> Mapping[str, Fact]:
        if not self._whole:
            for number in range(self._n_finders):
                self._facts.update(self._known.of_finder(number))
            self._whole = True
        return self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def facts(self) -> tuple[Fact, ...]:
        """Return all facts in the order of their finders; those not asked for are looked for now."""
        return tuple(self._all().values())

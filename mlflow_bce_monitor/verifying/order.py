"""Which remedy is tried next.

First comes what ``remedies/jointly.py`` prescribes, the change of which ``docs/remedies.md`` counts how often
it works: that for a cause which is settled alone, else those of all probable causes at once. Only what a
rerun has seen to learn goes before. Then the remedies of each cause follow, the most probable cause first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.remedies.jointly import is_made_alone, join
from mlflow_bce_monitor.verifying.arm import Arm
from mlflow_bce_monitor.verifying.candidates import LEAST_PROBABLE, Change
from mlflow_bce_monitor.verifying.plan import Subject
from mlflow_bce_monitor.verifying.wording import changed

FEWEST_JOINED: Final = 2
"""Causes from which on their changes are made at once; a single one has its own remedies."""

WHATEVER: Final = ("learning_rate_too_high", "learning_rate_too_low", "insufficient_capacity")
"""Causes whose remedies are tried where those that are probable have none, to show that nothing helps."""


class Order:
    """The remedies of a verification, as far as they can be carried out, in the order of their trials.

    Parameters
    ----------
    subject
        What is verified.
    able
        Returns which settings can be changed, and why the others cannot (see ``Trainer.able``).
    """

    def __init__(
        self, subject: Subject, able: Callable[[Mapping[str, object]], tuple[Mapping[str, object], str]]
    ) -> None:
        self._subject, self._able = subject, able
        self._of: dict[str, tuple[Change, ...]] = {}

    def remedies(self, cause: str) -> tuple[Change, ...]:
        """Return the remedies of a cause, best first; one that cannot be carried out has no changes."""
        if cause not in self._of:
            self._of[cause] = tuple(
                Change(remedy.cause, changes, remedy.words, left_out=(f"Of the remedy for {cause}: {why}",))
                if why
                else Change(remedy.cause, changes, remedy.words)
                for remedy in self._subject.prescribe(cause)
                for changes, why in (self._able(remedy.changes),)
            )
        return self._of[cause]

    def possible(self, cause: str) -> Sequence[Change]:
        """Return those that can be carried out."""
        return [one for one in self.remedies(cause) if one.changes]

    def open_ones(
        self, causes: Sequence[RankedCause], tried: Collection[str], *, learned: bool
    ) -> Iterator[Change]:
        """Yield what was not tried yet, in the order in which it is to be; also what cannot be tried.

        Parameters
        ----------
        causes
            With their present probabilities, most probable first.
        tried
            Keys of the arms that were.
        learned
            Whether a rerun with the remedy of one cause has learned.
        """
        joint = [] if self.joint is None else [self.joint]
        goes_first = not learned and not self._is_made_alone(causes)
        probable = [one.cause for one in causes if one.probability >= LEAST_PROBABLE]
        rest = [] if tried else [cause for cause in WHATEVER if cause not in probable]
        alone = (remedy for cause in (*probable, *rest) for remedy in self.remedies(cause))
        for remedy in (*joint, *alone) if goes_first else (*alone, *joint):
            if Arm("", remedy.changes).key not in tried or not remedy.changes:
                yield remedy

    def _is_made_alone(self, causes: Sequence[RankedCause]) -> bool:
        """Whether the change for the first cause is made before any other, as ``docs/remedies.md`` has it."""
        candidates = [(one.cause, one.probability) for one in causes]
        return not candidates or (is_made_alone(candidates) and bool(self.remedies(candidates[0][0])))

    @cached_property
    def joint(self) -> Change | None:
        """The changes of all causes that were probable at first, at once; None for one alone."""
        candidates = [(one.cause, one.probability) for one in self._subject.causes]
        if not self._subject.joins or not candidates or is_made_alone(candidates[:1]):
            return None
        left_out: list[str] = []

        def first(cause: str) -> Sequence[Change]:
            remedies = self.remedies(cause)
            chosen = next((one for one in remedies if one.changes), None)
            left_out.extend(note for one in ([chosen] if chosen else remedies[:1]) for note in one.left_out)
            return [chosen] if chosen else []

        found = join(candidates, first)
        if found is None or len(found.causes) < FEWEST_JOINED:
            return None
        cause, *also = found.causes
        words = f"What {', '.join(found.causes)} ask for, at once: {changed(found.changes)}."
        return Change(cause, found.changes, words, tuple(also), tuple(left_out))

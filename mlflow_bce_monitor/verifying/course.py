"""The course of a verification: tell the causes apart, then try their remedies, within a budget.

Read this file first in this room. It is pure but for the trainer that it is given: what is trained next,
what that says, and when to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.ranking import SETTLED
from mlflow_bce_monitor.remedies.jointly import ALONE, join
from mlflow_bce_monitor.verifying.arm import BASELINE, Arm, CannotRerun, Measured
from mlflow_bce_monitor.verifying.budget import Budget
from mlflow_bce_monitor.verifying.candidates import (
    LEAST_PROBABLE,
    Change,
    Prescribe,
    answer,
    best_experiment,
    experiments_for,
)
from mlflow_bce_monitor.verifying.comparison import FEWEST_PAIRS, Comparison, Result, compare, is_futile
from mlflow_bce_monitor.verifying.experiments import REMEDIES, Question
from mlflow_bce_monitor.verifying.posterior import updated
from mlflow_bce_monitor.verifying.result import Step, Trial, VerificationReport
from mlflow_bce_monitor.verifying.wording import changed, sentence

SEEDS: Final = 5
"""Pairs of trainings for a remedy: the interval is then 1.2 standard deviations wide to either side."""

LEAST_TOLD: Final = 0.05
"""Nats. An experiment that is expected to tell less is not worth a training."""

FEWEST_JOINED: Final = 2
"""Causes from which on their changes are made at once; a single one has its own remedies."""

NO_SIGNAL: Final = "no_signal"

WHATEVER: Final = ("learning_rate_too_high", "learning_rate_too_low", "insufficient_capacity")
"""Causes whose remedies are tried where those that are probable have none, to show that nothing helps."""


class Trainer(Protocol):
    """Repeats the training, in whatever way it was made."""

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return which of these settings can be changed, and why the others cannot ("" when all can).

        {} when the first one, which the remedy is about, cannot.
        """
        ...

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return how long a training with these changes takes, in trainings without any."""
        ...

    def train(self, arm: Arm, seed: int) -> Measured:
        """Train; :class:`CannotRerun` when it cannot be done."""
        ...


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes
    ----------
    seeds
        Pairs for each remedy, at least 2.
    first_seed
        Of the experiments; the pairs take the seeds after it, so that a remedy is not judged by the very
        training it was chosen for.
    discriminate
        Whether to tell uncertain causes apart first.
    settled
        Probability from which a cause needs no further experiment.
    """

    seeds: int = SEEDS
    first_seed: int = 0
    discriminate: bool = True
    settled: float = SETTLED

    def __post_init__(self) -> None:
        if self.seeds < FEWEST_PAIRS:
            raise UsageError(
                f"{self.seeds} seed is too few: give at least {FEWEST_PAIRS}, or nothing is known about "
                "how much the gain varies."
            )


@dataclass(frozen=True)
class Subject:
    """What is verified.

    Attributes
    ----------
    causes
        Candidates with their probabilities, most probable first.
    prescribe
        Cause to remedies, best first.
    run_id, run_name
        Of the diagnosed run; "" without one.
    joins
        Whether the changes of causes that cannot be told apart may be made at once.
    """

    causes: tuple[RankedCause, ...]
    prescribe: Prescribe
    run_id: str = ""
    run_name: str = ""
    joins: bool = True


@dataclass
class Course:
    """One verification.

    Attributes
    ----------
    subject, trainer, plan, budget
        What, with what, how, and how much.
    tell
        Told before each training how many were made, how many may follow, and what comes.
    """

    subject: Subject
    trainer: Trainer
    plan: Plan
    budget: Budget
    tell: Callable[[int, int, str], None] = lambda _done, _left, _what: None
    _causes: tuple[RankedCause, ...] = ()
    _reference: Measured | None = None
    _steps: list[Step] = field(default_factory=list)
    _trials: list[Trial] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _cache: dict[tuple[str, int], Measured] = field(default_factory=dict)
    _tried: set[str] = field(default_factory=set)

    def run(self) -> VerificationReport:
        """Carry it out; what is finished is kept, whatever ends it."""
        self._causes = self.subject.causes
        interrupted = False
        try:
            stopped = self._all()
        except KeyboardInterrupt:
            stopped, interrupted = "it was interrupted", True
        return self._report(stopped, interrupted=interrupted)

    def _all(self) -> str:
        try:
            self._reference = self._train(BASELINE, self.plan.first_seed)
        except CannotRerun as error:
            return str(error)
        if self.plan.discriminate:
            self._tell_apart(self._reference)
        return self._try_remedies()

    def _tell_apart(self, reference: Measured) -> None:
        done: set[str] = set()
        while self._causes and not self._is_settled():
            open_ones = [
                one
                for one in experiments_for(
                    self._causes,
                    self._prescribed,
                    lambda changes: bool(self.trainer.able(changes)[0]),
                    self.trainer.cost,
                    reference,
                )
                if one.arm.key not in done and self.budget.allows(one.cost)
            ]
            found = best_experiment(self._causes, open_ones)
            if found is None or found[1] < LEAST_TOLD:
                return
            chosen, expected = found
            done.add(chosen.arm.key)
            try:
                measured = self._train(chosen.arm, self.plan.first_seed)
            except CannotRerun as error:
                self._note(f"The experiment {chosen.kind.name!r} could not be made: {error}")
                continue
            yes, because = answer(chosen.kind, measured, reference)
            before, self._causes = self._causes, updated(self._causes, chosen.kind, because, yes=yes)
            self._steps.append(
                Step(
                    chosen.kind.name,
                    str(chosen.kind.question),
                    expected,
                    yes,
                    because,
                    measured,
                    before,
                    self._causes,
                )
            )

    def _prescribed(self, cause: str) -> Sequence[Change]:
        """Return the remedies of a cause that can be carried out; say why the others cannot."""
        possible: list[Change] = []
        for remedy in self.subject.prescribe(cause):
            changes, why = self.trainer.able(remedy.changes)
            if why:
                self._note(f"Of the remedy for {cause}: {why}")
            if changes:
                possible.append(Change(remedy.cause, changes, remedy.words))
        return possible

    def _try_remedies(self) -> str:
        while True:
            if self._trials and self._is_without_signal():
                return f"{NO_SIGNAL} is {self._causes[0].probability:.0%} probable, and no setting helps that"
            remedy = next(self._open_remedies(), None)
            if remedy is None:
                return "every remedy of the causes in question was tried"
            if not self.budget.allows():
                return self.budget.why
            trial = self._trial(remedy)
            self._trials.append(trial)
            if trial.comparison is not None and self._concludes(remedy, trial.comparison):
                return "a remedy works"
            if trial.note == self.budget.why:
                return trial.note

    def _concludes(self, remedy: Change, found: Comparison) -> bool:
        self._learn_from(remedy, found)
        return found.result is Result.WORKS

    def _is_without_signal(self) -> bool:
        return self._is_settled() and self._causes[0].cause == NO_SIGNAL

    def _is_settled(self) -> bool:
        """Whether the most probable cause needs no further experiment."""
        return bool(self._causes) and self._causes[0].probability >= self.plan.settled

    def _open_remedies(self) -> Iterator[Change]:
        """Yield what was not tried yet: by the probability of its cause, the best remedy of each first.

        What all probable causes ask for, at once, comes before them where nothing has told them apart, and
        after them otherwise.
        """
        joint = [one for one in self._jointly() if Arm("", one.changes).key not in self._tried]
        if not self._is_told_apart():
            yield from joint
        probable = [one.cause for one in self._causes if one.probability >= LEAST_PROBABLE]
        rest = [] if self._trials else [cause for cause in WHATEVER if cause not in probable]
        for cause in (*probable, *rest):
            for remedy in self._prescribed(cause):
                if Arm("", remedy.changes).key not in self._tried:
                    yield remedy
        yield from joint

    def _is_told_apart(self) -> bool:
        """Whether one cause is settled, or a rerun with the remedy of one has learned."""
        learned = any(one.yes and one.question == str(Question.LEARNS) for one in self._steps)
        return learned or not self._causes or self._is_settled()

    def _jointly(self) -> list[Change]:
        """Return the changes of all causes that were probable at first, at once; [] for one alone."""
        causes = self.subject.causes
        if not self.subject.joins or not causes or causes[0].cause in ALONE:
            return []
        found = join([(one.cause, one.probability) for one in causes], self._prescribed)
        if found is None or len(found.causes) < FEWEST_JOINED:
            return []
        cause, *also = found.causes
        words = f"What {', '.join(found.causes)} ask for, at once: {changed(found.changes)}."
        return [Change(cause, found.changes, words, tuple(also))]

    def _learn_from(self, remedy: Change, found: Comparison) -> None:
        yes = found.result is Result.WORKS
        if yes and remedy.also:
            self._note(
                "The changes for several causes were made at once and work; which of them was needed is not "
                "known. Take them back one by one."
            )
            return
        clause = f"its remedy {'works' if yes else 'has no effect'} in {len(found.gains)} pairs of trainings"
        for cause in (remedy.cause, *remedy.also):
            kind = REMEDIES.get(cause)
            if kind is not None:
                self._causes = updated(self._causes, kind, clause, yes=yes)

    def _trial(self, remedy: Change) -> Trial:
        arm = Arm(f"remedy {len(self._trials) + 1}", dict(remedy.changes))
        self._tried.add(arm.key)
        pairs: list[tuple[Measured, Measured]] = []
        note = ""
        try:
            note = self._pairs(arm, pairs)
        except CannotRerun as error:
            note = str(error)
        except KeyboardInterrupt:
            self._trials.append(self._as_trial(remedy, arm, pairs, "it was interrupted"))
            raise
        return self._as_trial(remedy, arm, pairs, note)

    def _pairs(self, arm: Arm, pairs: list[tuple[Measured, Measured]]) -> str:
        """Train pair after pair; return why it ended early."""
        for number in range(self.plan.seeds):
            gains = [after.usable - before.usable for before, after in pairs]
            if is_futile(gains):
                return f"ended after {len(pairs)} pairs, none of which shows a gain"
            seed = self.plan.first_seed + 1 + number
            new = 1.0 if (BASELINE.key, seed) in self._cache else 2.0
            if not self.budget.allows(new) or self.budget.left < new:
                return self.budget.why
            before = self._train(BASELINE, seed)
            pairs.append((before, self._train(arm, seed)))
        return ""

    @staticmethod
    def _as_trial(remedy: Change, arm: Arm, pairs: Sequence[tuple[Measured, Measured]], note: str) -> Trial:
        before, after = tuple(one for one, _ in pairs), tuple(one for _, one in pairs)
        found = None
        if len(pairs) >= FEWEST_PAIRS:
            found = compare([one.usable for one in before], [one.usable for one in after])
        return Trial(remedy.cause, remedy.words, arm, before, after, found, note, remedy.also)

    def _train(self, arm: Arm, seed: int) -> Measured:
        known = self._cache.get((arm.key, seed))
        if known is not None:
            return known
        self.tell(self.budget.n_runs, self._expected(), f"{arm.name}, seed {seed}")
        start = self.budget.spent
        try:
            measured = self.trainer.train(arm, seed)
        finally:
            self.budget.count(self.budget.spent - start)
        if measured.note:
            self._note(measured.note)
        self._cache[arm.key, seed] = measured
        return measured

    def _expected(self) -> int:
        """Return how many trainings are likely to follow, this one included."""
        baselines = sum(key == BASELINE.key for key, _ in self._cache)
        own = self.plan.seeds + 1 - min(baselines, self.plan.seeds + 1)
        remedied = 0 if not self._tried else max(0, baselines - 2)
        return min(max(own + self.plan.seeds - remedied, 1), self.budget.left)

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)

    def _report(self, stopped: str, *, interrupted: bool) -> VerificationReport:
        result = _result(self._trials)
        words = sentence(result, self._trials, self._causes, stopped)
        self._mention_equal_seeds()
        return VerificationReport(
            self.subject.run_id,
            self.subject.run_name,
            result,
            words,
            self.subject.causes,
            self._causes,
            self._reference,
            tuple(self._steps),
            tuple(self._trials),
            stopped,
            tuple(self._notes),
            self.budget.n_runs,
            self.budget.spent,
            interrupted=interrupted,
        )

    def _mention_equal_seeds(self) -> None:
        for trial in self._trials:
            for group in (trial.baseline, trial.remedied):
                skills = {one.skill for one in group}
                if len(group) >= FEWEST_PAIRS and len(skills) == 1 and skills != {None} and group[0].usable:
                    self._note(
                        f"All trainings of {group[0].arm.name!r} ended with one and the same skill: no seed "
                        "reaches the training, so the interval says nothing about other seeds."
                    )


def _result(trials: Sequence[Trial]) -> Result:
    found = [one.comparison.result for one in trials if one.comparison is not None]
    for result in (Result.WORKS, Result.NO_EFFECT, Result.WORSE):
        if result in found:
            return result
    return Result.IMPOSSIBLE

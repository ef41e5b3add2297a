"""The course of a verification: tell the causes apart, then try their remedies, within a budget.

Read this file first in this room. It is pure but for the trainer that it is given: what is trained next
(``candidates.py`` for experiments, ``order.py`` for remedies), what that says (``posterior.py``), and when to
stop. ``trial.py`` carries out one remedy, ``trainings.py`` makes and counts what is trained, ``plan.py`` says
what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.verifying.arm import BASELINE, CannotRerun, Measured
from mlflow_bce_monitor.verifying.budget import Budget
from mlflow_bce_monitor.verifying.candidates import (
    LEARNED,
    LEAST_PROBABLE,
    Change,
    Experiment,
    answer,
    best_experiment,
    experiments_for,
)
from mlflow_bce_monitor.verifying.comparison import FEWEST_PAIRS, Result
from mlflow_bce_monitor.verifying.experiments import REMEDIES, Question
from mlflow_bce_monitor.verifying.order import Order
from mlflow_bce_monitor.verifying.plan import SEEDS, Plan, Subject
from mlflow_bce_monitor.verifying.posterior import at_least, updated
from mlflow_bce_monitor.verifying.result import Step, Trial, VerificationReport
from mlflow_bce_monitor.verifying.trainings import Notes, Trainer, Trainings
from mlflow_bce_monitor.verifying.trial import INTERRUPTED, carry_out
from mlflow_bce_monitor.verifying.wording import changed, sentence

__all__ = ["SEEDS", "Course", "Plan", "Subject", "Trainer"]

NO_SIGNAL: Final = "no_signal"

INSIDE: Final = "a look inside"
"""Name of the step in which the training as it was is measured from inside."""

HIDDEN: Final = 0.1
"""Probability of labels without signal, at least, once the fault that kept the run from learning is mended
and it does not learn all the same: what they have in any trouble, for that fault had hidden whether they have
it. An estimate of the author."""


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
    _asked: set[str] = field(default_factory=set)
    _notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        self._causes = self.subject.causes
        self._order = Order(self.subject, self.trainer.able)
        self._trainings = Trainings(self.trainer, self.budget, self.tell, self._notes)

    def run(self) -> VerificationReport:
        """Carry it out; what is finished is kept, whatever ends it."""
        try:
            return self._report(self._all())
        except KeyboardInterrupt:
            return self._report(INTERRUPTED, interrupted=True)

    def _all(self) -> str:
        if self._nothing_can_be_tried() and not (self._asks and any(map(self._order.possible, REMEDIES))):
            return self._why_nothing_can_be_tried()
        try:
            self._reference = self._trainings.train(
                BASELINE, self.plan.first_seed, following=self._of_a_trial, look_inside=self._asks
            )
        except CannotRerun as error:
            return str(error)
        self._look_inside(self._reference)
        if self._nothing_can_be_tried():
            return self._why_nothing_can_be_tried()
        self._tell_apart(self._reference)
        return self._try_remedies()

    # -- which cause it is --------------------------------------------------------------------------------

    @property
    def _asks(self) -> bool:
        """Whether it is still asked which cause it is."""
        return self.plan.discriminate and bool(self._causes) and not self._is_settled()

    def _look_inside(self, reference: Measured) -> None:
        """Take over what the training as it was is diagnosed with when it is measured from inside.

        The log of the diagnosed run says less, of the same course, so no product of both. A rerun that
        learns with its own seed explains nothing.
        """
        if not (self._asks and reference.is_seen_inside and reference.causes) or self.subject.is_seen_inside:
            return
        before, self._causes = self._causes, reference.causes
        first = self._causes[0]
        confirmed = first.cause == before[0].cause
        because = f"seen from inside it is {first.cause}{f': {first.because}' if first.because else ''}"
        self._steps.append(
            Step(INSIDE, str(Question.INSIDE), None, confirmed, because, reference, before, self._causes)
        )

    def _tell_apart(self, reference: Measured) -> None:
        """Make the experiments that are worth a training, until one cause is settled.

        None is where the training as it was learns with its seed and is in no trouble: there is nothing that
        a change could mend, and that it "does not learn" any better says nothing about the cause.
        """
        if self._asks and reference.causes == () and reference.usable >= LEARNED:
            self._notes.say(
                f"With seed {reference.seed} the training as it was learns: the fault depends on "
                "the seed, and no experiment was made with that one to tell the causes apart."
            )
            return
        while self._asks:
            found = best_experiment(self._causes, self._open_experiments(reference))
            if found is None:
                return
            chosen, expected = found
            self._asked.add(chosen.arm.key)
            try:
                measured = self._trainings.train(
                    chosen.arm,
                    self.plan.first_seed,
                    self._of_a_trial,
                    look_inside=chosen.kind.question is Question.LEARNS,
                )
            except CannotRerun as error:
                self._notes.say(f"The experiment {chosen.kind.name!r} could not be made: {error}")
                continue
            self._learn_from_experiment(chosen, expected, measured, reference)

    def _open_experiments(self, reference: Measured) -> list[Experiment]:
        found = experiments_for(
            self._causes,
            self._candidate,
            lambda changes: bool(self.trainer.able(changes)[0]),
            self.trainer.cost,
            reference,
        )
        return [one for one in found if one.arm.key not in self._asked and self.budget.allows(one.cost)]

    def _candidate(self, cause: str) -> Sequence[Change]:
        """Return the remedy of a probable cause that can be rerun; say what keeps others from it."""
        for remedy in self._order.remedies(cause):
            self._notes.say(*remedy.left_out)
            if remedy.changes:
                return [remedy]
        return []

    def _learn_from_experiment(
        self, made: Experiment, expected: float, measured: Measured, reference: Measured
    ) -> None:
        before = self._causes
        yes, because = answer(made.kind, measured, reference)
        self._causes = updated(self._causes, made.kind, because, yes=yes)
        if made.kind.question is Question.LEARNS and not yes:
            self._uncover_labels([measured])
        step = Step(
            made.kind.name,
            str(made.kind.question),
            expected,
            yes,
            because,
            measured,
            before,
            self._causes,
        )
        self._steps.append(step)

    def _uncover_labels(self, reruns: Sequence[Measured], least: float = 0.0) -> None:
        """Take over what reruns that do not learn with a remedy say of their labels.

        The diagnosed run explains itself by its first fault, which hides whether there is anything to learn.
        The reruns are diagnosed without that fault. No product of both, for they share the data.
        """
        seen = [one.probability_of(NO_SIGNAL) for one in reruns]
        said = [probability for probability in seen if probability is not None]
        clause = f"so its reruns with {changed(reruns[-1].arm.changes)} are diagnosed" if said else ""
        probability = max(fmean(said) if said else 0.0, least)
        self._causes = at_least(self._causes, NO_SIGNAL, probability, clause)

    def _is_settled(self) -> bool:
        """Whether the most probable cause needs no further experiment."""
        return bool(self._causes) and self._causes[0].probability >= self.plan.settled

    # -- what helps ---------------------------------------------------------------------------------------

    def _try_remedies(self) -> str:
        while True:
            if self._is_hopeless():
                return f"{NO_SIGNAL} is {self._causes[0].probability:.0%} probable, and no setting helps that"
            remedy = self._next_remedy()
            if remedy is None:
                return "every remedy of the causes in question was tried"
            if not self.budget.allows(self.trainer.cost(remedy.changes)):
                return self.budget.why
            name = f"remedy {len(self._trials) + 1}"
            trial = carry_out(remedy, name, self.plan, self._trainings, self._trials)
            self._learn_from_trial(trial)
            if trial.comparison is not None and trial.comparison.result is Result.WORKS:
                return "a remedy works"
            if trial.note == self.budget.why:
                return trial.note
            if self._reference is not None:
                self._tell_apart(self._reference)

    def _nothing_can_be_tried(self) -> bool:
        """Whether no remedy at all can be carried out."""
        return not any(one.changes for one in self._order.open_ones(self._causes, (), learned=False))

    def _why_nothing_can_be_tried(self) -> str:
        remedies = self._order.open_ones(self._causes, (), learned=False)
        reasons = dict.fromkeys(reason for remedy in remedies for reason in remedy.left_out)
        self._notes.say(*reasons)
        return " ".join(
            ("none of the causes in question has a remedy that can be carried out.", *list(reasons)[:1])
        )

    def _next_remedy(self) -> Change | None:
        tried = {trial.arm.key for trial in self._trials}
        learned = any(one.yes and one.question == str(Question.LEARNS) for one in self._steps)
        for remedy in self._order.open_ones(self._causes, tried, learned=learned):
            self._notes.say(*remedy.left_out)
            if remedy.changes:
                return remedy
        return None

    def _is_hopeless(self) -> bool:
        """Whether labels without signal are settled, and what was asked for at first is all tried."""
        if not self._trials or not self._is_settled() or self._causes[0].cause != NO_SIGNAL:
            return False
        covered = {cause for trial in self._trials for cause in (trial.cause, *trial.also)}
        asked_for = {one.cause for one in self.subject.causes if one.probability >= LEAST_PROBABLE}
        return not any(self._order.possible(cause) for cause in asked_for - covered)

    def _learn_from_trial(self, trial: Trial) -> None:
        self._asked.add(trial.arm.key)
        found = trial.comparison
        if found is None:
            return
        yes = found.result is Result.WORKS
        if yes and trial.also:
            self._notes.say(
                "The changes for several causes were made at once and work; which of them was needed is not "
                "known. Take them back one by one."
            )
            return
        clause = f"its remedy {'works' if yes else 'has no effect'} in {len(found.gains)} pairs of trainings"
        kinds = [REMEDIES[cause] for cause in (trial.cause, *trial.also) if cause in REMEDIES]
        for kind in kinds:
            self._causes = updated(self._causes, kind, clause, yes=yes)
        # A person's own change need not have mended anything.
        if kinds and not yes:
            self._uncover_labels(trial.remedied, HIDDEN)

    # -- what it comes to ---------------------------------------------------------------------------------

    @property
    def _of_a_trial(self) -> int:
        """Trainings of the trial that follows, if one does."""
        return 2 * self.plan.seeds

    def _report(self, stopped: str, *, interrupted: bool = False) -> VerificationReport:
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
            self._notes.all,
            self.budget.n_runs,
            self.budget.spent,
            interrupted=interrupted,
        )

    def _mention_equal_seeds(self) -> None:
        for trial in self._trials:
            for group in (trial.baseline, trial.remedied):
                skills = {one.skill for one in group}
                if len(group) >= FEWEST_PAIRS and len(skills) == 1 and skills != {None} and group[0].usable:
                    self._notes.say(
                        f"All trainings of {group[0].arm.name!r} ended with one and the same skill: no seed "
                        "reaches the training, so the interval says nothing about other seeds."
                    )


def _result(trials: Sequence[Trial]) -> Result:
    found = [one.comparison.result for one in trials if one.comparison is not None]
    for result in (Result.WORKS, Result.NO_EFFECT, Result.WORSE):
        if result in found:
            return result
    return Result.IMPOSSIBLE

"""Which experiments a run allows: the remedies of its candidate causes, and the controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.verifying.arm import Arm, Measured
from mlflow_bce_monitor.verifying.experiments import (
    CONTROLS,
    FEW_ROWS,
    N_FEW_ROWS,
    PERMUTE_LABELS,
    REFERENCE_LEARNER,
    REMEDIES,
    ZERO_INPUTS,
    Kind,
    Question,
)
from mlflow_bce_monitor.verifying.posterior import expected_gain

LEAST_PROBABLE: Final = 0.02
"""Probability from which a cause is a candidate."""

LEARNED: Final = 0.05
"""Gain in skill on held-back rows from which one rerun has learned (as ``rules.probed.LEARNS``)."""

FITTED: Final = 0.5
"""Training skill from which a few rows are fitted (as ``limits.surely_fitted``)."""

SAME: Final = 0.002
"""Difference of training skill up to which two trainings are the same: with one seed they repeat to the
digit, and Keras adds up in another order now and then."""

MEMORISES: Final = 0.1
"""Training skill from which it can be seen that permuted labels are fitted as well (see ``clear_skill``)."""

_OF_CONTROLS: Final[Mapping[str, object]] = {
    FEW_ROWS: N_FEW_ROWS,
    PERMUTE_LABELS: True,
    ZERO_INPUTS: True,
    REFERENCE_LEARNER: True,
}


class Prescribed(Protocol):
    """A remedy, from the table or a person's own."""

    @property
    def cause(self) -> str:
        """The cause it is for."""
        ...

    @property
    def changes(self) -> Mapping[str, object]:
        """Name of a setting to its new value, the one that the remedy is about first."""
        ...

    @property
    def words(self) -> str:
        """What is changed, in words."""
        ...


@dataclass(frozen=True)
class Change:
    """A remedy as far as it can be carried out; see :class:`Prescribed`.

    ``also`` are further causes whose changes are made with it, at once; ``left_out`` says what cannot be
    changed, a sentence each. Without ``changes`` nothing of it can be carried out.
    """

    cause: str
    changes: Mapping[str, object]
    words: str
    also: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


Prescribe = Callable[[str], Sequence[Prescribed]]
"""Cause to remedies, best first."""


@dataclass(frozen=True)
class Experiment:
    """A kind of experiment with values.

    Attributes
    ----------
    kind
        What its answer says.
    arm
        What is trained.
    cost
        In trainings as long as the run's own.
    """

    kind: Kind
    arm: Arm
    cost: float = 1.0


LEAST_TOLD: Final = 0.05
"""Nats. An experiment that is expected to tell less is not worth a training."""


def best_experiment(
    causes: Sequence[RankedCause], experiments: Sequence[Experiment]
) -> tuple[Experiment, float] | None:
    """Return the experiment that tells most for its cost, and the nats it should tell.

    None where none of them is worth a training. A cheap one that tells next to nothing is not chosen before
    a longer one that settles the cause.
    """
    told = [(one, expected_gain(one.kind, causes)) for one in experiments]
    worth = [(one, gain) for one, gain in told if gain >= LEAST_TOLD]
    return max(worth, key=lambda pair: pair[1] / pair[0].cost, default=None)


def experiments_for(
    causes: Sequence[RankedCause],
    prescribe: Prescribe,
    offers: Callable[[Mapping[str, object]], bool],
    cost: Callable[[Mapping[str, object]], float],
    reference: Measured,
) -> list[Experiment]:
    """Return what can be tried to tell the candidates apart.

    Parameters
    ----------
    causes
        With their probabilities.
    prescribe
        Cause to remedies.
    offers
        Whether these settings can be changed.
    cost
        What a training with these changes takes, in trainings of the run's own length.
    reference
        The training as it was.
    """
    found: dict[str, Experiment] = {}
    for one in causes:
        if one.probability < LEAST_PROBABLE or one.cause not in REMEDIES:
            continue
        remedy = next((remedy for remedy in prescribe(one.cause) if offers(remedy.changes)), None)
        if remedy is not None:
            kind = REMEDIES[one.cause]
            arm = Arm(kind.name, dict(remedy.changes))
            # Of two causes with one and the same remedy the more probable one names the experiment.
            found.setdefault(arm.key, Experiment(kind, arm, cost(remedy.changes)))
    for setting, kind in CONTROLS.items():
        changes = {setting: _OF_CONTROLS[setting]}
        if offers(changes) and _is_telling(setting, reference):
            arm = Arm(kind.name, changes)
            found[arm.key] = Experiment(kind, arm, cost(changes))
    return list(found.values())


def _is_telling(setting: str, reference: Measured) -> bool:
    """Whether a control can show anything: who learns nothing learns nothing from permuted labels either."""
    if setting == REFERENCE_LEARNER:
        return True
    if setting != PERMUTE_LABELS:
        return reference.train_skill is not None
    return reference.train_skill is not None and reference.train_skill >= MEMORISES


def answer(kind: Kind, measured: Measured, reference: Measured) -> tuple[bool, str]:
    """Return what a rerun answers, and the answer as a clause with its numbers."""
    if kind.question is Question.LEARNS:
        gain = measured.usable - reference.usable
        yes = gain >= LEARNED
        words = "it learns" if yes else "it does not learn"
        return yes, f"{words} with {kind.name} (skill {measured.usable:.2f} after {reference.usable:.2f})"
    if kind.question is Question.SIGNAL:
        yes = measured.usable > 0.0
        words = "labels depend on inputs" if yes else "labels do not depend on inputs"
        return yes, f"{words}, by a reference learner that was also given permuted labels"
    skill = measured.train_skill if measured.train_skill is not None else 0.0
    if kind.question is Question.FITS:
        yes = skill >= FITTED
        words = "it fits" if yes else "it does not even fit"
        return yes, f"{words} {N_FEW_ROWS} rows (training skill {skill:.2f})"
    before = reference.train_skill if reference.train_skill is not None else 0.0
    # Shuffled labels are learned by heart about as well, never to the digit.
    within = max(SAME, MEMORISES / 2.0) if PERMUTE_LABELS in measured.arm.changes else SAME
    yes = abs(skill - before) <= within
    words = "the training loss is the same" if yes else "the training loss differs"
    return yes, f"{words} with {kind.name} (training skill {skill:.3f} after {before:.3f})"

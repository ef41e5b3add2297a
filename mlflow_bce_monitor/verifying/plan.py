"""What is verified, and how much is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.ranking import SETTLED
from mlflow_bce_monitor.verifying.candidates import Prescribe
from mlflow_bce_monitor.verifying.comparison import FEWEST_PAIRS

SEEDS: Final = 5
"""Pairs of trainings for a remedy: the interval is then 1.2 standard deviations wide to either side."""


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
    is_seen_inside
        Whether the causes rest on measurements from inside the training already.
    """

    causes: tuple[RankedCause, ...]
    prescribe: Prescribe
    run_id: str = ""
    run_name: str = ""
    joins: bool = True
    is_seen_inside: bool = False


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

"""What a scenario is: data sources, and variants that each change one thing about a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.scenarios.preparation import Preparation
from mlflow_bce_monitor.scenarios.rows import Rows

BASELINE: Final = "baseline"
"""The name of the variant that shows the fault."""


class OptimizerName(str, Enum):
    """Keras' optimizers that the scenarios use, by the name Keras looks them up under."""

    ADAM = "adam"
    SGD = "sgd"
    RMSPROP = "rmsprop"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ExponentialDecay:
    """A learning rate that is multiplied by ``factor`` every ``steps`` optimizer steps, smoothly."""

    factor: float
    steps: int


@dataclass(frozen=True)
class Optimizer:
    """An optimizer with its learning rate.

    Attributes
    ----------
    name
        Which one.
    learning_rate
        The rate, or with a schedule its first value.
    momentum
        For SGD only.
    schedule
        None for a constant rate.
    """

    name: OptimizerName
    learning_rate: float
    momentum: float = 0.0
    schedule: ExponentialDecay | None = None

    def __post_init__(self) -> None:
        if self.momentum and self.name is not OptimizerName.SGD:
            raise ValueError(f"momentum={self.momentum!r} is for sgd, not for {self.name}")


@dataclass(frozen=True)
class ClassWeight:
    """Keras' ``class_weight``: what each example's loss is multiplied with, by its label."""

    negative: float
    positive: float


@dataclass(frozen=True)
class Recipe:
    """Everything about one training but its rows and its seed.

    The network is a Keras ``Sequential`` of ReLU layers and one sigmoid unit, trained on
    the binary cross-entropy.

    Attributes
    ----------
    hidden_units
        Width of each hidden layer, first to last.
    optimizer
        With its learning rate.
    epochs, batch_size, validation_split
        As for ``keras.Model.fit``; the validation rows are the last ones.
    class_weight
        None to count every example alike.
    dropout
        Rate after each hidden layer, 0 for none.
    l2
        Factor of the penalty on the squared weights of the hidden layers, 0 for none.
    preparation
        What is done to the rows before training, None for nothing.
    """

    hidden_units: tuple[int, ...]
    optimizer: Optimizer
    epochs: int = 10
    batch_size: int = 32
    validation_split: float = 0.2
    class_weight: ClassWeight | None = None
    dropout: float = 0.0
    l2: float = 0.0
    preparation: Preparation | None = None


@dataclass(frozen=True)
class Variant:
    """One training of a scenario.

    Attributes
    ----------
    name
        One word, as it stands in params and run names.
    change
        What differs from the baseline, as a clause; for the baseline what its fault is.
    claim
        What the article says it does.
    recipe
        How it is trained.
    deviation
        What differs from the published settings and why; "" when nothing does.
    """

    name: str
    change: str
    claim: str
    recipe: Recipe
    deviation: str = ""


class SourceName(str, Enum):
    """The two kinds of rows each scenario is trained on."""

    PUBLISHED = "published"
    LEARNABLE = "learnable"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class DataSource:
    """Rows, and the variants trained on them.

    Attributes
    ----------
    name
        Which of the two kinds.
    description
        What the rows are, in one sentence.
    draw
        Seed to rows; the same seed gives the same rows.
    variants
        The baseline first.
    """

    name: SourceName
    description: str
    draw: Callable[[int], Rows]
    variants: tuple[Variant, ...]

    def variant(self, name: str) -> Variant:
        """Return a variant by name.

        Raises
        ------
        UsageError
            When there is none of that name.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        known = ", ".join(variant.name for variant in self.variants)
        raise UsageError(
            f"There is no variant {name!r}; this scenario has {known}. Pass one of these, or all."
        )


@dataclass(frozen=True)
class Scenario:
    """One classic fault.

    Attributes
    ----------
    name
        One word, the same in file name, params and run names.
    title
        The fault in a few words, as a heading.
    expected_cause
        The cause of the contract that the baseline shows on learnable rows.
    sources
        On which rows it is trained, the published ones first.
    """

    name: str
    title: str
    expected_cause: str
    sources: tuple[DataSource, ...] = field(repr=False)

    def source(self, name: SourceName) -> DataSource:
        """Return one of the two data sources."""
        return next(source for source in self.sources if source.name is name)

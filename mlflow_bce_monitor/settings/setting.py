"""What a run says about itself: every setting optional, each with the key it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A value and the key it was read from, such as ``params['opt_learning_rate']``."""

    value: T
    source: str


@dataclass(frozen=True)
class ClassWeights:
    """Weights of the two classes in the loss.

    Attributes
    ----------
    negative, positive
        w0 and w1, positive numbers; both NaN when only "balanced" was said.
    balanced
        Whether they were chosen to balance the classes, whatever their shares.
    in_validation
        Whether the validation loss is weighted as well: Keras' ``class_weight`` is not
        applied to validation data, a PyTorch criterion with ``pos_weight`` usually is.
    in_training
        Whether the *logged* training loss is weighted: xgboost's ``scale_pos_weight`` moves
        what is predicted, and leaves the log loss that it reports alone.
    """

    negative: float
    positive: float
    balanced: bool = False
    in_validation: bool = False
    in_training: bool = True


@dataclass(frozen=True)
class SampleWeights:
    """Weights of the training examples in the loss.

    Attributes
    ----------
    mean
        Their mean; None when the run does not list them all.
    """

    mean: float | None


@dataclass(frozen=True)
class Settings:
    """What a run says about itself; None where it says nothing.

    Attributes
    ----------
    unreadable
        What should be a number and is none, in words.
    pretrained
        Whether the network had been trained on something before.
    other_task
        A task that is no classification, as the run names it.
    by_keras_fit, by_boosting, by_hugging_face
        Whether the names of the params are those that autologging stores of Keras' ``fit``, those of
        boosted trees, or those of the ``Trainer`` of transformers.
    """

    loss_name: Setting[str] | None = None
    n_classes: Setting[int] | None = None
    positive_share: Setting[float] | None = None
    train_positive_share: Setting[float] | None = None
    validation_positive_share: Setting[float] | None = None
    class_weights: Setting[ClassWeights] | None = None
    label_smoothing: Setting[float] | None = None
    focal_gamma: Setting[float] | None = None
    focal_alpha: Setting[float] | None = None
    sample_weights: Setting[SampleWeights] | None = None
    multi_label: Setting[str] | None = None
    other_task: Setting[str] | None = None
    pretrained: Setting[bool] | None = None
    desirable_weight: Setting[float] | None = None
    undesirable_weight: Setting[float] | None = None
    learning_rate: Setting[float] | None = None
    optimizer: Setting[str] | None = None
    schedule: Setting[str] | None = None
    batch_size: Setting[int] | None = None
    epochs: Setting[int] | None = None
    hidden_units: Setting[tuple[int, ...]] | None = None
    l2: Setting[float] | None = None
    dropout: Setting[float] | None = None
    n_features: Setting[int] | None = None
    n_train: Setting[int] | None = None
    n_parameters: Setting[int] | None = None
    n_trainable_parameters: Setting[int] | None = None
    n_outputs: Setting[int] | None = None
    depth: Setting[int] | None = None
    activation: Setting[str] | None = None
    initializer: Setting[str] | None = None
    beta: Setting[float] | None = None
    unreadable: tuple[str, ...] = ()
    by_keras_fit: bool = False
    by_boosting: bool = False
    by_hugging_face: bool = False

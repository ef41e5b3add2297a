"""What one training of the zoo is: a plan that says everything needed to repeat it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataPlan:
    """The rows that a network sees.

    Attributes
    ----------
    name
        Name of the data set, a key of :data:`benchmarks.zoo.datasets.DATA_SETS`.
    seed
        Seed of the draw, of the split and of every damage below.
    rows
        Number of training rows; bundled data sets give at most 70 % of what they have.
    positive_share
        Share of positives reached by leaving out rows of one class; None keeps the data set's own.
    flipped_share
        Share of labels turned over at random: irreducible noise.
    labels_shuffled
        Whether the labels are permuted, so that nothing can be learned.
    inputs
        Damage to the inputs: "" for none, else a key of :data:`benchmarks.zoo.datasets.INPUT_DAMAGE`.
    label_coding
        The two values that stand for negative and positive.
    """

    name: str
    seed: int
    rows: int
    positive_share: float | None = None
    flipped_share: float = 0.0
    labels_shuffled: bool = False
    inputs: str = ""
    label_coding: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class NetworkPlan:
    """The network, its output and its loss.

    Attributes
    ----------
    architecture
        A key of :data:`benchmarks.zoo.architectures.ARCHITECTURES`.
    width
        Units, filters or embedding dimensions of the hidden layers.
    activation
        Keras name of the hidden activation.
    kernel_initializer
        "glorot_uniform", "he_normal", "zeros", or "normal:SD" for a normal of that standard deviation.
    bias
        Initial value of the hidden biases.
    head
        A key of :data:`benchmarks.zoo.architectures.HEADS`.
    loss
        "crossentropy", "smoothed" (label smoothing 0.1) or "focal".
    l1, l2
        Penalties on every kernel.
    dropout
        Share of hidden units dropped.
    frozen
        "" for nothing, "hidden" for all but the output layer, "all".
    """

    architecture: str
    width: int
    activation: str = "relu"
    kernel_initializer: str = "glorot_uniform"
    bias: float = 0.0
    head: str = "sigmoid"
    loss: str = "crossentropy"
    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0
    frozen: str = ""


@dataclass(frozen=True)
class OptimiserPlan:
    """How the network is trained.

    Attributes
    ----------
    name
        "adam", "sgd", "momentum" (SGD with momentum 0.9), "rmsprop" or "adagrad".
    learning_rate
        The rate, or with a schedule the rate it reaches.
    schedule
        "" for none, "reduce_on_plateau", "decay", or "warmup:SHARE" for a rate a thousandth as large
        during that share of the epochs. Keras logs the rate of every epoch when there is one.
    batch_size, epochs
        As passed to ``fit``.
    class_weight
        (weight of negatives, weight of positives), None for none.
    patience
        Epochs of early stopping on the validation loss (training loss without one); None for none.
    """

    name: str
    learning_rate: float
    batch_size: int
    epochs: int
    schedule: str = ""
    class_weight: tuple[float, float] | None = None
    patience: int | None = None


@dataclass(frozen=True)
class LoggingPlan:
    """What a user would have logged.

    Attributes
    ----------
    metrics
        Keras metrics compiled into the model: any of "accuracy", "auc", "precision", "recall".
    validation
        "none", "data" (``validation_data=``) or "split" (``validation_split=``).
    input_pipeline
        "arrays" or "tf_data".
    own_params
        Names under which the user logs settings by hand: any of "lr", "learning_rate", "hidden_units",
        "n_layers", "dropout", "seed", "n_train", "optimizer".
    test_metrics
        Whether the user logs test_accuracy and test_auc by hand after the training.
    """

    metrics: tuple[str, ...] = ("accuracy",)
    validation: str = "data"
    input_pipeline: str = "arrays"
    own_params: tuple[str, ...] = ()
    test_metrics: bool = False


@dataclass(frozen=True)
class TrainingPlan:
    """One training of the zoo.

    Attributes
    ----------
    plan_id
        Unique; also the name of its file while the zoo is being generated.
    family
        Which program trains it: "labels", "adversarial", "preference" or "reward".
    fault
        The injected cause in the contract's word, or "none".
    kind
        What is meant by it, in a word: the fault itself, or "healthy", "hard", "imbalanced",
        "escaped", "overfitting", "benign" for plans without a fault.
    severity
        How the fault was injected, in words.
    block
        One of :data:`benchmarks.zoo.blocks.BLOCKS`.
    experiment
        Name of the experiment it is logged in; runs that a user would have put side by side share one.
    seed
        Seed of initialisation, shuffling and dropout.
    twin
        Plan id of the same plan without the fault, None when it has none.
    settings
        What the families other than "labels" need instead of the plans above, by name.
    """

    plan_id: str
    family: str
    fault: str
    kind: str
    severity: str
    block: str
    experiment: str
    seed: int
    data: DataPlan
    network: NetworkPlan
    optimiser: OptimiserPlan
    logging: LoggingPlan
    twin: str | None = None
    settings: dict[str, float | int | str] = field(default_factory=dict)

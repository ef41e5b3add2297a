"""The measured outcome of one training, as kept in the traces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trace:
    """Predictions measured during the training.

    Attributes
    ----------
    epochs
        Epochs finished when measured; 0 is the untrained network.
    train_skill, judged_skill, judged_auc
        As in :class:`Outcome`, one value per entry of ``epochs``.
    """

    epochs: tuple[int, ...] = ()
    train_skill: tuple[float, ...] = ()
    judged_skill: tuple[float, ...] = ()
    judged_auc: tuple[float, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What the finished model does. "Judged" rows are rows that it was not trained on.

    Attributes
    ----------
    train_positive_share, judged_positive_share
        Share of positives.
    n_train, n_judged
        Numbers of rows.
    train_chance
        Cross-entropy of the best constant on the training rows, weighted as trained, nats.
    judged_chance
        Cross-entropy of that same constant on the judged rows, unweighted, nats.
    logged_chance
        The loss that is logged for the best constant output: as ``train_chance``, but of the
        loss that was trained (label smoothing and focal loss move it), without penalties.
    penalty
        Regularisation penalty at the end, part of the logged loss.
    train_skill, judged_skill
        1 - cross-entropy / chance, from the predictions in inference mode.
    train_auc, judged_auc
        Area under the ROC curve.
    judged_auc_p_value
        One-sided Mann-Whitney p-value of "the judged AUC is not above one half".
    prediction_spread
        Standard deviation of the predicted probabilities on the judged rows.
    dead_unit_share
        Over the ReLU layers, the largest share of units that are 0 on every training row; None
        without such a layer.
    saturated_unit_share
        Over the sigmoid and tanh layers, the largest share of units within 0.01 of a bound on every
        training row; None without such a layer.
    gradient_norm, first_layer_gradient_norm
        Norm of the gradient of the training loss at the end: all weights, first trainable kernel.
    trainable_parameters
        Number of weights that the optimiser may change.
    trace
        Predictions during the training.
    extra
        Measurements that only one family has, as (name, value).
    """

    train_positive_share: float
    judged_positive_share: float
    n_train: int
    n_judged: int
    train_chance: float
    judged_chance: float
    logged_chance: float
    penalty: float
    train_skill: float
    judged_skill: float
    train_auc: float
    judged_auc: float
    judged_auc_p_value: float
    prediction_spread: float
    dead_unit_share: float | None
    saturated_unit_share: float | None
    gradient_norm: float
    first_layer_gradient_norm: float
    trainable_parameters: int
    trace: Trace
    extra: tuple[tuple[str, float], ...] = ()

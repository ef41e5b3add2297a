"""Every fact a rule may use: its name, its unit and what it means.

Rules name facts by these words, the report shows these meanings, and a test proves that
nothing else is ever gathered or asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlflow_bce_monitor.evaluated import EVALUATED, evaluated_fact
from mlflow_bce_monitor.monitored import MEASURED


@dataclass(frozen=True)
class FactKind:
    """What a fact is.

    Attributes
    ----------
    unit
        "nats", "share", "skill", "count", "of chance" (loss divided by its chance level),
        "ratio", "yes/no" or "word".
    meaning
        What it says, in one clause.
    how_to_get
        What to log so that it is known; "" when it always is.
    """

    unit: str
    meaning: str
    how_to_get: str = ""


_VALIDATION_LOSS: Final = "pass validation data and log its loss"
_SIBLINGS: Final = "run it again in the same experiment with another seed, rate or width"
CALLBACK: Final = "train with callbacks=[BCEMonitor()]"
_PROBE: Final = "run bce-monitor probe with the data"
_UNITS: Final = ("share", "nats", "ratio", "count")
_EVALUATE: Final = "evaluate the model with mlflow.models.evaluate(..., evaluators='bce_monitor')"
_SHARE: Final = "log the param positive_share, or pass --base-rate"

CATALOGUE: Final[dict[str, FactKind]] = {
    # --- the loss curve -------------------------------------------------------------------
    "n_points": FactKind("count", "finite points of the loss curve"),
    "ends_non_finite": FactKind("yes/no", "the last logged loss is NaN or infinite"),
    "had_non_finite": FactKind("yes/no", "some logged loss is NaN or infinite"),
    "end_level": FactKind("nats", "level of the loss at the end"),
    "end_skill": FactKind("skill", "1 - end level / chance level"),
    "end_skill_error": FactKind(
        "skill", "standard error of the end skill that the noise of the curve leaves"
    ),
    "held_skill": FactKind(
        "skill", "skill of the best stretch of the loss, as long as its end is measured over"
    ),
    "fall_gain": FactKind(
        "ratio", "how much faster the loss falls in the second half than in the first, from -1 to 1"
    ),
    "share_known": FactKind("yes/no", "the chance level rests on a known share of positives"),
    "first_ratio": FactKind("ratio", "first loss / loss of predicting 0.5 for everything"),
    "end_ratio": FactKind("ratio", "level of the loss at the end / loss of predicting 0.5 for everything"),
    "peak_ratio": FactKind("ratio", "highest loss / loss of predicting 0.5 for everything"),
    "rise_after_start": FactKind("of chance", "highest loss after the first point, above the first point"),
    "spike_count": FactKind("count", "spikes of the loss"),
    "end_spread": FactKind("of chance", "standard deviation of the last half about its trend"),
    "end_fall": FactKind("of chance", "fall over the last half of the run; negative when rising"),
    "end_falling": FactKind("yes/no", "that fall is more than chance allows"),
    "constant_loss": FactKind("yes/no", "the last half of the loss repeats one value to the digit"),
    "plateau_fraction": FactKind("share", "share of the points on plateaus at chance"),
    "end_flat_fraction": FactKind("share", "share of the points on the plateau that reaches the end"),
    "last_leap": FactKind(
        "of chance", "last loss above the level of the end, held-back data where there are some"
    ),
    "last_skill": FactKind("skill", "1 - last loss / chance level, held-back data where there are some"),
    "total_fall": FactKind("of chance", "fall from the first point to the end level"),
    "stand_fraction": FactKind("share", "share of the points near chance before the loss left it for good"),
    "left_plateau_fraction": FactKind(
        "share", "share of the points on plateaus at chance that the loss left again"
    ),
    "final_skill": FactKind("skill", "1 - last loss / chance level, training data"),
    "end_noise": FactKind(
        "of chance", "standard deviation of one point of the last half, of a run long enough to tell"
    ),
    "accuracies_at_end_level": FactKind(
        "count", "different accuracies while the loss was about as low as at its end", "log the accuracy"
    ),
    "validation_one_class_gain": FactKind(
        "share",
        "held-back accuracy above that of one class for everything, were the validation loss at chance",
        "log the validation accuracy",
    ),
    "stand_skill": FactKind("skill", "1 - level of the loss before it left chance for good / chance level"),
    "negative_loss": FactKind("yes/no", "some logged loss is below zero"),
    "loss_certainty": FactKind("word", "how sure it is that the loss is a binary cross-entropy"),
    "movement": FactKind(
        "of chance", "range of the loss over the whole run, on held-back data where there are some"
    ),
    "start_off_untrained": FactKind(
        "nats",
        "distance of the first loss from that of predicting 0.5, on held-back data where there are some",
    ),
    "penalty": FactKind(
        "of chance",
        "final loss above the plain cross-entropy logged beside it",
        "the plain cross-entropy as a metric beside the loss",
    ),
    # --- its twin on held-back data -------------------------------------------------------
    "validation_skill": FactKind(
        "skill",
        "1 - end level / chance level of the validation loss",
        _VALIDATION_LOSS,
    ),
    "best_validation_skill": FactKind(
        "skill", "skill of the lowest validation loss, single spikes left out", _VALIDATION_LOSS
    ),
    "validation_fall": FactKind(
        "of chance", "fall of the validation loss over the last half", _VALIDATION_LOSS
    ),
    "validation_falling": FactKind("yes/no", "that fall is more than chance allows", _VALIDATION_LOSS),
    "validation_end_ratio": FactKind(
        "ratio",
        "level of the validation loss at the end / loss of predicting 0.5 for everything",
        _VALIDATION_LOSS,
    ),
    "rarer_skill": FactKind(
        "skill",
        "of one prediction for everything on held-back rows that have fewer of the rarer class",
        "a validation loss, and a share of positives that is not that of its own labels",
    ),
    "validation_spread": FactKind(
        "of chance",
        "standard deviation of the last half of the validation loss about its trend",
        _VALIDATION_LOSS,
    ),
    "common_excess": FactKind(
        "yes/no",
        "what the loss has above chance is the same on training and validation data",
        _VALIDATION_LOSS,
    ),
    "n_validation": FactKind(
        "count", "validation rows, or a divisor of their number", "log the validation accuracy"
    ),
    "validation_gain": FactKind(
        "nats",
        "log likelihood of all validation labels above that of the constant prediction",
        _VALIDATION_LOSS,
    ),
    "training_gain": FactKind(
        "nats",
        "log likelihood of all training labels above that of the constant prediction",
        "log the training data set as an input",
    ),
    # --- predictions ----------------------------------------------------------------------
    "positive_share": FactKind(
        "share",
        "share of positives among the training labels",
        _SHARE,
    ),
    "minority_share": FactKind("share", "the smaller of the two class shares", _SHARE),
    "effective_minority_share": FactKind("share", "the smaller class share after class weights", _SHARE),
    "accuracy_gain": FactKind(
        "share", "final accuracy above that of always predicting the larger class", "log the accuracy"
    ),
    "one_class_accuracy_gap": FactKind(
        "share",
        "distance of the final accuracy from that of one class for everything, were the loss at chance",
        "log the accuracy",
    ),
    "accuracy_constant": FactKind(
        "yes/no", "the last half of the accuracy repeats one value", "log the accuracy"
    ),
    "recall": FactKind("share", "final recall at threshold 0.5", "log the recall"),
    "auc": FactKind("share", "final area under the ROC curve, training data", "log the AUC"),
    "validation_auc": FactKind(
        "share", "final area under the ROC curve, validation data", "log the validation AUC"
    ),
    "constant_output": FactKind(
        "yes/no", "the AUC is exactly 0.5 at the end: every input gets the same prediction", "log the AUC"
    ),
    "output_went_constant": FactKind(
        "yes/no", "the AUC was not 0.5 at first and is exactly 0.5 at the end", "log the AUC"
    ),
    "validation_auc_error": FactKind(
        "share",
        "standard error of the validation AUC of predictions without information",
        "log the validation accuracy",
    ),
    "base_rate_headroom": FactKind(
        "skill", "validation skill that knowing the share of positives there would bring by itself", _SHARE
    ),
    "reward_margin": FactKind("nats", "final mean reward margin of a preference loss", "log rewards/margins"),
    "reward_accuracy": FactKind(
        "share", "final share of pairs whose chosen answer has the larger reward", "log rewards/accuracies"
    ),
    "logps_zero": FactKind(
        "yes/no", "the log probabilities of the answers are exactly 0", "log logps/chosen and logps/rejected"
    ),
    "error_rate": FactKind("share", "1 - final accuracy", "log the accuracy"),
    "fit_gap": FactKind(
        "skill", "skill on the training rows that held-back rows lack, at least", _VALIDATION_LOSS
    ),
    "chance_distance": FactKind(
        "skill", "largest distance of the losses' end levels from their chance levels"
    ),
    "ranking": FactKind(
        "word",
        "whether the AUC, within its error, is above chance, at chance, or leaves it unclear",
        "log the validation AUC",
    ),
    "ranking_rise": FactKind(
        "skill",
        "area under the ROC curve in the last third of the run above that in the first, held-back data first",
        "log the validation AUC",
    ),
    # --- how it was trained ---------------------------------------------------------------
    "learning_rate": FactKind("ratio", "highest learning rate in force", "log the param learning_rate"),
    "optimizer": FactKind("word", "optimizer", "log the param optimizer"),
    "rate_ratio": FactKind(
        "ratio", "learning rate / usual rate of the optimizer", "log learning_rate and optimizer"
    ),
    "n_epochs": FactKind("count", "passes over the training data", "log the param epochs"),
    "n_updates": FactKind(
        "count", "optimizer steps taken", "log epochs, batch_size and the training data set as an input"
    ),
    "narrowest_layer": FactKind(
        "count", "units of the narrowest hidden layer", "log hidden_units or the model summary"
    ),
    "n_features": FactKind("count", "input features", "log the training data set as an input"),
    "n_parameters": FactKind("count", "weights of the model", "log the model summary"),
    "n_train": FactKind("count", "training rows", "log the training data set as an input"),
    "l2": FactKind("ratio", "L2 penalty or weight decay", "log the param l2 or weight_decay"),
    "dropout": FactKind("share", "dropout rate", "log the param dropout"),
    "depth": FactKind("count", "layers with weights", "log the model summary"),
    "trainable_share": FactKind("share", "trainable weights / all weights", "log the model summary"),
    "saturating_activation": FactKind(
        "yes/no", "the hidden activation is a sigmoid or tanh", "log the param activation"
    ),
    "rectified_activation": FactKind(
        "yes/no", "the hidden activation is a ReLU, 0 for whatever is negative", "log the param activation"
    ),
    "zero_initializer": FactKind(
        "yes/no", "the weights start at a constant", "log the param kernel_initializer"
    ),
    "gradient_norm": FactKind("ratio", "final norm of the gradient", "log the gradient norm"),
    # --- the runs beside it ---------------------------------------------------------------
    "siblings_compared": FactKind(
        "count", "runs of the experiment on the same data with the same loss", _SIBLINGS
    ),
    "siblings_learned": FactKind("count", "of these, runs that ended clearly below chance", _SIBLINGS),
    "siblings_at_same_level": FactKind(
        "count", "of these, runs whose loss ended at this level too", _SIBLINGS
    ),
    "sibling_changed": FactKind("word", "what the most similar run that learned did differently", _SIBLINGS),
    "siblings_varied": FactKind("word", "settings that differ among the runs at this level", _SIBLINGS),
    "boosted_trees": FactKind("yes/no", "what is trained are trees, no network"),
    "pretrained": FactKind(
        "yes/no", "the network had been trained on something before", "log the param pretrained"
    ),
    "preference_loss": FactKind(
        "yes/no", "the loss compares a policy with a reference (DPO, KTO, a reward model)"
    ),
    "adversarial": FactKind("yes/no", "the loss is that of a GAN's discriminator"),
    # --- measured inside the training: see monitored.py ----------------------------------
    **{
        f"inside_{one.name}": FactKind(one.unit if one.unit in _UNITS else "ratio", one.meaning, CALLBACK)
        for one in MEASURED.values()
    },
    "inside_first_penalty": FactKind(
        "nats", "what regularisation added to the loss when it was first measured", CALLBACK
    ),
    "inside_compiled_gap": FactKind(
        "nats", "what the model's loss function gives for the rows, above the recomputed one", CALLBACK
    ),
    "inside_auc_error": FactKind(
        "share", "standard error of the AUC on the rows, of predictions without information", CALLBACK
    ),
    "inside_loss": FactKind("word", "the loss function that was compiled", CALLBACK),
    "inside_from_logits": FactKind("yes/no", "the loss function was told that it gets logits", CALLBACK),
    "inside_label_smoothing": FactKind("share", "label smoothing of the compiled loss", CALLBACK),
    "inside_activation": FactKind("word", "activation of the output layer", CALLBACK),
    "inside_units": FactKind("count", "units of the output", CALLBACK),
    "inside_read_as": FactKind("word", "what the loss takes the output for: probability or logits", CALLBACK),
    "inside_labels": FactKind("word", "the label values that reached the training step", CALLBACK),
    "inside_negative_weight": FactKind("ratio", "weight of every negative row", CALLBACK),
    "inside_positive_weight": FactKind("ratio", "weight of every positive row", CALLBACK),
    "inside_sample_weight": FactKind("yes/no", "rows of one class have different weights", CALLBACK),
    "inside_batch_norm": FactKind("yes/no", "some layer normalises over the batch", CALLBACK),
    "inside_layers": FactKind("count", "layers with weights", CALLBACK),
    "inside_linear": FactKind("yes/no", "nothing but the output layer bends", CALLBACK),
    "inside_dropout": FactKind("share", "highest dropout rate of a layer", CALLBACK),
    # --- measured in an evaluation of the model: see evaluated.py --------------------------
    **{evaluated_fact(one.name): FactKind(one.unit, one.meaning, _EVALUATE) for one in EVALUATED.values()},
    # --- found by experiments on a copy of the model: see rules/probed/ -----------------
    "probe_skill": FactKind(
        "skill",
        "1 - cross-entropy of the model's predictions of the rows / chance level of their labels",
        _PROBE,
    ),
    "probe_model_auc": FactKind(
        "share", "area under the ROC curve of the model's predictions of the rows", _PROBE
    ),
    "probe_positive_share": FactKind("share", "the share of positives among the rows", _PROBE),
    "probe_minority_share": FactKind("share", "the smaller of the two class shares of the rows", _PROBE),
    "probe_output_sd": FactKind("share", "standard deviation of the model's predictions of the rows", _PROBE),
    "probe_compiled_gap": FactKind(
        "nats", "what the model's loss function gives for the rows, above the recomputed one", _PROBE
    ),
    "probe_output_fault": FactKind(
        "yes/no", "output activation, loss and labels do not fit each other", _PROBE
    ),
    "probe_constant_features": FactKind(
        "share", "share of the features that are the same for all rows", _PROBE
    ),
    "probe_arriving_sd": FactKind("ratio", "standard deviation of what reaches the first weights", _PROBE),
    "probe_arriving_max": FactKind("ratio", "largest size of what reaches the first weights", _PROBE),
    "probe_zeroed_change": FactKind(
        "share", "mean change of the predictions when every input is set to zero", _PROBE
    ),
    "probe_dead_units": FactKind(
        "share", "largest share of units of a hidden layer that are 0 for all rows", _PROBE
    ),
    "probe_fresh_dead_units": FactKind("share", "the same of a copy with new weights", _PROBE),
    "probe_saturated_units": FactKind(
        "share", "largest share of a hidden layer's outputs at a bound of its activation", _PROBE
    ),
    "probe_gradient_norm": FactKind("ratio", "norm of the gradient of the loss over the rows", _PROBE),
    "probe_gradient_ratio": FactKind(
        "ratio", "smallest gradient norm of a layer's kernel / the largest", _PROBE
    ),
    "probe_fresh_gradient_ratio": FactKind("ratio", "the same of a copy with new weights", _PROBE),
    "probe_equal_kernels": FactKind(
        "share",
        "share of the kernels that are zero or have equal units, now or in a copy with new weights",
        _PROBE,
    ),
    "probe_trainable_share": FactKind("share", "trainable weights / all weights", _PROBE),
    "probe_penalty_share": FactKind(
        "share",
        "penalty on the weights / (cross-entropy + penalty), now or in a copy with new weights",
        _PROBE,
    ),
    "probe_dropout": FactKind("share", "highest dropout rate of a layer", _PROBE),
    "probe_few_rows_skill": FactKind(
        "skill", "skill of a copy with new weights on the 32 rows it was trained on", _PROBE
    ),
    "probe_best_rate": FactKind(
        "ratio", "rate of the sweep at which a copy with new weights learned most", _PROBE
    ),
    "probe_best_rate_skill": FactKind("skill", "skill on held-back rows of that copy", _PROBE),
    "probe_best_rate_error": FactKind("skill", "standard error of that skill", _PROBE),
    "probe_best_rate_steps": FactKind("count", "steps that this copy made", _PROBE),
    "probe_best_rate_train_skill": FactKind("skill", "its skill on its own training rows", _PROBE),
    "probe_own_rate_steps": FactKind(
        "count", "steps after which a copy at the model's own rate had learned, or all that it made", _PROBE
    ),
    "probe_own_rate": FactKind("ratio", "learning rate of the model's optimizer", _PROBE),
    "probe_own_rate_skill": FactKind(
        "skill",
        "skill on held-back rows of a copy with new weights at the model's own rate",
        _PROBE,
    ),
    "probe_own_rate_error": FactKind("skill", "standard error of that skill", _PROBE),
    "probe_signal": FactKind(
        "word", "whether a reference learner finds that labels depend on inputs: yes, no, unclear", _PROBE
    ),
    "probe_signal_p": FactKind("share", "p-value of the permutation test of that, add-one", _PROBE),
    "probe_signal_auc": FactKind(
        "share",
        "area under the ROC curve of the reference learner on rows held back in cross-validation",
        _PROBE,
    ),
    "probe_signal_distance": FactKind(
        "ratio", "that area above the mean with permuted labels, in their standard deviations", _PROBE
    ),
    "probe_signal_detectable": FactKind(
        "share", "least such area that would not have been taken for that of permuted labels", _PROBE
    ),
    "probe_reference_skill": FactKind(
        "skill", "skill of the reference learner on rows held back in cross-validation", _PROBE
    ),
    "probe_uneven_skill": FactKind(
        "skill", "skill on held-back rows of a copy trained with batches as they come", _PROBE
    ),
    "probe_uneven_error": FactKind("skill", "standard error of that skill", _PROBE),
    "probe_balanced_skill": FactKind(
        "skill",
        "skill of a copy trained with balanced batches, on held-back rows where either class counts one half",
        _PROBE,
    ),
    "probe_balanced_error": FactKind("skill", "standard error of that skill", _PROBE),
    "probe_copy_skill": FactKind(
        "skill", "best skill on its own training rows of a copy trained for long", _PROBE
    ),
}

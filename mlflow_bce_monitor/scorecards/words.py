"""Facts and their values in words, as grounds of what a scorecard says."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence

WORDS: Final = {
    "accuracy_gain": "an accuracy {:+.1%} from that of the larger class",
    "auc": "a training AUC of {:.2f}",
    "chance_distance": "losses that end within {:.2g} of chance",
    "depth": "{:.0f} layers with weights",
    "effective_minority_share": "a rarer class of {:.1%} as weighted",
    "end_fall": "a fall by {:.3g} of chance over the last half",
    "end_flat_fraction": "{:.0%} of the run on the plateau that reaches the end",
    "end_level": "a level of {:.3g} at the end",
    "end_noise": "points at the end that scatter by {:.3g} of chance",
    "end_ratio": "an end at {:.3g} times the loss of predicting 0.5",
    "end_skill": "a skill of {:.3g} at the end",
    "end_skill_error": "an end skill that noise moves by {:.2g}",
    "end_spread": "a last half that scatters by {:.3g} of chance",
    "error_rate": "an error rate of {:.1%}",
    "fall_gain": "a fall in the second half of {:+.2f} against the first",
    "final_skill": "a skill of {:.3g} of the last training loss",
    "first_ratio": "a first loss of {:.3g} times that of predicting 0.5",
    "fit_gap": "a skill of {:.3g} that held-back rows lack",
    "gradient_norm": "a gradient of norm {:.2g} at the end",
    "held_skill": "a skill of {:.3g} over the best stretch",
    "inside_constant_features": "{:.0%} of the features the same for all rows",
    "inside_dead_units": "up to {:.0%} dead units in a layer",
    "inside_equal_units": "{:.0%} of the kernels with equal units at the start",
    "inside_initial_dead_units": "up to {:.0%} dead units in a layer before the first step",
    "inside_input_max": "inputs of up to {:.3g}",
    "inside_input_sd": "inputs with a standard deviation of {:.3g}",
    "inside_reference_auc": "an AUC of {:.2f} of the reference learner",
    "inside_reference_distance": "a reference learner {:.1f} standard deviations above permuted labels",
    "inside_saturated_units": "up to {:.0%} saturated outputs in a layer",
    "last_leap": "a last loss {:+.3g} of chance from the level of the end",
    "last_skill": "a skill of {:.3g} of the last loss",
    "learning_rate": "a learning rate of {:.3g}",
    "minority_share": "a rarer class of {:.1%}",
    "movement": "a loss that ranges over {:.3g} of chance",
    "n_points": "{:.0f} points",
    "n_updates": "{:,.0f} steps",
    "narrowest_layer": "a narrowest layer of {:.0f}",
    "one_class_accuracy_gap": "an accuracy {:.1%} from that of one class for everything",
    "peak_ratio": "a highest loss of {:.3g} times that of predicting 0.5",
    "plateau_fraction": "{:.0%} of the run on plateaus at chance",
    "positive_share": "{:.1%} positives",
    "probe_dead_units": "up to {:.0%} dead units in a layer of the probed model",
    "rate_ratio": "{:.3g} times the usual rate of the optimizer",
    "reward_accuracy": "{:.0%} of the pairs told apart",
    "rise_after_start": "a highest loss {:+.3g} of chance from the first",
    "stand_fraction": "{:.0%} of the run near chance before it left",
    "stand_skill": "a skill of {:.3g} before it left chance",
    "start_off_untrained": "a first loss {:.3g} from that of predicting 0.5",
    "total_fall": "a fall by {:.3g} of chance since the first point",
    "trainable_share": "{:.0%} of the weights trainable",
    "training_gain": "{:,.0f} nats gained on the training labels",
    "validation_auc": "a validation AUC of {:.2f}",
    "validation_auc_error": "a validation AUC that luck moves by {:.2g}",
    "validation_fall": "a validation loss that falls by {:.3g} of chance over the last half",
    "validation_gain": "{:,.0f} nats gained on the validation labels",
    "validation_one_class_gain": "a held-back accuracy {:+.1%} from that of one class for everything",
    "validation_skill": "a validation skill of {:.3g}",
    "validation_spread": "a validation loss that scatters by {:.3g} of chance",
    "best_validation_skill": "a validation skill of {:.3g} at its best",
}
"""What has a value, in words that fit a clause."""

NO_OR_YES: Final = {
    "common_excess": (
        "another height above chance on each split",
        "the same height above chance on both splits",
    ),
    "constant_loss": ("a loss that still changes", "a loss that repeats one value"),
    "constant_output": ("different predictions", "one prediction for every input"),
    "end_falling": ("no fall over the last half beyond noise", "a fall over the last half beyond noise"),
    "inside_linear": ("layers that bend", "nothing but the output layer bends"),
    "logps_zero": ("log probabilities that are not 0", "log probabilities that are exactly 0"),
    "validation_falling": (
        "no fall of the validation loss beyond noise",
        "a fall of the validation loss beyond noise",
    ),
}
"""What is or is not so."""


def worded(fact: str, evidence: Evidence) -> str:
    """Return a fact with its value as a clause, in the catalogue's words where there are none of its own."""
    if fact not in evidence:
        return f"{CATALOGUE[fact].meaning} not known"
    number = evidence.number(fact)
    if fact in NO_OR_YES:
        return NO_OR_YES[fact][bool(number)]
    return WORDS.get(fact, f"{CATALOGUE[fact].meaning}: {{:.3g}}").format(number)

"""Every threshold of the detector and the rules: named, with unit, default and reason.

A diagnosis records the limits it was made with. To change one, pass
``dataclasses.replace(LIMITS, name=value)`` to the function that takes limits.
Losses are compared in units of their chance level ("of chance"), so that one number
serves ln 2, H(0.01) and a weighted level alike.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Thresholds. The comment above each says its unit and why it has this value."""

    # Points. A line through fewer leaves nothing over to judge flatness by.
    min_points: int = 5
    # Points that must repeat one value before the repetition means anything.
    min_repeats: int = 3
    # Share of the points that have one of two accuracies adding up to 1: a model of one class for everything.
    mostly_swapped: float = 0.95

    # --- share of positives ---------------------------------------------------------------
    # Share. How far two splits of one data set usually differ (200 validation rows at 10 %: sd 0.02).
    share_between_splits: float = 0.03
    # Smallest denominator 1 - 2r + r/p that still gives a share to two digits.
    share_condition: float = 0.05
    # Error rate 1 - accuracy below which the algebra divides rounding errors.
    share_min_error: float = 0.002
    # Share. Larger spread over the epochs means the three metrics are not of one threshold.
    share_spread: float = 0.02
    # Nats. A mean prediction of 0.4 for everything costs less than this when one class is rare.
    one_class_loss: float = 0.5
    # Share of the run over which an accuracy that repeats one value cannot be a coincidence.
    one_class_fraction: float = 0.5
    # Points over which a held-back accuracy that never changes is that of one class.
    many_accuracies: int = 10
    # Of the way from ln 2 down to the entropy of a share. A network that comes to predict one class
    # crosses the threshold 0.5 before its loss has gone this far.
    crossing: float = 0.5
    # Area. Who ranks this well predicts both classes, unless one is rare and its loss is low.
    auc_of_both: float = 0.9
    # Of the entropy of an error rate. A loss this far above it comes from errors made with certainty.
    certain_errors: float = 1.3
    # Of the loss. A network whose loss has moved by less over its run still makes its first predictions.
    untouched: float = 0.005
    # Factor. How far hand-made class weights usually are from the inverse shares.
    share_from_weights_factor: float = 1.5

    # --- form of the loss -----------------------------------------------------------------
    # Of the bound ln 2 * error rate. A loss below it by a tenth is no rounding.
    bound_slack: float = 0.9
    # Share of the points that must break the bound.
    bound_majority: float = 0.5
    # Relative distance of an untrained network's first loss from the chance level of its form.
    form_distance: float = 0.25
    # Octaves. Distance of the first loss from the focal chance level: a factor of two either way.
    focal_start: float = 1.0
    # Share. Distance of an accuracy from that of a coin.
    coin_flip: float = 0.1
    # Of the level. A loss that moves by more over its last three points does not stand there.
    passes_through: float = 0.05
    # Bits. Distance from one bit at which a flat loss stands.
    bit_distance: float = 0.01

    # --- shape of a curve -----------------------------------------------------------------
    # Blocks. Longer curves are judged on block medians: fine enough for bounds to 0.4 %.
    max_blocks: int = 256
    # Of chance. Changes within a percent of the label entropy to either side are flat to any reader.
    flat_tolerance: float = 0.01
    # Standard deviations of one point that a flat stretch may deviate to either side.
    flat_sigmas: float = 3.0
    # Share of the curve that a plateau must last; a passing curve is in range for less.
    plateau_min_fraction: float = 0.1
    # Of chance. A spike must rise at least this far above its surroundings, or it is noise ...
    spike_height: float = 0.1
    # ... and this many standard deviations of one point.
    spike_sigmas: float = 6.0
    # One-sided level of the Mann-Kendall test for a falling end.
    trend_significance: float = 0.01
    # Share of the curve, at its end, whose trend is tested.
    trend_fraction: float = 0.5
    # Share of the finite points, at the end, whose median is the level judged; at least three points.
    end_fraction: float = 0.2
    # Share of the finite points whose median is the reported final loss: one point up to 20 points.
    final_fraction: float = 0.05

    # --- verdicts -------------------------------------------------------------------------
    # Skill. Within this of zero a loss is at chance: 2 % of the label entropy is what a network of
    # the usual size memorises of 1,000 unlearnable rows in ten epochs (measured in docs/article.md).
    chance_band: float = 0.02
    # Skill. Without validation data a training loss must beat chance by more, because it memorises.
    unvalidated_band: float = 0.05
    # Nats over all validation rows that a skill must be worth: odds of 20 to 1 against the constant.
    validation_gain: float = 3.0
    # Nats over all training rows, odds of 400 to 1 against the constant, from which a skill of 5 to 20 % is
    # more than luck on few rows or few positives. (A small network memorises 12 of 1,000 unlearnable rows in
    # docs/article.md, a skill of 2 %.)
    memorised_gain: float = 6.0
    # Skill beyond which the rows, read off the accuracy's digits, are not asked.
    memorised_skill: float = 0.2
    # Ratio to the loss of predicting 0.5 for everything, above which outputs are confidently wrong.
    far_above: float = 1.4
    # Skill. A constant output that large steps keep moving ends between this and chance.
    restless_skill: float = -0.5
    # Skill that is beyond doubt, even after a few points or without validation data.
    clear_skill: float = 0.1
    # Standard errors that the end must lie below chance by.
    error_sigmas: float = 3.0
    # Of its level. A loss far above chance that falls by this over the last half is on its way down.
    far_fall: float = 0.1
    # Area under the ROC curve above which predictions are better than chance for any usual set size.
    auc_with_signal: float = 0.6
    # Skill below ln 2 up to which a loss that ranks nothing is on its way to a share of positives.
    unranked_skill: float = 0.5
    # Area below which held-back predictions carry no ranking: 0.5 and one standard error of 200 rows.
    auc_at_chance: float = 0.54
    # Standard errors by which a held-back AUC must exceed one half: luck does it once in forty runs.
    auc_errors: float = 2.0
    # Share. Accuracy above that of one class for everything which contradicts a loss at chance.
    accuracy_contradiction: float = 0.15
    # Share. An accuracy this far from that of one class for everything is no constant prediction.
    one_class_gap: float = 0.03
    # Skill of a loss that contradicts predictions of one class for everything.
    inconsistent_skill: float = 0.3
    # Share of the rarer class from which a model with skill must predict both.
    balanced_share: float = 0.3
    # Area above which a loss at chance contradicts the ranking.
    auc_contradiction: float = 0.7
    # Of chance. Standard deviation of the end, trend removed, that makes a verdict meaningless.
    unstable_noise: float = 0.15
    # Of chance. A last loss this far above the level before it has thrown the learned away.
    last_leap: float = 0.3
    # Points up to which one point is an epoch, and one epoch a fair part of the run.
    few_points: int = 60
    # Standard deviations of the end that skill must exceed to count in spite of the jumps.
    unstable_sigmas: float = 2.0
    # Share of the run on its last plateau from which a loss below ln 2 of unknown share may be imbalance.
    flat_early: float = 0.6
    # Nats. H(0.002): data sets with a rarer class are rare themselves, and say so.
    rarest_level: float = 0.0144
    # Points. A preference loss at ln 2 for no longer than this is in its first steps.
    preference_first_points: int = 20
    # Points without which the falls of two halves are not compared; of chance, what both are held against
    # beside noise; the difference that counts, of their sum, and that which any penalty has.
    points_for_gain: int = 8
    least_fall: float = 0.001
    other_pace: float = 0.3
    penalty_pace: float = -0.05
    # Share of a first loss beyond what clipped predictions cost below which most of it is gone at the end.
    shed: float = 0.25
    # Of chance. The smallest fall over the last half of a run that counts as improving.
    slow_fall: float = 0.004
    # Share of the run on a plateau at chance that makes a learned run "escaped".
    escaped_fraction: float = 0.2
    # The same for a preference loss, which starts at ln 2 by its nature and warms up slowly.
    escaped_preference_fraction: float = 0.3
    # Share of pairs that a policy tells apart: what it knows by heart of labels without signal after few
    # epochs is less.
    pairs_told_apart: float = 0.7
    # Ratio. A first loss this far above that of predicting 0.5 may carry something besides.
    lifted_start: float = 1.03
    # Of what stands above chance. Predictions on two sets of a few hundred rows differ by far more.
    common_gap: float = 0.012
    # Points from which the jumps of the last half can be told from its bends: six are left of it.
    points_of_noise: int = 12
    # Of chance. Standard deviation of one point of the last half that makes its level meaningless.
    jumpy_noise: float = 0.1
    # Of the way from the end level up to ln 2. A loss this near its end has done what it did.
    most_of_the_way: float = 0.1
    # Different accuracies that one class for everything, on its way there, does not have.
    accuracies_of_both: int = 3
    # Skill by which a validation loss has to fall back from its best before that is overfitting
    # whatever the share of positives is.
    fallen_back: float = 0.1
    # Skill that only memorising or learning gives, whatever the share of positives is.
    surely_fitted: float = 0.5
    # Share. Standard deviation of predictions below which float32 gives every row the same one.
    same_prediction: float = 1e-6
    # Share of the rows with a prediction within 0.01 of 0.5 from which the model says 0.5 for everything.
    says_half: float = 0.99
    # Share. Distance of the mean prediction from the share of positives that is that share, and the standard
    # deviation of predictions that stay there.
    base_rate_distance: float = 0.02

    # --- rules ----------------------------------------------------------------------------
    # Probability. One flat loss and nothing else is what most causes look like, and of one that is assumed
    # to be a cross-entropy all of them may be wrong: none is likelier than not.
    one_curve_cause: float = 0.5
    # Ratio to the optimizer's usual learning rate, in decades about it. A factor of three either
    # way is a matter of taste, ten is unusual, thirty is a mistake or a special case.
    rate_usual_low: float = 0.3
    rate_usual_high: float = 3.0
    rate_above: float = 10.0
    rate_far_above: float = 30.0
    rate_below: float = 0.1
    rate_far_below: float = 0.03
    # Ratio. No sound start lies this far above the loss of predicting 0.5 for everything.
    overshoot: float = 1.5
    # Ratio. A curve whose highest point is below this has never been thrown.
    calm_peak: float = 1.1
    # Of chance. Jumps from point to point that a usual learning rate does not make.
    restless_spread: float = 0.01
    # Skill. Training skill above validation skill from which the model is memorising.
    memorising_gap: float = 0.03
    # Share. From this share of the rarer class down, its weight in the gradient is a tenth.
    rare_share: float = 0.15
    # Share. From here down a batch of usual size often holds no positive at all.
    very_rare_share: float = 0.05
    # Units. A layer this narrow passes on next to nothing, whatever comes in; one this narrow little of many
    # features; one this wide is no bottleneck.
    tiny_layer: int = 2
    narrow_layer: int = 4
    wide_layer: int = 32
    # Features per unit from which a narrow layer has to throw most of its input away.
    features_per_unit: float = 10.0
    # Optimizer steps: fewer than a hundred move no usual network, thousands move every one.
    very_few_updates: float = 100.0
    # Optimizer steps after which a network is still near where it began: Adam at 1e-3 moves no weight by
    # more than 0.03 in them.
    hardly_any_updates: float = 30.0
    few_updates: float = 250.0
    many_updates: float = 1000.0

    # Of chance. Jumps of a preference loss from batch to batch that only margins off 0 make.
    lively_spread: float = 1e-3
    # Epochs, where the number of updates is not known.
    few_epochs: float = 10.0
    # Skill. Distance from chance within which no prediction differs by enough to matter.
    exact_chance: float = 0.003
    # Training rows: with a thousand every usual network can memorise, with a hundred thousand few do.
    few_rows: float = 2_000.0
    # Training rows: a validation loss of 5 % below chance is a certain one (AUC 0.62, 3.5 standard errors)
    # to a network that has seen that many, and one of a hundred often learns nothing that holds.
    telling_rows: float = 300.0
    many_rows: float = 50_000.0

    # Layers with weights. Three pass a gradient whatever the activation; from six on it matters.
    shallow_depth: int = 3
    deep_depth: int = 6
    # Norm of the gradient below which an update is lost in float32 weights.
    tiny_gradient: float = 1e-4
    # Of chance. Range of the loss over the run: float32 noise of a mean over batches, and next to nothing.
    does_not_move: float = 1e-5
    hardly_moves: float = 0.02
    # Nats. Distance of the first loss from ln 2: float32 with one epoch of a learning bias, and out of reach.
    zero_start: float = 1e-3
    zero_start_far: float = 0.05
    # Share of trainable weights: batch normalisation leaves a few percent out in every sound model.
    mostly_trainable: float = 0.5
    # L2 factor and dropout rate from which the penalty rules: a hundred times and twice the usual.
    strong_l2: float = 0.03
    strong_dropout: float = 0.8
    # Nats for each wrong label when predictions are clipped at 1e-7: 15.9 (float32) to 16.1, and a penalty.
    clipped_cost_low: float = 15.0
    clipped_cost_high: float = 17.5
    # Nats. A reward margin this small is a policy that has not moved.
    zero_margin: float = 1e-4

    # --- measurements inside the training --------------------------------------------------
    # Share of a hidden layer's units from which it is dead as a whole, and up to which it lives.
    all_units: float = 0.999
    half_of_units: float = 0.5
    # Share of the kernels that start at zero, or with equal units, which is no accident.
    most_kernels: float = 0.5
    # Share of the features that are the same for all rows: nothing is left, and next to nothing.
    most_features: float = 0.95
    some_features: float = 0.4
    # Units of the input. Standard deviation below which float32 weights of usual size see one row.
    arriving_variation: float = 1e-4
    # Ratio of the smallest to the largest gradient of a layer: vanished, and a fair part.
    vanished_gradient: float = 1e-3
    fair_gradient: float = 1e-2
    # The same at the end, of a network that began with less than a fair part and more than nothing.
    regained_gradient: float = 3e-2
    # Standard deviation of the first outputs over the rows: sound networks differ by a thousandth at least.
    mute_outputs: float = 1e-4
    # Share of a layer's outputs at a bound of its activation from which it is saturated.
    mostly_saturated: float = 0.8
    # Ratio. An epoch that changes the weights by less gets nowhere, by more rewrites them.
    tiny_update: float = 1e-4
    fair_update: float = 3e-3
    huge_update: float = 0.5
    # The same over the whole training. A rate that is too small changes the weights by less.
    moved_weights: float = 0.03
    # Multiples of their first size that weights end away from it: seldom where the rate is sound, and never.
    far_moved_weights: float = 2.5
    thrown_weights: float = 10.0
    # Units of the input. Standardised features seldom exceed 10; raw ones are in the hundreds.
    usual_input: float = 20.0
    large_input: float = 100.0
    # Standard errors by which the AUC of captured rows must exceed one half: luck does it in one of 160.
    inside_auc_errors: float = 2.5
    # Standard error of that AUC up to which one at chance is told from the 0.65 of a useful signal.
    small_auc_error: float = 0.07
    # Standard deviations of the reference learner's AUC above those with permuted labels: one in 30,000,
    # one in 700, and what one in forty reaches without signal.
    reference_signal: float = 4.0
    reference_some_signal: float = 3.0
    reference_chance: float = 2.0
    # AUC that must not have gone unseen before nothing means that there is nothing, a skill of 0.05, and
    # before it means so clearly.
    reference_tells: float = 0.65
    reference_tells_well: float = 0.61
    # Of the loss. A penalty that rules it, and one that does not matter.
    ruling_penalty: float = 0.1
    little_penalty: float = 0.02
    # Nats, and ratio of its last value to its first. A penalty that the training has to get rid of before the
    # labels matter, and one that it has got rid of: by weights of half the size, or less.
    heavy_penalty: float = 0.5
    shed_penalty: float = 0.25
    # The same ratio, of one that is large because the first weights are, and has not shrunk them.
    idle_penalty: float = 0.5
    # Nats. The compiled loss and the cross-entropy of the same predictions agree to this.
    same_loss: float = 0.02
    other_loss: float = 0.1

    # --- shared observations ----------------------------------------------------------------
    # Share. What an AUC rises by from the first third of a run to the last: more than luck with some hundred
    # rows, and more than such luck ever gives.
    ranking_rises: float = 0.02
    ranking_rises_far: float = 0.06
    # Ratio to the loss of predicting 0.5: a bias that starts at the share of positives, and a throw
    # that only saturated outputs make.
    low_start: float = 0.95
    thrown_far: float = 5.0
    # Of chance. Range of a loss that creeps: the third digit is the last that people print.
    creeps: float = 1e-3
    # Of chance. A fall over the last half that anybody sees in a plot.
    quick_fall: float = 0.02
    # Of chance. Standard deviation about its trend of a curve without noise, and of one that jumps.
    still_spread: float = 1e-4
    jumpy_spread: float = 0.05
    # Optimizer steps after which a usual network has learned what it will.
    very_many_updates: float = 5_000.0
    # Units that pass on a little more than a narrow layer's.
    middling_layer: int = 8
    # Weights for each training row: too few to know rows by heart, and more than it takes.
    little_freedom: float = 0.1
    much_freedom: float = 10.0


LIMITS = Limits()

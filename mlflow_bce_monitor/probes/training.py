"""The probes that train a copy at one rate: on 32 rows, with balanced batches, and for long."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.probes.arm import Arm
from mlflow_bce_monitor.probes.bench import OUT_OF_TIME, Bench, Experiment, Finding
from mlflow_bce_monitor.probes.copies import usual_rate
from mlflow_bce_monitor.probes.numbers import finite, with_error
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.rules.probed.capacity import CAPACITY_GAP, MOST_FOLLOWED

FEW_ROWS: Final = 32
FEW_STEPS: Final = 150
"""Steps on the 32 rows, each with all of them."""

FITTED: Final = 0.5
"""Skill on the 32 rows from which they are fitted."""

BALANCE_STEPS: Final = 800
BALANCE_PART: Final = 200
"""Most steps with batches as they come, and as many with balanced ones; steps between two looks."""

LONG_STEPS: Final = 1500
"""Steps of the optimised copy: some fifty epochs of a thousand rows."""


def _overfit(bench: Bench) -> Finding:
    data, rng = bench.parts[0], bench.rng
    chosen = [
        rng.choice(of_class, FEW_ROWS // 2, replace=of_class.size < FEW_ROWS // 2)
        for of_class in (np.flatnonzero(data.positive), np.flatnonzero(~data.positive))
    ]
    few = data.rows(np.concatenate(chosen))
    trainee, best = bench.trainee, float("-inf")
    for factor in (3.0, 1.0):
        trainee.start(trainee.fresh, factor * usual_rate(trainee.optimizer))
        done = trainee.train(few, FEW_STEPS, rng, bench.clock, batch=FEW_ROWS)
        best = max(best, trainee.skill(few).value)
        if best >= FITTED:
            break
        if not done:
            return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
    return Finding(
        Answer.YES if best >= FITTED else Answer.NO,
        finite(few_rows_skill=best),
        f"after {FEW_STEPS} steps a copy with new weights explains {max(best, 0.0):.0%} of {FEW_ROWS} rows",
    )


def _balance(bench: Bench) -> Finding:
    train, _ = bench.parts
    if train.minority_share >= LIMITS.balanced_share:
        return Finding(Answer.NO, {}, f"{train.minority_share:.0%} of the labels are of the rarer class")
    rate = bench.own_rate or usual_rate(bench.trainee.optimizer)
    # The same first weights, rate and number of steps: only what the batches hold differs.
    uneven, balanced = Arm(rate), Arm(rate, balanced=True)
    while uneven.steps < BALANCE_STEPS and not (uneven.has_learned or balanced.has_learned):
        if not (uneven.go_on(BALANCE_PART, bench) and balanced.go_on(BALANCE_PART, bench)):
            return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
    numbers = with_error("uneven", uneven.held) | with_error("balanced", balanced.held)
    sentence = (
        f"after {uneven.steps} steps at {rate:g}, a copy has skill {uneven.held.value:.2f} on held-back rows "
        f"with batches as they come, and {balanced.held.value:.2f} with as many rows of either class"
    )
    helps = balanced.has_learned and not uneven.has_learned
    return Finding(Answer.YES if helps else Answer.NO, numbers, sentence)


def _capacity(bench: Bench) -> Finding:
    train = bench.parts[0]
    trainee = bench.trainee
    rate = float(bench.known.get("best_rate", usual_rate(trainee.optimizer)))
    best = float(bench.known.get("best_rate_train_skill", "-inf"))
    for tried in (rate, rate / 10.0):  # what learns fastest is often too fast for the last of it
        trainee.start(trainee.fresh, tried)
        for _ in range(3):
            if best >= MOST_FOLLOWED + CAPACITY_GAP:
                break  # it follows its rows well enough: more of that says nothing more
            if not trainee.train(train, LONG_STEPS // 3, bench.rng, bench.clock):
                return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
            best = max(best, trainee.skill(train).value)
    numbers = finite(copy_skill=best)
    sentence = (
        f"copies trained at {rate:g} and a tenth of it reach skill {best:.2f} on their own training rows"
    )
    reference = bench.known.get("reference_skill")
    if best >= MOST_FOLLOWED:
        return Finding(Answer.NO, numbers, sentence)
    if reference is None:
        return Finding(Answer.UNCLEAR, numbers, f"{sentence}; there is no reference learner to compare with")
    sentence += f"; the reference learner reaches {float(reference):.2f} on rows it has not seen"
    short = float(reference) >= best + CAPACITY_GAP
    return Finding(Answer.YES if short else Answer.UNCLEAR, numbers, sentence)


OVERFIT = Experiment("overfit", "A copy can fit 32 rows", 2.0, _overfit)
BALANCE = Experiment("balance", "It learns when both classes are equally frequent", 3.0, _balance)
CAPACITY = Experiment("capacity", "The model is too small for what the rows hold", 6.0, _capacity)

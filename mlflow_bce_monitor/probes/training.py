"""The probes that train a copy: 32 rows, a sweep of rates, balanced batches, and an optimised copy."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.probes.bench import OUT_OF_TIME, Bench, Experiment, Finding
from mlflow_bce_monitor.probes.copies import BATCH, Skill, usual_rate
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.rules.probed import CAPACITY_GAP, MOST_FOLLOWED, is_learning

FEW_ROWS: Final = 32
FEW_STEPS: Final = 150
"""Steps on the 32 rows, each with all of them."""

FITTED: Final = 0.5
"""Skill on the 32 rows from which they are fitted."""

DECADES: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Rates of the sweep, in units of the optimizer's usual rate."""

SWEEP_STEPS: Final = 100
BALANCE_STEPS: Final = 200
"""Steps with batches as they come, and as many with balanced ones."""

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
        _finite(few_rows_skill=best),
        f"after {FEW_STEPS} steps a copy with new weights explains {max(best, 0.0):.0%} of {FEW_ROWS} rows",
    )


def _rates(bench: Bench) -> Finding:
    train, held = bench.parts
    trainee, clock = bench.trainee, bench.clock
    usual = usual_rate(trainee.optimizer)
    own = bench.own_rate
    skills: dict[float, Skill] = {}
    rates = sorted({usual * factor for factor in DECADES} | ({own} if own else set()))
    # From the middle outwards: the usual rates are the ones that most often work.
    order = sorted(rates, key=lambda rate: (rate != own, abs(np.log10(rate / usual) - 0.5)))
    for rate in order:
        trainee.start(trainee.fresh, rate)
        done = trainee.train(train, SWEEP_STEPS, bench.rng, clock)
        if not done:
            return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
        skills[rate] = trainee.skill(held)
    best = max(skills, key=lambda rate: skills[rate].value)
    numbers: dict[str, FactValue] = {"best_rate": best, **_with_error("best_rate", skills[best])}
    if own:
        numbers |= {"own_rate": own, **_with_error("own_rate", skills[own])}
    trainee.start(bench.weights, best)
    if trainee.train(train, SWEEP_STEPS, bench.rng, clock):
        numbers |= _finite(current_skill=trainee.skill(held).value)
    learns = is_learning(*skills[best])
    sentence = (
        f"of {len(rates)} rates from {rates[0]:g} to {rates[-1]:g}, {best:g} is best: skill "
        f"{skills[best].value:.2f} on held-back rows after {SWEEP_STEPS} steps"
    )
    if own:
        sentence += f"; the model's own, {own:g}, gives {skills[own].value:.2f}"
    return Finding(Answer.YES if learns else Answer.NO, numbers, sentence)


def _balance(bench: Bench) -> Finding:
    train, held = bench.parts
    if train.minority_share >= LIMITS.balanced_share:
        return Finding(Answer.NO, {}, f"{train.minority_share:.0%} of the labels are of the rarer class")
    trainee, rng = bench.trainee, bench.rng
    rate = bench.own_rate or usual_rate(trainee.optimizer)
    classes = [np.flatnonzero(train.positive), np.flatnonzero(~train.positive)]
    # The same first weights, rate and number of steps: only what the batches hold differs.
    trainee.start(trainee.fresh, rate)
    done = trainee.train(train, BALANCE_STEPS, rng, bench.clock)
    as_they_come = trainee.skill(held)
    trainee.start(trainee.fresh, rate)
    for _ in range(BALANCE_STEPS):
        half = [rng.choice(of_class, BATCH // 2) for of_class in classes]
        done = done and trainee.train(train.rows(np.concatenate(half)), 1, rng, bench.clock)
    if not done:
        return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
    balanced = trainee.balanced_skill(held)
    numbers = _with_error("uneven", as_they_come) | _with_error("balanced", balanced)
    sentence = (
        f"after {BALANCE_STEPS} steps at {rate:g}, a copy has skill {as_they_come.value:.2f} on held-back "
        f"rows with batches as they come, and {balanced.value:.2f} with as many rows of either class"
    )
    helps = is_learning(*balanced) and not is_learning(*as_they_come)
    return Finding(Answer.YES if helps else Answer.NO, numbers, sentence)


def _capacity(bench: Bench) -> Finding:
    train = bench.parts[0]
    trainee = bench.trainee
    rate = float(bench.known.get("best_rate", usual_rate(trainee.optimizer)))
    best = float("-inf")
    trainee.start(trainee.fresh, rate)
    for _ in range(3):
        done = trainee.train(train, LONG_STEPS // 3, bench.rng, bench.clock)
        best = max(best, trainee.skill(train).value)
        if best >= MOST_FOLLOWED + CAPACITY_GAP:
            break  # it follows its rows well enough: more of that says nothing more
        if not done:
            return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
    numbers = _finite(copy_skill=best)
    sentence = f"a copy trained at {rate:g} reaches skill {best:.2f} on its own training rows"
    reference = bench.known.get("reference_skill")
    if best >= MOST_FOLLOWED:
        return Finding(Answer.NO, numbers, sentence)
    if reference is None:
        return Finding(Answer.UNCLEAR, numbers, f"{sentence}; there is no reference learner to compare with")
    sentence += f"; the reference learner reaches {float(reference):.2f} on rows it has not seen"
    short = float(reference) >= best + CAPACITY_GAP
    return Finding(Answer.YES if short else Answer.UNCLEAR, numbers, sentence)


def _with_error(name: str, skill: Skill) -> dict[str, FactValue]:
    return _finite(**{f"{name}_skill": skill.value, f"{name}_error": skill.error})


def _finite(**numbers: float) -> dict[str, FactValue]:
    """Return the numbers, with a skill of minus infinity as the -100 that no learner can reach."""
    return {name: max(float(np.nan_to_num(value, nan=-100.0)), -100.0) for name, value in numbers.items()}


OVERFIT = Experiment("overfit", "A copy can fit 32 rows", 2.0, _overfit)
RATES = Experiment("rates", "Some learning rate makes the loss fall", 5.0, _rates)
BALANCE = Experiment("balance", "It learns when both classes are equally frequent", 3.0, _balance)
CAPACITY = Experiment("capacity", "The model is too small for what the rows hold", 6.0, _capacity)

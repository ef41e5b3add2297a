"""All trainings of the zoo, drawn from one seed.

Every block (see ``split``) gets base plans, which should learn; each fault is injected into some
of them, so a faulted plan has a twin that differs in nothing but the fault, its seed and what is
logged. Plans without a fault that look like trouble, or end in trouble of their own, are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.zoo.adversarial import adversarial_plans
from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.base_plans import base_plan, logging_plan, pick, short_plan
from benchmarks.zoo.blocks import BLOCKS
from benchmarks.zoo.faults import CAUSE_OF, FAULTS, Fault, change
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.preference import preference_plans
from benchmarks.zoo.recipes import RECIPES, SUPPLEMENT, from_recipe
from benchmarks.zoo.suitability import is_curved, is_slow

CATALOGUE_SEED: Final = 41

BASE_PLANS: Final = 56
"""Plans per block that should learn."""

RUNS_OF_FAULT: Final[dict[str, int]] = {
    "class_imbalance": 18,
    "learning_rate_too_high": 24,
    "learning_rate_too_low": 22,
    "insufficient_capacity": 16,
    "no_signal": 18,
    "dead_relu": 14,
    "vanishing_gradients": 14,
    "zero_initialization": 12,
    "frozen_parameters": 12,
    "over_regularization": 16,
    "constant_inputs": 9,
    "constant_tokens": 3,
    "unscaled_inputs": 15,
    "output_loss_mismatch": 20,
    "too_few_steps": 16,
}
"""Runs per block."""

SWEEP: Final = 3
"""Runs that a user makes on the same faulty data before giving up, with other rates, widths and seeds."""


def all_plans() -> tuple[TrainingPlan, ...]:
    """Return every plan of the zoo, in an order in which any beginning is a fair sample."""
    plans: list[TrainingPlan] = []
    for number, block in enumerate(BLOCKS):
        rng = np.random.default_rng([CATALOGUE_SEED, number])
        bases = [base_plan(block, place, rng) for place in range(BASE_PLANS)]
        plans += bases
        for fault in RUNS_OF_FAULT:
            suited = bases
            if fault == "class_imbalance":
                suited = [short_plan(block, place, rng) for place in range(RUNS_OF_FAULT[fault] // SWEEP)]
                plans += suited
            plans += _faulted(block, fault, suited, rng)
        for recipe in RECIPES:
            plans += [from_recipe(block, recipe, place, rng) for place in range(recipe.runs)]
        plans += adversarial_plans(block, rng)
        plans += preference_plans(block, rng)
        plans += _supplement(block, rng)
        plans += _mild_imbalance(block, np.random.default_rng([CATALOGUE_SEED, number, 1]))
    order = np.random.default_rng(CATALOGUE_SEED).permutation(len(plans))
    return tuple(plans[place] for place in order)


def _faulted(
    block: str,
    name: str,
    bases: list[TrainingPlan],
    rng: np.random.Generator,
    severities: tuple[str, ...] = (),
    first: int = 0,
    wanted: int = 0,
) -> Iterator[TrainingPlan]:
    """Inject one fault into base plans: other base plans for every experiment, severities in turn.

    The runs are numbered from ``first`` on. There are as many as wanted, or as planned for the fault, or,
    after those, twice as many as there are base plans.
    """
    fault = FAULTS[name]
    suited = [base for base in bases if fault.suits(base)]
    order = rng.permutation(len(suited))
    severities = severities or tuple(fault.severities)
    runs, experiment = 0, first
    wanted = wanted or (2 * len(suited) if first else RUNS_OF_FAULT[name])
    while runs < wanted:
        base = suited[order[experiment % len(order)]]
        severity = severities[experiment % len(severities)]
        size = min(_experiment_size(fault, rng), wanted - runs)
        for place in range(size):
            plan_id = f"{block}-{name}-{first + runs:02d}"
            yield _one_faulted(base, fault, CAUSE_OF[name], severity, plan_id, place, experiment, rng)
            runs += 1
        experiment += 1


def _supplement(block: str, rng: np.random.Generator) -> Iterator[TrainingPlan]:
    """Yield more of what turned out rare: most faults above do not stall a training.

    Added after a first pilot showed how often each fault does harm; everything before is unchanged.
    """
    first, curved, slow = 100, 7, 6
    bases = [base_plan(block, place, rng, is_curved) for place in range(curved)]
    bases = [
        _named(change(base, "data", positive_share=None), "curved", place) for place, base in enumerate(bases)
    ]
    yield from bases
    yield from _faulted(block, "insufficient_capacity", bases, rng, ("no activation",), first)
    bases = [_named(short_plan(block, place, rng, is_slow), "shorter", place) for place in range(slow)]
    yield from bases
    yield from _faulted(block, "class_imbalance", bases, rng, ("1 % positive", "2 % positive"), first)
    for recipe in SUPPLEMENT:
        for place in range(recipe.runs):
            yield from_recipe(block, recipe, place, rng)


def _mild_imbalance(block: str, rng: np.random.Generator) -> Iterator[TrainingPlan]:
    """Yield imbalance as users more often have it: the faults above have 1 to 4 % positives."""
    first, experiments = 200, 4
    bases = [_named(short_plan(block, place, rng, is_slow), "brief", place) for place in range(experiments)]
    yield from bases
    yield from _faulted(block, "mild_imbalance", bases, rng, first=first, wanted=SWEEP * experiments)


def _named(plan: TrainingPlan, name: str, place: int) -> TrainingPlan:
    plan_id = f"{plan.block}-{name}-{place:02d}"
    return replace(plan, plan_id=plan_id, experiment=plan_id)


def _experiment_size(fault: Fault, rng: np.random.Generator) -> int:
    return SWEEP if fault.in_data else int(pick(rng, ((1, 0.7), (2, 0.3))))


def _one_faulted(
    base: TrainingPlan,
    fault: Fault,
    cause: str,
    severity: str,
    plan_id: str,
    place: int,
    experiment: int,
    rng: np.random.Generator,
) -> TrainingPlan:
    """Return one faulted plan; beside the twin in its experiment, or in an experiment of the fault's own."""
    plan = fault.severities[severity](base, rng)
    beside_twin = not fault.in_data and experiment % 2 == 0
    plan = replace(
        plan,
        plan_id=plan_id,
        fault=cause,
        kind=cause,
        severity=severity,
        experiment=base.experiment if beside_twin else f"{base.block}-{cause}-{experiment}",
        seed=int(rng.integers(2**31)),
        logging=logging_plan(plan.network.head, plan.optimiser.epochs, rng),
        twin=base.plan_id,
    )
    if place == 0 or not fault.in_data:
        return plan
    # The further runs of a sweep: what a user turns first.
    rate = float(f"{plan.optimiser.learning_rate * (0.3 if place == 1 else 3.0):.2g}")
    plan = change(plan, "optimiser", learning_rate=rate)
    if ARCHITECTURES[plan.network.architecture].depth > 0:
        plan = change(plan, "network", width=plan.network.width * (2 if place == 1 else 1))
    return plan

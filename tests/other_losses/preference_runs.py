"""Preference trainings of the zoo, with few steps: a policy under DPO or KTO, and reward models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

SETTINGS: Mapping[str, float | int | str] = {
    "prompts": 8,
    "length": 10,
    "beta": 0.1,
    "max_steps": 100,
    "logging_steps": 2,
    "warmup_ratio": 0.0,
    "lr_scheduler_type": "linear",
    "evaluated": 1,
}
VARIANTS: dict[str, tuple[str, dict[str, float | int | str]]] = {
    "learning": ("healthy", {}),
    "first steps": (
        "benign",
        {"max_steps": 1000, "stop_after": 12, "logging_steps": 1, "warmup_ratio": 0.1, "evaluated": 0},
    ),
    "one object": ("policy_equals_reference", {"reference": "shared"}),
    "masked": ("masked_labels", {"masked_share": 1.0}),
    "tiny rate": ("learning_rate_too_low", {"rate_factor": 5e-7}),
    "padding read": ("constant_inputs", {"padding": 1}),
}
RATE = 0.04


def train(family: str, loss: Mapping[str, float | int | str], variants: tuple[str, ...]) -> dict[str, str]:
    """Train the variants of one loss and return variant to run id."""
    import mlflow  # noqa: PLC0415 - only when something is trained

    from benchmarks.zoo import preference  # noqa: PLC0415 - loads Keras
    from benchmarks.zoo.blocks import DEVELOPMENT  # noqa: PLC0415 - as above
    from benchmarks.zoo.kto import kto_plans  # noqa: PLC0415 - as above

    some = next(iter(kto_plans(DEVELOPMENT)))
    architecture = "reward_linear" if family == "reward" else "bigram_policy"
    runs = {}
    for variant in variants:
        kind, settings = VARIANTS[variant]
        plan = replace(
            some,
            family=family,
            kind=kind,
            seed=1,
            data=replace(some.data, seed=2, rows=512),
            network=replace(some.network, architecture=architecture),
            optimiser=replace(
                some.optimiser, learning_rate=RATE * float(settings.get("rate_factor", 1.0)), batch_size=32
            ),
            settings={**SETTINGS, **loss, **settings},
        )
        record, _ = preference.train(plan, mlflow.MlflowClient())
        runs[variant] = record.run_id
    return runs


KTO: dict[str, float | int | str] = {"loss_type": "kto", "desirable_weight": 1.0, "undesirable_weight": 1.0}
_POLICY = ("learning", "first steps", "one object", "masked", "tiny rate")

TRAININGS: dict[str, Callable[[], dict[str, str]]] = {
    "dpo": partial(train, "preference", {}, _POLICY),
    "kto": partial(train, "preference", KTO, _POLICY),
    "kto, weighted": partial(
        train, "preference", {**KTO, "undesirable_weight": 1.33}, ("learning", "one object")
    ),
    "reward model": partial(train, "reward", {}, ("learning", "padding read")),
}

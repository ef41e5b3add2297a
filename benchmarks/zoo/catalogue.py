"""All trainings of the zoo, drawn from one seed.

Every block (see ``split``) gets base plans, which should learn; each fault is injected into some
of them, so a faulted plan has a twin that differs in nothing but the fault, its seed and what is
logged. Plans without a fault that look like trouble, or end in trouble of their own, are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from benchmarks.zoo.adversarial import adversarial_plans
from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.blocks import BLOCKS
from benchmarks.zoo.datasets import DATA_SETS, Kind
from benchmarks.zoo.faults import CAUSE_OF, FAULTS, RATES, Fault, change
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.preference import preference_plans
from benchmarks.zoo.split import ARCHITECTURES_OF, DATA_SETS_OF

CATALOGUE_SEED: Final = 41
NO_FAULT: Final = "none"

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

EPOCHS: Final = ((5, 0.10), (8, 0.08), (10, 0.17), (15, 0.10), (20, 0.15), (30, 0.13), (50, 0.13), (80, 0.06))
LONG_EPOCHS: Final = ((120, 0.05), (200, 0.03))
"""Numbers of epochs and how often they are drawn."""

FEWEST_EPOCHS: Final[dict[str, int]] = {
    "parity": 50,
    "hidden_xor": 50,
    "latent_agreement": 20,
    "order": 30,
    "last_word": 20,
    "iris_virginica": 30,
    "wine_second": 20,
    "breast_cancer": 10,
    "diabetes_high": 15,
    "bars": 10,
}
"""Epochs below which a data set is not learned even by a good plan."""

SADDLE_ROWS: Final = 1400
"""Rows that parity and hidden_xor need."""


def all_plans() -> tuple[TrainingPlan, ...]:
    """Return every plan of the zoo, in an order in which any beginning is a fair sample."""
    plans: list[TrainingPlan] = []
    for number, block in enumerate(BLOCKS):
        rng = np.random.default_rng([CATALOGUE_SEED, number])
        bases = [_base_plan(block, place, rng) for place in range(BASE_PLANS)]
        plans += bases
        for fault in FAULTS:
            suited = bases
            if fault == "class_imbalance":
                suited = [_short_plan(block, place, rng) for place in range(RUNS_OF_FAULT[fault] // SWEEP)]
                plans += suited
            plans += _faulted(block, fault, suited, rng)
        for recipe in RECIPES:
            plans += [_from_recipe(block, recipe, place, rng) for place in range(recipe.runs)]
        plans += adversarial_plans(block, rng)
        plans += preference_plans(block, rng)
        plans += _supplement(block, rng)
    order = np.random.default_rng(CATALOGUE_SEED).permutation(len(plans))
    return tuple(plans[place] for place in order)


def _pick(rng: np.random.Generator, table: tuple[tuple[Any, float], ...]) -> Any:
    """Draw one of (value, weight)."""
    weights = np.array([weight for _, weight in table])
    return table[int(rng.choice(len(table), p=weights / weights.sum()))][0]


def _fits(architecture: str, data_set: str) -> bool:
    """Whether the architecture takes these rows and can learn them."""
    if DATA_SETS[data_set].kind not in ARCHITECTURES[architecture].kinds:
        return False
    return DATA_SETS[data_set].is_linear or architecture != "logistic"


def _pair(
    block: str, place: int, rng: np.random.Generator, suits: Callable[[str, str], bool] | None = None
) -> tuple[str, str]:
    """Return (data set, architecture): data sets in turn, architectures at random."""
    suits = suits or (lambda _architecture, _data_set: True)
    pairs = {
        data_set: [
            name
            for name in sorted(ARCHITECTURES_OF[block])
            if _fits(name, data_set) and suits(name, data_set)
        ]
        for data_set in sorted(DATA_SETS_OF[block])
    }
    usable = [data_set for data_set, names in pairs.items() if names]
    data_set = usable[place % len(usable)]
    return data_set, str(rng.choice(pairs[data_set]))


def _base_plan(
    block: str,
    place: int,
    rng: np.random.Generator,
    suits: Callable[[str, str], bool] | None = None,
) -> TrainingPlan:
    """Return a plan that should learn."""
    data_set, architecture = _pair(block, place, rng, suits)
    epochs = max(_pick(rng, EPOCHS + LONG_EPOCHS), FEWEST_EPOCHS.get(data_set, 0))
    plan_id = f"{block}-base-{place:02d}"
    share = _pick(rng, ((None, 0.65), (0.4, 0.1), (0.3, 0.1), (0.2, 0.1), (0.1, 0.05)))
    if DATA_SETS[data_set].stratum in {"saddle", "small"}:
        share = None  # too few rows, or too hard, with one class thinned out
    head = _pick(rng, (("sigmoid", 0.65), ("logits", 0.2), ("softmax2", 0.15)))
    loss = "crossentropy" if head == "softmax2" else _pick(rng, _LOSSES)
    return TrainingPlan(
        plan_id=plan_id,
        family="labels",
        fault=NO_FAULT,
        kind="healthy",
        severity="",
        block=block,
        experiment=plan_id,
        seed=int(rng.integers(2**31)),
        data=DataPlan(
            data_set,
            seed=int(rng.integers(2**31)),
            rows=_rows(data_set, rng),
            positive_share=share,
            flipped_share=0.0 if share or not _drawn(data_set) else _pick(rng, _LABEL_NOISE),
        ),
        network=_network(architecture, head, loss, rng),
        optimiser=_optimiser(data_set, architecture, epochs, share, rng),
        logging=_logging(head, epochs, rng),
    )


_LABEL_NOISE: Final = ((0.0, 0.65), (0.05, 0.15), (0.15, 0.2))
"""Shares of wrong labels in data that can be learned: real labels have some."""

_LOSSES: Final = (("crossentropy", 0.88), ("smoothed", 0.07), ("focal", 0.05))


def _rows(data_set: str, rng: np.random.Generator) -> int:
    if DATA_SETS[data_set].stratum == "saddle":
        return SADDLE_ROWS
    if DATA_SETS[data_set].kind is Kind.SEQUENCE:
        return int(rng.choice([700, 1050]))
    return int(rng.choice([350, 560, 700, 1050]))


def _network(architecture: str, head: str, loss: str, rng: np.random.Generator) -> NetworkPlan:
    low, high = ARCHITECTURES[architecture].width
    width = int(rng.choice([low, (low + high) // 2, high]))
    deep = ARCHITECTURES[architecture].stratum == "deep"
    activation = "relu" if deep else _pick(rng, (("relu", 0.75), ("tanh", 0.25)))
    kernel = "he_normal" if deep else "glorot_uniform"
    return NetworkPlan(
        architecture,
        width,
        activation=activation,
        kernel_initializer=kernel,
        head=head,
        loss=loss,
        l2=_pick(rng, ((0.0, 0.85), (1e-4, 0.1), (1e-3, 0.05))),
        dropout=0.0 if deep else _pick(rng, ((0.0, 0.75), (0.2, 0.25))),
    )


def _optimiser(
    data_set: str, architecture: str, epochs: int, share: float | None, rng: np.random.Generator
) -> OptimiserPlan:
    stratum = ARCHITECTURES[architecture].stratum
    adaptive = (("adam", 0.7), ("rmsprop", 0.3))
    anyone = (("adam", 0.4), ("rmsprop", 0.2), ("sgd", 0.1), ("momentum", 0.2), ("adagrad", 0.1))
    delicate = stratum in {"deep", "recurrent", "token"} or DATA_SETS[data_set].stratum == "saddle"
    name = _pick(rng, adaptive if delicate else anyone)
    rate = RATES[name]["usual"] * (0.5 if stratum == "deep" else 1.0)
    short = 15  # epochs within which a usual rate gets nowhere on some hundred rows
    batch = int(rng.choice([16, 32])) if epochs <= short else int(rng.choice([32, 64, 128]))
    if stratum == "recurrent":
        rate, batch = 2 * rate, max(batch, 32)  # every step of theirs is slow
    weighted = share is not None and share <= 0.2 and rng.random() < 0.35
    return OptimiserPlan(
        name,
        float(f"{rate * rng.choice([0.5, 1.0, 1.5]):.2g}"),
        batch_size=batch,
        epochs=epochs,
        schedule=_pick(rng, (("", 0.8), ("reduce_on_plateau", 0.12), ("decay", 0.08))),
        class_weight=(1.0, round((1 - share) / share, 2)) if weighted and share is not None else None,
        patience=int(rng.choice([10, 20])) if rng.random() < 0.08 and epochs >= 50 else None,
    )


_METRICS: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    ((), 0.12),
    (("accuracy",), 0.38),
    (("accuracy", "auc"), 0.18),
    (("accuracy", "precision", "recall"), 0.1),
    (("accuracy", "auc", "precision", "recall"), 0.22),
)

_OWN_PARAMS: Final = (
    "lr",
    "learning_rate",
    "hidden_units",
    "n_layers",
    "dropout",
    "seed",
    "n_train",
    "optimizer",
)


def _logging(head: str, epochs: int, rng: np.random.Generator) -> LoggingPlan:
    metrics = _pick(rng, _METRICS)
    if head == "softmax2":
        metrics = metrics[:1]  # Keras' other metrics do not take two columns beside sparse labels
    arrays = rng.random() < (0.5 if epochs <= 30 else 0.15)
    validation = _pick(rng, (("none", 0.25), ("data", 0.45), ("split", 0.3)))
    if not arrays and validation == "split":
        validation = "data"  # Keras splits arrays only
    named = rng.random() < 0.35
    own = tuple(str(name) for name in rng.choice(_OWN_PARAMS, size=int(rng.integers(2, 5)), replace=False))
    return LoggingPlan(
        metrics=metrics,
        validation=validation,
        input_pipeline="arrays" if arrays else "tf_data",
        own_params=own if named else (),
        test_metrics=bool(rng.random() < 0.15),
    )


def _faulted(
    block: str,
    name: str,
    bases: list[TrainingPlan],
    rng: np.random.Generator,
    severities: tuple[str, ...] = (),
    first: int = 0,
) -> Iterator[TrainingPlan]:
    """Inject one fault into base plans: other base plans for every experiment, severities in turn.

    The runs are numbered from ``first`` on, up to the number planned for the fault, or, after those,
    twice as many as there are base plans.
    """
    fault = FAULTS[name]
    suited = [base for base in bases if fault.suits(base)]
    order = rng.permutation(len(suited))
    severities = severities or tuple(fault.severities)
    runs, experiment = 0, first
    wanted = 2 * len(suited) if first else RUNS_OF_FAULT[name]
    while runs < wanted:
        base = suited[order[experiment % len(order)]]
        severity = severities[experiment % len(severities)]
        size = min(_experiment_size(fault, rng), wanted - runs)
        for place in range(size):
            plan_id = f"{block}-{name}-{first + runs:02d}"
            yield _one_faulted(base, fault, CAUSE_OF[name], severity, plan_id, place, experiment, rng)
            runs += 1
        experiment += 1


def _short_plan(
    block: str,
    place: int,
    rng: np.random.Generator,
    suits: Callable[[str, str], bool] | None = None,
) -> TrainingPlan:
    """Return a plan that learns balanced data just in time, by plain gradient descent.

    Adam, or a long training, learns from 1 % of positives too on nearly all data here. Plain gradients
    shrink with the share of positives, so this is where class imbalance does its harm.
    """
    plan = _base_plan(block, place, rng, suits or _is_delicate)
    rows = 1400
    plan = change(plan, "data", rows=rows, positive_share=None, flipped_share=0.0)
    plan = change(
        plan, "network", head="sigmoid", loss="crossentropy", dropout=0.0, activation="relu", l2=0.0
    )
    rate = {Kind.TABLE: 0.05, Kind.IMAGE: 0.05, Kind.SEQUENCE: 0.2}[DATA_SETS[plan.data.name].kind]
    epochs = int(rng.choice([12, 16, 20]))
    plan = _unhurried(plan, name="sgd", learning_rate=rate, epochs=epochs, batch_size=32)
    plan_id = f"{block}-short-{place:02d}"
    return replace(plan, plan_id=plan_id, experiment=plan_id)


def _supplement(block: str, rng: np.random.Generator) -> Iterator[TrainingPlan]:
    """Yield more of what turned out rare: most faults above do not stall a training.

    Added after a first pilot showed how often each fault does harm; everything before is unchanged.
    """
    first, curved, slow = 100, 7, 6
    bases = [_base_plan(block, place, rng, _is_curved) for place in range(curved)]
    bases = [
        _named(change(base, "data", positive_share=None), "curved", place) for place, base in enumerate(bases)
    ]
    yield from bases
    yield from _faulted(block, "insufficient_capacity", bases, rng, ("no activation",), first)
    bases = [_named(_short_plan(block, place, rng, _is_slow), "shorter", place) for place in range(slow)]
    yield from bases
    yield from _faulted(block, "class_imbalance", bases, rng, ("1 % positive", "2 % positive"), first)
    for recipe in SUPPLEMENT:
        for place in range(recipe.runs):
            yield _from_recipe(block, recipe, place, rng)


def _named(plan: TrainingPlan, name: str, place: int) -> TrainingPlan:
    plan_id = f"{plan.block}-{name}-{place:02d}"
    return replace(plan, plan_id=plan_id, experiment=plan_id)


def _is_curved(architecture: str, data_set: str) -> bool:
    """Whether a linear model of the data is at chance, and the network can do without its activations."""
    is_curved = data_set in {"circles", "quantiles", "parity", "hidden_xor", "latent_agreement"}
    return is_curved and ARCHITECTURES[architecture].stratum in {"shallow", "usual"}


def _is_slow(architecture: str, data_set: str) -> bool:
    """Whether plain gradient descent takes its time with the data."""
    slow = {"order", "bars", "quantiles", "hidden_xor", "digits_eight", "last_word", "latent_agreement"}
    return data_set in slow and _is_delicate(architecture, data_set)


def _is_delicate(architecture: str, data_set: str) -> bool:
    easy = DATA_SETS[data_set].is_linear and data_set not in {"weak_linear", "diabetes_high"}
    quick = ARCHITECTURES[architecture].stratum in {"usual", "convolutional", "token"}
    return not easy and quick and data_set != "parity"


def _experiment_size(fault: Fault, rng: np.random.Generator) -> int:
    return SWEEP if fault.in_data else int(_pick(rng, ((1, 0.7), (2, 0.3))))


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
        logging=_logging(plan.network.head, plan.optimiser.epochs, rng),
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


@dataclass(frozen=True)
class Recipe:
    """Plans without an injected fault that are worth having.

    Attributes
    ----------
    kind
        Their word in ``TrainingPlan.kind``.
    runs
        Number per block.
    suits
        (architecture, data set) -> whether the pair serves.
    adapt
        Changes a base plan into one of these.
    """

    kind: str
    runs: int
    suits: Callable[[str, str], bool]
    adapt: Callable[[TrainingPlan, np.random.Generator], TrainingPlan]


def _from_recipe(block: str, recipe: Recipe, place: int, rng: np.random.Generator) -> TrainingPlan:
    plan = recipe.adapt(_base_plan(block, place, rng, recipe.suits), rng)
    number = (RECIPES + SUPPLEMENT).index(recipe)
    plan_id = f"{block}-{recipe.kind}-{number}-{place:02d}"
    logging = _logging(plan.network.head, plan.optimiser.epochs, rng)
    return replace(plan, plan_id=plan_id, experiment=plan_id, kind=recipe.kind, logging=logging)


def _drawn(data_set: str) -> bool:
    return not DATA_SETS[data_set].is_bundled and DATA_SETS[data_set].stratum not in {"saddle", "positions"}


def _hard(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Flip so many labels that the best possible skill lies between 0.05 and 0.2."""
    flipped = float(rng.choice([0.25, 0.28, 0.31, 0.34]))  # 1 - H(flipped) / ln 2: 0.19, 0.14, 0.11, 0.08
    plan = change(plan, "data", rows=2100, positive_share=None, flipped_share=flipped)
    plan = change(plan, "network", width=min(plan.network.width, 12), dropout=0.0, loss="crossentropy")
    epochs = int(rng.choice([8, 10, 15, 20, 30]))
    return change(plan, "optimiser", epochs=epochs, class_weight=None, patience=None)


def _imbalanced(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    share = float(rng.choice([0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4]))
    plan = change(plan, "data", rows=2800, positive_share=share)
    weighted = rng.random() < 0.4
    weight = (1.0, round((1 - share) / share, 2)) if weighted else None
    epochs = int(rng.choice([10, 15, 20, 30, 50]))
    return change(plan, "optimiser", epochs=epochs, class_weight=weight, patience=None)


def _overfitting(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Few rows with many wrong labels, a wide network and many epochs."""
    flipped, rows = float(rng.choice([0.25, 0.35, 0.42])), int(rng.choice([84, 140, 210]))
    plan = change(plan, "data", rows=rows, positive_share=None, flipped_share=flipped)
    plan = change(
        plan, "network", width=2 * ARCHITECTURES[plan.network.architecture].width[1], dropout=0.0, l2=0.0
    )
    epochs = int(rng.choice([50, 80, 120, 200]))
    return change(plan, "optimiser", epochs=epochs, batch_size=16, class_weight=None, patience=None)


def _saddle(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Train on a label that no single column says anything about: the loss stands, then falls."""
    plan = change(plan, "network", dropout=0.0, activation="relu", loss="crossentropy", l2=0.0)
    slow = {"hidden_xor": 0.5}.get(plan.data.name, 1.0)
    rate, epochs = slow * float(rng.choice([0.012, 0.02, 0.03])), int(rng.choice([40, 60, 80]))
    return _unhurried(plan, name="sgd", learning_rate=rate, epochs=epochs, batch_size=32)


def _small_weights(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Start so near to zero that all units must first grow out of it."""
    scale, rate = float(rng.choice([0.01, 0.03, 0.06])), float(rng.choice([0.01, 0.02, 0.04]))
    plan = change(plan, "data", positive_share=None)
    plan = change(
        plan, "network", kernel_initializer=f"normal:{scale}", dropout=0.0, activation="tanh", l2=0.0
    )
    return _unhurried(
        plan, name="sgd", learning_rate=rate, epochs=int(rng.choice([20, 30, 50])), batch_size=32
    )


def _warmup(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Take a rate a thousandth as large at first, and first outputs near one half."""
    share, epochs = float(rng.choice([0.3, 0.45, 0.6])), int(rng.choice([20, 30, 50]))
    plan = change(plan, "data", positive_share=None)
    plan = change(plan, "network", kernel_initializer="normal:0.1", loss="crossentropy")
    return _unhurried(plan, name="adam", schedule=f"warmup:{share}", learning_rate=5e-3, epochs=epochs)


def _deep_sigmoid(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Let gradients vanish at first, and overcome that with many steps of Adam."""
    plan = change(plan, "network", activation="sigmoid", kernel_initializer="glorot_uniform", dropout=0.0)
    rate, epochs = float(rng.choice([0.002, 0.004, 0.008])), int(rng.choice([40, 60, 100]))
    return _unhurried(plan, name="adam", learning_rate=rate, epochs=epochs, batch_size=32)


def _unhurried(plan: TrainingPlan, **values: Any) -> TrainingPlan:
    return change(plan, "optimiser", **{"schedule": "", "class_weight": None, "patience": None} | values)


def _is_wide(architecture: str, data_set: str) -> bool:
    wide = {"latent_agreement", "classification", "diabetes_high", "breast_cancer"}
    images = DATA_SETS[data_set].kind is Kind.IMAGE
    return (data_set in wide or images) and ARCHITECTURES[architecture].stratum not in {"deep", "shallow"}


def _is_deep(architecture: str, data_set: str) -> bool:
    return ARCHITECTURES[architecture].stratum == "deep" and DATA_SETS[data_set].stratum not in {
        "saddle",
        "small",
    }


def _is_deep_enough(architecture: str, data_set: str) -> bool:
    plain = (
        ARCHITECTURES[architecture].stratum in {"usual", "convolutional"} or architecture == "embedding_conv"
    )
    return plain and DATA_SETS[data_set].stratum not in {"saddle", "small"}


RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe("hard", 14, lambda architecture, data: _drawn(data) and "mlp8" not in architecture, _hard),
    Recipe("imbalanced", 18, lambda _architecture, data: _drawn(data), _imbalanced),
    Recipe("overfitting", 16, _is_wide, _overfitting),
    Recipe("escaped", 9, lambda _architecture, data: DATA_SETS[data].stratum == "saddle", _saddle),
    Recipe("escaped", 7, _is_deep_enough, _small_weights),
    Recipe("escaped", 6, lambda _architecture, data: _drawn(data), _warmup),
    Recipe("escaped", 10, _is_deep, _deep_sigmoid),
)
"""All recipes; plan ids hold their position."""


def _slow_sigmoid(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Take as many epochs as a deep sigmoid network needs to get going, and a few more."""
    plan = change(plan, "network", activation="sigmoid", kernel_initializer="glorot_uniform", dropout=0.0)
    plan = change(plan, "data", rows=1050)
    deeper = plan.network.architecture == "mlp8"
    rates, lengths = ([0.003, 0.005], [60, 100]) if deeper else ([0.001, 0.0015, 0.002], [20, 30, 40])
    return _unhurried(
        plan,
        name="adam",
        learning_rate=float(rng.choice(rates)),
        epochs=int(rng.choice(lengths)),
        batch_size=32,
    )


def _narrow_saddle(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Have too few units to find a way out at once, but enough to find one."""
    plan = change(plan, "data", positive_share=None, rows=1400)
    plan = change(plan, "network", width=int(rng.choice([2, 3, 4])), activation="tanh", dropout=0.0, l2=0.0)
    epochs = int(rng.choice([20, 30, 40]))
    return _unhurried(
        plan, name="adam", learning_rate=float(rng.choice([1e-3, 2e-3])), epochs=epochs, batch_size=32
    )


SUPPLEMENT: Final[tuple[Recipe, ...]] = (
    Recipe("escaped", 8, _is_deep, _slow_sigmoid),
    Recipe("escaped", 8, _is_curved, _narrow_saddle),
)
"""Recipes added after the pilot."""

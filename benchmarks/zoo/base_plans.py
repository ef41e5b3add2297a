"""Draws plans that should learn: what is common to all of a block's plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.datasets import DATA_SETS
from benchmarks.zoo.faults import RATES, change
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.rows import Kind
from benchmarks.zoo.split import ARCHITECTURES_OF, DATA_SETS_OF
from benchmarks.zoo.suitability import fits, is_delicate, is_plentiful

NO_FAULT: Final = "none"

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
    "checkerboard": 20,
    "first_is_last": 60,
    "neighbours": 40,
    "pair_products": 20,
    "spirals": 20,
    "topics": 10,
    "after_marker": 30,
    "bands": 20,
    "ends_high": 30,
    "segments_odd": 15,
    "sums_agree": 50,
    "categories_match": 30,
    "last_switch": 20,
    "letters_vowel": 15,
    "macro_unemployed": 10,
    "rings_gap": 10,
    "sectors": 20,
    "alarm_early": 20,
    "births_high": 15,
    "chevrons": 15,
    "dice_odd": 15,
    "islands": 20,
    "lit_side": 10,
    "range_wide": 15,
    "turns_left": 30,
    "dose_by_kind": 20,
    "gauge_off": 15,
    "horizon_high": 10,
    "motif_forward": 15,
    "recent_mood": 10,
    "score_loops": 10,
    "sunspots_rise": 15,
    "target_rings": 30,
    "triangles_up": 15,
}
"""Epochs below which a data set is not learned even by a good plan."""

MOST_EPOCHS: Final[dict[str, int]] = {
    "anes96_vote": 30,
    "autompg_economical": 50,
    "fair_affairs": 10,
    "friedman_high": 50,
    "star98_above": 20,
    "topic_counts": 10,
    "topics": 30,
    "boston_high": 80,
    "ends_high": 50,
    "randhie_visits": 10,
    "weighted_words": 20,
    "customers_leave": 15,
    "macro_unemployed": 80,
    "reviews": 20,
    "trip_taken": 30,
    "elnino_warm": 15,
    "births_high": 80,
    "trend_up": 20,
    "range_wide": 80,
    "spam": 10,
    "baskets": 10,
    "histogram_right": 20,
    "horizon_high": 30,
    "photo_hues": 20,
    "recent_mood": 50,
    "score_loops": 50,
    "sunspots_rise": 80,
    "triangles_up": 30,
}
"""Epochs above which even a good plan learns a data set by heart."""

LARGE: Final = frozenset(
    {
        *("customers_leave", "dice_odd", "fair_affairs", "first_is_last", "letters_vowel", "randhie_visits"),
        "target_rings",
    }
)
"""Data sets that need as many rows as those of the stratum "saddle"."""

SADDLE_ROWS: Final = 1400
"""Rows that data of the stratum "saddle" need."""


def pick(rng: np.random.Generator, table: tuple[tuple[Any, float], ...]) -> Any:
    """Draw one of (value, weight)."""
    weights = np.array([weight for _, weight in table])
    return table[int(rng.choice(len(table), p=weights / weights.sum()))][0]


def pair_of(
    block: str, place: int, rng: np.random.Generator, suits: Callable[[str, str], bool] | None = None
) -> tuple[str, str]:
    """Return (data set, architecture): data sets in turn, architectures at random."""
    suits = suits or (lambda _architecture, _data_set: True)
    pairs = {
        data_set: [
            name for name in sorted(ARCHITECTURES_OF[block]) if fits(name, data_set) and suits(name, data_set)
        ]
        for data_set in sorted(DATA_SETS_OF[block])
    }
    usable = [data_set for data_set, names in pairs.items() if names]
    data_set = usable[place % len(usable)]
    return data_set, str(rng.choice(pairs[data_set]))


def base_plan(
    block: str,
    place: int,
    rng: np.random.Generator,
    suits: Callable[[str, str], bool] | None = None,
) -> TrainingPlan:
    """Return a plan that should learn."""
    data_set, architecture = pair_of(block, place, rng, suits)
    drawn = max(pick(rng, EPOCHS + LONG_EPOCHS), FEWEST_EPOCHS.get(data_set, 0))
    epochs = min(drawn, MOST_EPOCHS.get(data_set, drawn))
    plan_id = f"{block}-base-{place:02d}"
    share = pick(rng, ((None, 0.65), (0.4, 0.1), (0.3, 0.1), (0.2, 0.1), (0.1, 0.05)))
    if DATA_SETS[data_set].stratum in {"saddle", "small"}:
        share = None  # too few rows, or too hard, with one class thinned out
    head = pick(rng, (("sigmoid", 0.65), ("logits", 0.2), ("softmax2", 0.15)))
    loss = "crossentropy" if head == "softmax2" else pick(rng, _LOSSES)
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
            flipped_share=0.0 if share or not is_plentiful(data_set) else pick(rng, _LABEL_NOISE),
        ),
        network=_network(architecture, head, loss, rng),
        optimiser=_optimiser(data_set, architecture, epochs, share, rng),
        logging=logging_plan(head, epochs, rng),
    )


_LABEL_NOISE: Final = ((0.0, 0.65), (0.05, 0.15), (0.15, 0.2))
"""Shares of wrong labels in data that can be learned: real labels have some."""

_LOSSES: Final = (("crossentropy", 0.88), ("smoothed", 0.07), ("focal", 0.05))


def _rows(data_set: str, rng: np.random.Generator) -> int:
    if DATA_SETS[data_set].stratum == "saddle" or data_set in LARGE:
        return SADDLE_ROWS
    if DATA_SETS[data_set].kind is Kind.SEQUENCE:
        return int(rng.choice([700, 1050]))
    return int(rng.choice([350, 560, 700, 1050]))


def _network(architecture: str, head: str, loss: str, rng: np.random.Generator) -> NetworkPlan:
    low, high = ARCHITECTURES[architecture].width
    width = int(rng.choice([low, (low + high) // 2, high]))
    deep = ARCHITECTURES[architecture].stratum == "deep"
    activation = "relu" if deep else pick(rng, (("relu", 0.75), ("tanh", 0.25)))
    kernel = "he_normal" if deep else "glorot_uniform"
    return NetworkPlan(
        architecture,
        width,
        activation=activation,
        kernel_initializer=kernel,
        head=head,
        loss=loss,
        l2=pick(rng, ((0.0, 0.85), (1e-4, 0.1), (1e-3, 0.05))),
        dropout=0.0 if deep else pick(rng, ((0.0, 0.75), (0.2, 0.25))),
    )


def _optimiser(
    data_set: str, architecture: str, epochs: int, share: float | None, rng: np.random.Generator
) -> OptimiserPlan:
    stratum = ARCHITECTURES[architecture].stratum
    adaptive = (("adam", 0.7), ("rmsprop", 0.3))
    anyone = (("adam", 0.4), ("rmsprop", 0.2), ("sgd", 0.1), ("momentum", 0.2), ("adagrad", 0.1))
    delicate = stratum in {"deep", "recurrent", "token"} or DATA_SETS[data_set].stratum == "saddle"
    name = pick(rng, adaptive if delicate else anyone)
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
        schedule=pick(rng, (("", 0.8), ("reduce_on_plateau", 0.12), ("decay", 0.08))),
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


def logging_plan(head: str, epochs: int, rng: np.random.Generator) -> LoggingPlan:
    """Draw what a user logs of a training with this head."""
    metrics = pick(rng, _METRICS)
    if head == "softmax2":
        metrics = metrics[:1]  # Keras' other metrics do not take two columns beside sparse labels
    arrays = rng.random() < (0.5 if epochs <= 30 else 0.15)
    validation = pick(rng, (("none", 0.25), ("data", 0.45), ("split", 0.3)))
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


def short_plan(
    block: str,
    place: int,
    rng: np.random.Generator,
    suits: Callable[[str, str], bool] | None = None,
) -> TrainingPlan:
    """Return a plan that learns balanced data just in time, by plain gradient descent.

    Adam, or a long training, learns from 1 % of positives too on nearly all data here. Plain gradients
    shrink with the share of positives, so this is where class imbalance does its harm.
    """
    plan = base_plan(block, place, rng, suits or is_delicate)
    rows = 1400
    plan = change(plan, "data", rows=rows, positive_share=None, flipped_share=0.0)
    plan = change(
        plan, "network", head="sigmoid", loss="crossentropy", dropout=0.0, activation="relu", l2=0.0
    )
    rate = {Kind.TABLE: 0.05, Kind.IMAGE: 0.05, Kind.SEQUENCE: 0.2}[DATA_SETS[plan.data.name].kind]
    epochs = int(rng.choice([12, 16, 20]))
    plan = unhurried(plan, name="sgd", learning_rate=rate, epochs=epochs, batch_size=32)
    plan_id = f"{block}-short-{place:02d}"
    return replace(plan, plan_id=plan_id, experiment=plan_id)


def unhurried(plan: TrainingPlan, **values: Any) -> TrainingPlan:
    """Return the plan without a schedule, class weights or an early end, and with these values."""
    return change(plan, "optimiser", **{"schedule": "", "class_weight": None, "patience": None} | values)

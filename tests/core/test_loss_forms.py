"""Losses that are no plain mean in nats: focal, summed over a batch, in bits."""

from __future__ import annotations

import numpy as np
import pytest
from made_runs import LIMITS, LN_2, Values, curve, curve_set, jitter, settings_of

from mlflow_bce_monitor.chance.level import focal_chance_level
from mlflow_bce_monitor.chance.loss_form import PLAIN, LossForm, form_of
from mlflow_bce_monitor.curves import Role

FOCAL = focal_chance_level(0.5, 2.0)
COIN = 0.5 + jitter(10, 0.02, 0)


def form(loss: Values, accuracy: Values | None = None, **params: str) -> LossForm:
    """Return the form of a loss that stands beside an accuracy."""
    companions = [] if accuracy is None else [curve(accuracy, Role.ACCURACY)]
    return form_of(curve_set(curve(loss), *companions), settings_of(**params), LIMITS)


@pytest.mark.parametrize(
    ("loss", "accuracy", "params", "gamma", "scale"),
    [
        ([LN_2] * 10, COIN, {}, 0.0, 1.0),
        ([0.325] * 10, [0.9] * 10, {}, 0.0, 1.0),
        ([FOCAL] * 10, COIN, {}, 2.0, 1.0),  # below ln 2 times the error rate: no cross-entropy is
        (np.linspace(FOCAL, 0.02, 10), np.linspace(0.5, 0.95, 10), {}, 2.0, 1.0),
        ([0.4] * 10, [0.5] * 10, {"focal_gamma": "1.5"}, 1.5, 1.0),  # said so
        (32.0 * LN_2 + jitter(10, 0.2, 1), COIN, {"batch_size": "32"}, 0.0, 32.0),
        (32.0 * LN_2 + jitter(10, 0.2, 1), COIN, {}, 0.0, 1.0),  # of no known batch
        (1.0 + jitter(10, 0.001, 1), COIN, {}, 0.0, 1.0 / LN_2),  # one bit
        (1.0 + jitter(10, 0.001, 1), [0.9] * 10, {}, 0.0, 1.0),
        (np.linspace(2.0, 1.0, 10), COIN, {}, 0.0, 1.0),
        ([0.7, 0.6], [0.5, 0.5], {}, 0.0, 1.0),
        ([LN_2] * 10, None, {}, 0.0, 1.0),
        ([0.0] * 10, COIN, {}, 0.0, 1.0),  # a loss of zero is no focal start
    ],
)
def test_forms(
    loss: Values, accuracy: Values | None, params: dict[str, str], gamma: float, scale: float
) -> None:
    """The form follows from what the errors allow and from where the loss stands."""
    found = form(loss, accuracy, **params)
    assert (found.gamma, found.scale) == (gamma, pytest.approx(scale))
    assert bool(found.reason) == (found != PLAIN)


def test_class_weights_leave_the_form_alone() -> None:
    """Weights below 1 bring a loss under the bound of the errors as well, so nothing is inferred then."""
    assert form([FOCAL] * 10, COIN, class_weight="{0: 0.2, 1: 0.3}") == PLAIN

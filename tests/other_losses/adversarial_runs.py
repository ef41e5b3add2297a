"""A generative adversarial network of four numbers: real points are normal, made ones are as well.

The generator moves and scales noise; the discriminator is a logistic regression on a point and
its square, which is the best there can be for two normal distributions. Gradients are exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

BATCH = 128
STEPS_AN_EPOCH, EPOCHS = 15, 50
REAL_MEAN, REAL_SCALE = 1.5, 0.7
JUDGE_RATE, JUDGE_DECAY = 2.0, 0.5
"""Of the generator's rate: the judge is faster, and a little decay keeps the game from going in circles."""


def play(rate: float, *, summed: bool, frozen_generator: bool = False) -> str:
    """Play one game, logged once an epoch as a Keras ``train_step`` is, and return its run id."""
    import mlflow  # noqa: PLC0415 - only when something is trained

    random = np.random.default_rng(4)
    made, judge = np.array([0.0, 1.0]), np.zeros(3)
    with mlflow.start_run() as run:
        for epoch in range(EPOCHS):
            losses = []
            for _ in range(STEPS_AN_EPOCH):
                noise = random.normal(size=BATCH)
                real = features(REAL_MEAN + REAL_SCALE * random.normal(size=BATCH))
                fake = features(made[0] + made[1] * noise)
                says_real, says_fake = real @ judge, fake @ judge
                terms = np.logaddexp(0, -says_real).mean(), np.logaddexp(0, says_fake).mean()
                slope = (fake.T @ expit(says_fake) - real.T @ expit(-says_real)) / BATCH
                judge = (judge - JUDGE_RATE * rate * slope) * (1.0 - JUDGE_DECAY * rate)
                points = made[0] + made[1] * noise
                fooled = features(points) @ judge
                towards = -expit(-fooled) * (judge[1] + 2.0 * judge[2] * points)
                if not frozen_generator:
                    made = made - rate * np.array([towards.mean(), (towards * noise).mean()])
                losses.append((sum(terms) / (1 if summed else 2), np.logaddexp(0, -fooled).mean()))
            d_loss, g_loss = np.mean(losses, axis=0)
            mlflow.log_metrics({"d_loss": float(d_loss), "g_loss": float(g_loss)}, step=epoch)
    return str(run.info.run_id)


def features(points: np.ndarray) -> np.ndarray:
    """Return what the discriminator sees of points, shape (n_points, 3)."""
    return np.stack([np.ones_like(points), points, points**2], axis=1)


def games(*, summed: bool) -> dict[str, str]:
    """Play to an equilibrium, against a generator that stands still, and with rates next to nothing."""
    return {
        "equilibrium": play(0.05, summed=summed),
        "one-sided": play(0.05, summed=summed, frozen_generator=True),
        "tiny rates": play(1e-8, summed=summed),
    }


TRAININGS: dict[str, Callable[[], dict[str, str]]] = {
    "gan, mean of two terms": lambda: games(summed=False),
    "gan, sum of two terms": lambda: games(summed=True),
}

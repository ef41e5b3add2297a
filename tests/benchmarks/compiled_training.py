"""Run by a test in a process of its own: trains one small plan in several ways and prints the skills."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import keras
import numpy as np
from test_remedies_benchmark import PLAN

from benchmarks.remedies.changed import Changed
from benchmarks.remedies.heads import row_losses
from benchmarks.remedies.trial import Workshop

SCORES = np.array([[-2.0], [0.3], [1.5], [4.0]], dtype=np.float32)
LABELS = np.array([0.0, 1.0, 0.0, 1.0], dtype=np.float32)


def losses_of_keras() -> list[float]:
    """Return Keras' losses of the scores: of logits, with smoothing, focal, and of a tanh output."""
    column = LABELS[:, None]
    plain = keras.losses.BinaryCrossentropy(from_logits=True)
    smoothed = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    focal = keras.losses.BinaryFocalCrossentropy(from_logits=True)
    return [
        float(plain(column, SCORES)),
        float(smoothed(column, SCORES)),
        float(focal(column, SCORES)),
        float(keras.losses.BinaryCrossentropy()(column, np.tanh(SCORES))),
    ]


def main() -> None:
    """Train, and print one line of JSON."""
    workshop = Workshop()

    def skills(changed: Changed, repetitions: tuple[int, ...] = (0, 1)) -> list[float]:
        return [measured.balanced_skill for measured in workshop.train(changed, repetitions)]

    sound = Changed(replace(PLAN, optimiser=replace(PLAN.optimiser, learning_rate=0.01)))
    frozen = replace(PLAN, network=replace(PLAN.network, frozen="all"))
    shuffled = replace(PLAN, data=replace(PLAN.data, labels_shuffled=True))
    pairs = [
        ("sigmoid", "crossentropy"),
        ("sigmoid", "smoothed"),
        ("logits", "focal"),
        ("tanh", "crossentropy"),
    ]
    found = {
        "sound": skills(sound),
        "again": skills(sound),
        "other seeds": skills(sound, (2, 3)),
        "weighted": skills(replace(sound, balanced=True)),
        "frozen": skills(Changed(frozen)),
        "frozen, rate x 100": skills(
            Changed(replace(frozen, optimiser=replace(PLAN.optimiser, learning_rate=0.1)))
        ),
        "shuffled": skills(Changed(shuffled)),
        "losses": [float(np.mean(row_losses(head, loss, SCORES, LABELS))) for head, loss in pairs],
        "losses of keras": losses_of_keras(),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

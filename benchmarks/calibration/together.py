"""The scorecard of causes, beside the rules: which facts it looks at, and what the pool of both says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from scipy.special import softmax

from benchmarks.calibration.fit import probabilities
from benchmarks.calibration.samples import Sample
from benchmarks.scorecard.stumps import Answered, fit_stumps, gains, numbers_of
from mlflow_bce_monitor.calibration import Calibration
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.pooling import POOLED, is_fitted_on
from mlflow_bce_monitor.scorecards import Scorecard

NOT_ASKED: Final = frozenset(
    {
        *("n_points", "n_epochs", "n_train", "n_validation", "n_features", "n_parameters"),
        *("inside_rows", "inside_validation_rows", "inside_reference_rows", "inside_batch_rows"),
        *("inside_parameters", "inside_trainable_parameters", "inside_epoch_labels", "inside_overhead"),
        *("share_known", "pretrained", "boosted_trees", "adversarial"),
    }
)
"""What was planned or logged, which says more about the zoo than about a cause; the rules ask what they need
of it. Nor are the other runs of an experiment asked about: those of the zoo were planned together."""

SIBLINGS: Final = "sibling"

N_FACTS: Final = 60
"""Facts that are kept, of those that tell most: with all of them the pool is no better."""

SETTINGS: Final[dict[str, Any]] = {"n_estimators": 150, "learning_rate": 0.1, "colsample_bytree": 0.4}


def fit_together(samples: Sequence[Sample]) -> Scorecard:
    """Return the scorecard of causes; a run with several true causes counts as a part of a run for each."""
    names = sorted({name for one in samples for name in one.facts if _is_asked(name)})
    rows = [(one, cause) for one in samples for cause in sorted(one.targets)]
    answers = sorted({cause for _, cause in rows})
    runs = Answered(
        names,
        numbers_of((one.facts for one, _ in rows), names),
        [answers.index(cause) for _, cause in rows],
        [one.weight / len(one.targets) for one, _ in rows],
    )
    told = gains(runs, **SETTINGS)
    kept = sorted(sorted(names, key=lambda name: -told[name])[:N_FACTS])
    # What somebody logged is no evidence of what went wrong.
    return fit_stumps(runs.only(kept), answers, unknown_tells=False, **SETTINGS)


def _is_asked(name: str) -> bool:
    return name in CATALOGUE and name not in NOT_ASKED and not name.startswith(SIBLINGS)


def pooled_probabilities(sample: Sample, calibration: Calibration, scorecard: Scorecard) -> dict[str, float]:
    """Return cause to probability of one sample in the pool of both opinions, ``unknown`` included."""
    by_rules = probabilities(sample, calibration)
    evidence = Evidence(tuple(Fact(name, value, "zoo", Tier.RUN) for name, value in sample.facts.items()))
    if not is_fitted_on(evidence):
        return by_rules  # as the diagnosis does
    together = scorecard.score(evidence).log_odds
    log_odds = {
        cause: POOLED * (math.log(probability) + together[cause])
        if cause in together
        else math.log(probability)
        for cause, probability in by_rules.items()
    }
    return dict(zip(log_odds, softmax(list(log_odds.values())).tolist(), strict=True))

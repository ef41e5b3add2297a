"""The outer contract: names that other people's scripts depend on.

Nothing here may change without a major version. See ``docs/contract.md``.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Verdict(str, Enum):
    """What a run is doing, judged at its last point."""

    LEARNING = "learning"
    ESCAPED = "escaped"
    SLOW = "slow"
    STALLED = "stalled"
    UNSTABLE = "unstable"
    DIVERGED = "diverged"
    OVERFITTING = "overfitting"
    INCONSISTENT = "inconsistent"
    BENIGN = "benign"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"

    # As equal as its word, and without a call from Python for every look-up.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value


VERDICT_MEANING: Final[dict[Verdict, str]] = {
    Verdict.LEARNING: "the loss is below its chance level by more than noise",
    Verdict.ESCAPED: "it stood on a plateau at chance, then learned",
    Verdict.SLOW: "near chance, but still improving measurably",
    Verdict.STALLED: "at chance and flat at the end",
    Verdict.UNSTABLE: "the loss jumps up and down so much that its end says little",
    Verdict.DIVERGED: "the loss is NaN, infinite, or stuck far above chance",
    Verdict.OVERFITTING: "skill on the training data, none on the validation data",
    Verdict.INCONSISTENT: "the loss and the predictions contradict each other",
    Verdict.BENIGN: "at chance where that is normal",
    Verdict.INCONCLUSIVE: "not enough points to tell",
    Verdict.NOT_APPLICABLE: "no binary cross-entropy curve was logged",
}

FLAGGED: Final[frozenset[Verdict]] = frozenset(
    {
        Verdict.SLOW,
        Verdict.STALLED,
        Verdict.UNSTABLE,
        Verdict.DIVERGED,
        Verdict.OVERFITTING,
        Verdict.INCONSISTENT,
    }
)
"""Verdicts that ask a person to act: these runs get a report by default."""

EXPLAINED: Final[frozenset[Verdict]] = FLAGGED | {Verdict.BENIGN}
"""Verdicts that have a cause: trouble, and the normal states that look like it."""

UNKNOWN: Final = "unknown"
"""The cause of a troubled run that the evidence cannot name."""

NO_CAUSE: Final = "none"
"""The cause of a run that is not in trouble."""

CAUSES: Final[tuple[str, ...]] = (
    "class_imbalance",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "insufficient_capacity",
    "no_signal",
    "dead_relu",
    "vanishing_gradients",
    "zero_initialization",
    "frozen_parameters",
    "over_regularization",
    "constant_inputs",
    "unscaled_inputs",
    "output_loss_mismatch",
    "too_few_steps",
    "too_few_rows",
    "policy_equals_reference",
    "masked_labels",
    "adversarial_equilibrium",
    UNKNOWN,
    NO_CAUSE,
)


class Tier(str, Enum):
    """The deepest source that a diagnosis could draw on."""

    CURVE = "curve"
    RUN = "run"
    MONITOR = "monitor"
    MODEL = "model"
    RERUN = "rerun"

    # As equal as its word, and without a call from Python for every look-up.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value


TAG_PREFIX: Final = "bce."
METRIC_PREFIX: Final = "bce/"

TAG_VERDICT: Final = "bce.verdict"
TAG_FLAGGED: Final = "bce.flagged"
"""Whether the verdict asks a person to act: MLflow's search knows no OR, and sorts tags by their letters."""
TAG_CAUSE: Final = "bce.cause"
TAG_CONFIDENCE: Final = "bce.confidence"
TAG_SKILL: Final = "bce.skill"
TAG_CHANCE_LEVEL: Final = "bce.chance_level"
TAG_METRIC: Final = "bce.metric"
TAG_ADVICE: Final = "bce.advice"
TAG_TIER: Final = "bce.tier"
TAG_FINGERPRINT: Final = "bce.fingerprint"
TAG_VERSION: Final = "bce.version"
TAG_ALERTED: Final = "bce.alerted"
"""The verdicts that were posted to a webhook, so that none is posted twice."""
TAG_MONITOR: Final = "bce.monitor"
"""What the callback found out while the run was trained: no part of an answer."""

TAG_VERIFIED: Final = "bce.verified"
TAG_VERIFIED_GAIN: Final = "bce.verified_gain"
TAG_VERIFIED_INTERVAL: Final = "bce.verified_interval"
TAG_VERIFIED_CHANGE: Final = "bce.verified_change"
TAG_VERIFIED_BECAUSE: Final = "bce.verified_because"
TAG_VERIFIED_RUN: Final = "bce.verified_run"
"""On a diagnosed run: what came of its remedy, and the run that gathers the reruns."""

TAG_VERIFIES: Final = "bce.verifies"
TAG_ARM: Final = "bce.arm"
"""On the runs of a verification: the diagnosed run, and which training it is."""

TAG_RERUN: Final = "bce.rerun"
"""Set by a project on a run that is one of several: JSON of the entry point and params that make it alone."""

FLAGGED_YES: Final = "yes"
FLAGGED_NO: Final = "no"

METRIC_SKILL: Final = "bce/skill"
METRIC_PLATEAU_FRACTION: Final = "bce/plateau_fraction"
OWN_METRICS: Final = frozenset({METRIC_SKILL, METRIC_PLATEAU_FRACTION})
"""The evaluator's answers; other ``bce/...`` metrics are measurements and are read."""

ARTIFACT_FOLDER: Final = "bce_monitor"
ARTIFACT_REPORT: Final = "report.html"
ARTIFACT_CURVE: Final = "curve.png"
ARTIFACT_DIAGNOSIS: Final = "diagnosis.json"
ARTIFACT_PROBE: Final = "probe.json"
ARTIFACT_OVERVIEW: Final = "overview.html"
ARTIFACT_EVALUATION: Final = "evaluation.json"
ARTIFACT_VERIFICATION: Final = "verification"
"""Beginning of the names of a verification's files: page, Markdown, JSON and picture."""

EXIT_DONE: Final = 0
EXIT_VERDICT_FOUND: Final = 1
EXIT_USAGE: Final = 2
EXIT_SOME_FAILED: Final = 3


def is_answer_tag(tag: str) -> bool:
    """Whether a tag is part of an answer that was written to a run, which no later answer may rest on."""
    return tag.startswith(TAG_PREFIX) and tag != TAG_MONITOR

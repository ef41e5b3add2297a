"""One diagnosis for every verdict, written by hand: what the report stage is fed in its tests.

They are plausible, but nothing computed them; the end-to-end tests feed the report
what the real core says.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, Role, Split
from mlflow_bce_monitor.diagnosis import Diagnosis, Judgement, RankedCause, SkillEstimate
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.findings.finding import CurveFindings, Plateau, Spike
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.rules.rule import NotAssessed, RuledOut, Supported

LN_2: Final = math.log(2)
HOSTILE: Final = "<img src=x onerror=alert(1)>\"'</script>{{7*191}}$x^2$[b]\x1b[31m\u202e"
"""A name that tries every renderer: HTML, attributes, scripts, templates, mathtext, markup, terminals."""


def curve(
    values: Iterable[float], name: str = "loss", split: Split = Split.TRAIN, first_step: int = 0
) -> Curve:
    """Return a loss curve with one point a step."""
    array = np.array(list(values), dtype=np.float64)
    return Curve(name, Role.LOSS, split, np.arange(first_step, first_step + array.size), array)


def chance(
    value: float = LN_2,
    formula: str = "ln 2",
    share: float | None = 0.5,
    low: float | None = None,
    *,
    known: bool = True,
) -> ChanceEstimate:
    """Return a chance level: exact unless ``low`` or ``known`` says otherwise."""
    source = "params['positive_share']" if known else "neither the run nor --base-rate says"
    bounds = (share, share) if known and share is not None else (0.0, 1.0)
    return ChanceEstimate(
        value=value,
        low=value if low is None and known else low or 0.0,
        high=value,
        share=ShareEstimate(share if known else None, bounds[0], bounds[1], source),
        known=known,
        formula=formula,
    )


def findings(
    judged: Curve, plateaus: tuple[Plateau, ...] = (), spikes: tuple[Spike, ...] = (), slope: float = 0.0
) -> CurveFindings:
    """Return findings that match a curve as far as the report reads them."""
    finite = judged.finite
    broken = np.flatnonzero(~np.isfinite(judged.values))
    last = float(finite[-1]) if finite.size else None
    return CurveFindings(
        n_points=len(judged),
        n_finite=int(finite.size),
        first=float(finite[0]) if finite.size else None,
        last=last,
        best=float(finite.min()) if finite.size else None,
        final_loss=last,
        end_level=last,
        noise=float(np.median(np.abs(np.diff(finite)))) if finite.size > 1 else 0.0,
        end_slope_per_run=slope,
        end_slope_significant=slope != 0.0,
        plateaus=plateaus,
        spikes=spikes,
        non_finite_from=int(judged.steps[broken[0]]) if broken.size else None,
        ends_non_finite=bool(broken.size) and bool(broken[-1] == len(judged) - 1),
        constant_to_digit=False,
    )


def diagnosis(
    verdict: Verdict,
    loss: Curve | None,
    because: str = "",
    level: ChanceEstimate | None = None,
    plateau: Plateau | None = None,
    spikes: tuple[Spike, ...] = (),
    slope: float = 0.0,
    held_back: Curve | None = None,
    **changes: object,
) -> Diagnosis:
    """Return a diagnosis whose numbers follow from its curve."""
    level = chance() if level is None and loss is not None else level
    found = None if loss is None else findings(loss, () if plateau is None else (plateau,), spikes, slope)
    final = None if found is None else found.final_loss
    value = None if final is None or final < 0 or level is None else 1 - final / level.value
    skill = (
        None
        if value is None or level is None
        else SkillEstimate(value, value if level.known else -math.inf, value)
    )
    held_back_skill = None
    if held_back is not None and level is not None:
        held_back_value = 1 - float(held_back.finite[-1]) / level.value
        held_back_skill = SkillEstimate(held_back_value, held_back_value, held_back_value)
    made = Diagnosis(
        run_id="3f0c8e1d2b7a4c5e9f60718293a4b5c6",
        run_name="imbalanced_dataset-baseline",
        experiment_id="7",
        judgement=Judgement(verdict, 0.96, because),
        causes=(),
        metric=None if loss is None else loss.name,
        chance=level,
        train_chance=level,
        validation_chance=None if held_back is None else level,
        final_loss=final,
        skill=skill,
        validation_skill=held_back_skill,
        plateau=plateau,
        plateau_fraction=0.0 if plateau is None or loss is None else plateau.length / len(loss),
        tier=Tier.CURVE,
        missing=(),
        curves=CurveSet(
            loss,
            held_back,
            None if loss is None else LossCertainty.NAMED,
            {},
            "" if loss is None else "binary_crossentropy",
        ),
        findings=found,
        validation_findings=None,
        evidence=Evidence(),
        outcomes={},
        limits=LIMITS,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def learning() -> Diagnosis:
    """Return a run that learns."""
    return diagnosis(
        Verdict.LEARNING, curve(0.2 + 0.5 * np.exp(-np.arange(20) / 5)), "the loss is far below chance"
    )


def escaped() -> Diagnosis:
    """Return a run that stood at chance for 400 steps and then learned."""
    values = np.concatenate(
        [np.full(400, LN_2) + 0.004 * np.sin(np.arange(400)), 0.15 + 0.54 * np.exp(-np.arange(200) / 30)]
    )
    left = Plateau(0, 400, 0, 399, LN_2, at_chance=True)
    return diagnosis(
        Verdict.ESCAPED, curve(values, "train_logloss"), "it left chance at step 400", plateau=left
    )


def slow() -> Diagnosis:
    """Return a run that creeps."""
    values = LN_2 - 0.0004 * np.arange(30)
    causes = (
        RankedCause(
            "learning_rate_too_low",
            0.71,
            "the rate is 1e-6 and the loss falls as a straight line",
            "Raise the learning rate tenfold.",
        ),
        RankedCause("too_few_steps", 0.29, "only 30 steps were made", "Train longer."),
    )
    return diagnosis(
        Verdict.SLOW, curve(values), "it falls steadily, but by little", slope=-0.006, causes=causes
    )


def stalled() -> Diagnosis:
    """Return an imbalanced run stuck at H(0.1) from epoch 2 on, with everything a report can show."""
    values = np.array([0.412, 0.338, 0.3262, 0.3249, 0.3255, 0.3246, 0.3253, 0.3248, 0.3251, 0.3250])
    held_back = np.array([0.371, 0.332, 0.327, 0.3262, 0.3264, 0.3259, 0.3266, 0.3261, 0.3263, 0.3262])
    entropy = -(0.1 * math.log(0.1) + 0.9 * math.log(0.9))
    facts = (
        Fact("positive_share", 0.1, "params['positive_share']", Tier.RUN),
        Fact("recall", 0.0, "metric 'recall', last value", Tier.CURVE),
        Fact("learning_rate", 0.001, "params['opt_learning_rate']", Tier.RUN),
        Fact("n_epochs", 10, "params['epochs']", Tier.RUN),
        Fact("constant_loss", value=False, source="metric 'loss'", tier=Tier.CURVE),
    )
    return diagnosis(
        Verdict.STALLED,
        curve(values),
        "the last 8 of 10 points lie within 0.002 of the chance level and show no trend",
        chance(entropy, "H(0.100)", 0.1),
        Plateau(2, 10, 2, 9, 0.325, at_chance=True),
        held_back=curve(held_back, "val_loss", Split.VALIDATION),
        tier=Tier.RUN,
        causes=(
            RankedCause(
                "class_imbalance",
                0.55,
                "recall is 0 and 90% of the labels are negative",
                "Weight the rare class: class_weight={0: 1, 1: 9}.",
            ),
            RankedCause(
                "no_signal",
                0.26,
                "neither loss moves off chance, and AUC is 0.51",
                "Check that the features can predict the labels.",
            ),
            RankedCause(
                "insufficient_capacity",
                0.12,
                "64 hidden units are ample for 10 features",
                "Widen the hidden layer.",
            ),
            RankedCause(
                "unknown",
                0.07,
                "what the rules do not cover or could not assess",
                "Log more: see what is missing.",
            ),
        ),
        missing=("Log the spread of the predictions to tell a dead network from an absent signal.",),
        evidence=Evidence(facts),
        outcomes={
            "class_imbalance": Supported(
                2.1,
                "recall is 0 and 90% of the labels are negative",
                ("recall is 0", "90% of the labels are negative"),
                ("the AUC is 0.51",),
            ),
            "no_signal": Supported(1.2, "neither loss moves off chance, and AUC is 0.51"),
            "insufficient_capacity": Supported(-0.4, "64 hidden units are ample for 10 features"),
            "learning_rate_too_high": RuledOut("the loss never rose above its first value"),
            "learning_rate_too_low": RuledOut("the loss fell from 0.41 to chance within 2 epochs"),
            "dead_relu": NotAssessed(("gradient_norm",)),
        },
    )


def stalled_unknown_share() -> Diagnosis:
    """Return a run stuck near ln 2 whose share of positives nobody knows, after a huge first loss."""
    values = [6.56, *([0.7093, 0.7088, 0.7097] * 3)]
    causes = (
        RankedCause(
            "learning_rate_too_high",
            0.55,
            "the first loss is 6.56, then the curve is flat above ln 2",
            "Lower the learning rate to 0.001.",
        ),
        RankedCause(
            "unknown",
            0.45,
            "a curve alone cannot tell a dead network from constant inputs",
            "Log the spread of the predictions.",
        ),
    )
    return diagnosis(
        Verdict.STALLED,
        curve(values, "train_loss_epoch"),
        "the last 9 points are flat",
        chance(formula="at most ln 2: the share of positives is not known", known=False),
        Plateau(1, 10, 1, 9, 0.7093, at_chance=True),
        (Spike(0, 0, 6.56),),
        causes=causes,
        missing=("Log the share of positives as a param, or pass --base-rate.",),
    )


def weighted() -> Diagnosis:
    """Return a class-weighted run, whose two losses have chance levels far apart."""
    level = chance(1.8 * LN_2, "weighted, w0=1, w1=9, share 0.100", 0.1)
    held_back_level = chance(LN_2, "always predicting 0.500 where the share is 0.100", 0.1)
    values = [1.31, 1.26, 1.249, 1.247, 1.2476, 1.2478, 1.2475, 1.2477]
    held_back = curve([0.70, 0.69, 0.694, 0.693, 0.693, 0.6933, 0.693, 0.6931], "val_loss", Split.VALIDATION)
    made = diagnosis(
        Verdict.STALLED,
        curve(values),
        "flat",
        level,
        Plateau(2, 8, 2, 7, 1.2477, at_chance=True),
        held_back=held_back,
    )
    return dataclasses.replace(
        made, validation_chance=held_back_level, validation_skill=SkillEstimate(0.0, 0.0, 0.0)
    )


def unstable() -> Diagnosis:
    """Return a run that jumps, one spike a million times the rest."""
    values = 0.6 + 0.3 * np.sin(2.3 * np.arange(60))
    values[25] = 6e5
    return diagnosis(
        Verdict.UNSTABLE,
        curve(values),
        "the loss swings by a third of its size",
        spikes=(Spike(25, 25, 6e5),),
    )


def diverged() -> Diagnosis:
    """Return a run that ends in NaN."""
    values = [0.69, 0.66, 0.71, 1.9, 14.2, *([math.nan] * 7)]
    causes = (
        RankedCause(
            "learning_rate_too_high",
            0.88,
            "the loss rose twentyfold before it became NaN",
            "Lower the learning rate.",
        ),
    )
    return diagnosis(Verdict.DIVERGED, curve(values), "it ends in NaN", causes=causes)


def diverged_high() -> Diagnosis:
    """Return a run stuck at the error rate times 15.94."""
    return diagnosis(Verdict.DIVERGED, curve([3.1, 15.2, *([15.94] * 20)]), "it is stuck far above chance")


def overfitting() -> Diagnosis:
    """Return a run that memorises: the numbers are the validation loss', the findings the training loss'."""
    loss = curve(0.7 * np.exp(-np.arange(15) / 9))
    held_back = curve(0.69 + 0.02 * np.arange(15), "val_loss", Split.VALIDATION)
    causes = (
        RankedCause(
            "no_signal",
            0.8,
            "validation skill never left 0",
            "Check that the features can predict the labels.",
        ),
        RankedCause(
            "unknown",
            0.2,
            "what the rules do not cover or could not assess",
            "Log more: see what is missing.",
        ),
    )
    made = diagnosis(
        Verdict.OVERFITTING,
        loss,
        "training skill 0.79, validation skill -0.40",
        held_back=held_back,
        causes=causes,
    )
    return dataclasses.replace(
        made,
        metric="val_loss",
        final_loss=0.97,
        skill=made.validation_skill,
        evidence=Evidence((Fact("end_skill", 0.79, "metric 'loss'", Tier.CURVE),)),
    )


def inconsistent() -> Diagnosis:
    """Return a run whose loss and accuracy contradict each other."""
    causes = (
        RankedCause(
            "output_loss_mismatch",
            0.9,
            "the loss is low while every prediction is 1.0",
            "Use a sigmoid for one output unit.",
        ),
    )
    return diagnosis(
        Verdict.INCONSISTENT,
        curve([0.6, 0.45, 0.38, 0.33, 0.31, 0.3]),
        "the loss is 0.30 while accuracy stays at 0.50",
        causes=causes,
    )


def benign() -> Diagnosis:
    """Return a DPO run in its first steps."""
    return diagnosis(
        Verdict.BENIGN, curve([LN_2] * 12, "train/loss"), "policy and reference are still the same model"
    )


def inconclusive() -> Diagnosis:
    """Return a run with three points."""
    return diagnosis(Verdict.INCONCLUSIVE, curve([0.70, 0.69, 0.695]), "3 points")


def not_applicable() -> Diagnosis:
    """Return a run without a loss."""
    return dataclasses.replace(
        diagnosis(Verdict.NOT_APPLICABLE, None),
        curves=CurveSet(None, None, None, {}, "the run logged no loss; found: 'rmse', 'mae'"),
    )


def hostile() -> Diagnosis:
    """Return :func:`stalled` with every name and text a run could choose turned against the report."""
    base = stalled()
    loss, held_back = base.curves.loss, base.curves.validation_loss
    assert loss is not None
    assert held_back is not None
    renamed = (
        dataclasses.replace(loss, name=f"{HOSTILE} loss"),
        dataclasses.replace(held_back, name=f"{HOSTILE} val_loss"),
    )
    return dataclasses.replace(
        base,
        run_name=HOSTILE,
        metric=renamed[0].name,
        curves=dataclasses.replace(base.curves, loss=renamed[0], validation_loss=renamed[1], reason=HOSTILE),
        judgement=dataclasses.replace(base.judgement, because=f"it is flat ({HOSTILE})"),
        causes=tuple(
            dataclasses.replace(cause, because=HOSTILE, advice=f"Change {HOSTILE}") for cause in base.causes
        ),
        missing=(HOSTILE,),
        evidence=Evidence((Fact("optimizer", HOSTILE, f"params['{HOSTILE}']", Tier.RUN),)),
        outcomes={"no_signal": RuledOut(HOSTILE)},
    )


def endless(n_points: int = 1_000_000) -> Diagnosis:
    """Return a noisy run of many points with one extreme of each kind hidden inside."""
    noise = np.random.default_rng(0).normal(0.0, 0.02, n_points)
    values = LN_2 + noise
    values[n_points // 3] = 0.05
    values[2 * n_points // 3] = 1.6
    plateau = Plateau(0, n_points, 0, n_points - 1, LN_2, at_chance=True)
    return diagnosis(
        Verdict.STALLED,
        curve(values),
        "flat",
        plateau=plateau,
        held_back=curve(values[::2] + 0.05, "val_loss", Split.VALIDATION),
    )


EVERY_VERDICT: Final = {
    "learning": learning(),
    "escaped": escaped(),
    "slow": slow(),
    "stalled": stalled(),
    "stalled_unknown_share": stalled_unknown_share(),
    "weighted": weighted(),
    "unstable": unstable(),
    "diverged": diverged(),
    "diverged_high": diverged_high(),
    "overfitting": overfitting(),
    "inconsistent": inconsistent(),
    "benign": benign(),
    "inconclusive": inconclusive(),
    "not_applicable": not_applicable(),
}

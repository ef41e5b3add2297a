"""Which preference loss a run minimises, by the names and params of TRL's trainers."""

from __future__ import annotations

import pytest
from made_runs import LIMITS, Values, run

from mlflow_bce_monitor.curves import CurveSet, LossCertainty, PreferenceLoss, recognise
from mlflow_bce_monitor.settings import read_settings

LOSS = [0.69, 0.68, 0.66, 0.6, 0.55]
DPO = ["rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins", "logps/chosen"]
KTO = ["rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "kl"]
REWARD_MODEL = ["accuracy", "margin", "min_reward", "mean_reward", "max_reward"]
TRAINER = ["grad_norm", "learning_rate", "epoch"]


def recognised(companions: list[str], prefix: str = "", **params: str) -> CurveSet:
    """Return what is recognised in a run with a loss and these metrics."""
    metrics: dict[str, Values] = {f"{prefix}loss": LOSS}
    metrics |= {f"{prefix}{name}": [0.1, 0.2, 0.3, 0.4, 0.5] for name in companions}
    record = run(metrics, params=params)
    return recognise(record, read_settings(record), LIMITS)


@pytest.mark.parametrize("prefix", ["", "train/", "eval_"])
@pytest.mark.parametrize(
    ("companions", "params", "kind"),
    [
        (DPO, {}, PreferenceLoss.LOG_SIGMOID),
        (DPO, {"loss_type": "sigmoid", "beta": "0.1"}, PreferenceLoss.LOG_SIGMOID),
        (DPO, {"loss_type": "['sigmoid']"}, PreferenceLoss.LOG_SIGMOID),  # TRL 0.20 and later
        (DPO, {"loss_type": "robust", "label_smoothing": "0.1"}, PreferenceLoss.LOG_SIGMOID),
        (DPO, {"loss_type": "bco_pair"}, PreferenceLoss.TWO_LOG_SIGMOIDS),
        (DPO, {"loss_type": "kto_pair"}, PreferenceLoss.KTO),
        ([*DPO, "kl"], {}, PreferenceLoss.LOG_SIGMOID),  # pairs, whatever else was logged
        (KTO, {}, PreferenceLoss.KTO),
        (KTO[:-1], {"loss_type": "kto"}, PreferenceLoss.KTO),
        (KTO, {"loss_type": "apo_zero_unpaired"}, PreferenceLoss.KTO),
        (["rewards/margins"], {"loss_type": "my own"}, PreferenceLoss.LOG_SIGMOID),
        (REWARD_MODEL, {}, PreferenceLoss.REWARD_MODEL),
        (["accuracy", "margin", *TRAINER], {}, PreferenceLoss.REWARD_MODEL),  # before TRL logged rewards
    ],
)
def test_preference_losses_are_told_apart(
    companions: list[str], params: dict[str, str], kind: PreferenceLoss, prefix: str
) -> None:
    """The loss type decides where it is logged, and else what stands beside the loss."""
    found = recognised(companions, prefix, **params)
    assert found.preference is kind
    assert found.certainty is LossCertainty.NAMED
    assert found.loss is not None


@pytest.mark.parametrize(
    ("companions", "params", "reason"),
    [
        (DPO, {"loss_type": "hinge"}, "'hinge'"),
        (DPO, {"loss_type": "ipo"}, "'ipo'"),
        (DPO, {"loss_type": "['sigmoid', 'sft']"}, "no plain cross-entropy"),
        ([*DPO, "nll_loss"], {"loss_type": "sigmoid"}, "language-modelling"),  # ORPO, CPO, rpo_alpha
    ],
)
def test_other_preference_losses_are_not_judged(
    companions: list[str], params: dict[str, str], reason: str
) -> None:
    """A hinge, a square or a sum of terms has no level that is known here."""
    found = recognised(companions, **params)
    assert found.loss is None
    assert reason in found.reason


@pytest.mark.parametrize("companions", [["margin"], ["margin", "accuracy"], ["kl"], ["kl", "accuracy"]])
def test_a_margin_or_a_divergence_alone_is_no_preference(companions: list[str]) -> None:
    """Contrastive losses log margins and autoencoders divergences."""
    assert recognised(companions).preference is None

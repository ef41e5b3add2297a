"""Which preference loss a run minimises: names of TRL's trainers and their params.

Every preference loss compares two answers, or one answer with a reference, and has a level
that says "no difference yet". Where that level lies depends on the loss:

- DPO with ``loss_type`` "sigmoid" (Rafailov et al. 2023, arXiv:2305.18290, eq. 7), its robust,
  optimal-transport and binary-classifier kin, and reward models (Bradley-Terry): -ln sigmoid of
  a margin, ln 2 at a margin of zero;
- "bco_pair" and "nca_pair" of TRL's ``DPOTrainer`` add two such terms: 2 ln 2;
- KTO (Ethayarajh et al. 2024, arXiv:2402.01306, eq. 7 and 8) and "apo_zero_unpaired":
  w * (1 - sigmoid(reward - KL)), half of the weight at a reward and a KL of zero. That is no
  cross-entropy: it is bounded by the weight, and ln 2 means nothing to it.

Other loss types (hinge, IPO, SPPO, those with a language-modelling term) are neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mlflow_bce_monitor.curves import names
from mlflow_bce_monitor.curves.curve import PreferenceLoss, Role
from mlflow_bce_monitor.settings import Settings

_TYPES: Final[dict[str, PreferenceLoss]] = {
    "sigmoid": PreferenceLoss.LOG_SIGMOID,
    "robust": PreferenceLoss.LOG_SIGMOID,
    "aot": PreferenceLoss.LOG_SIGMOID,
    "aot_pair": PreferenceLoss.LOG_SIGMOID,
    "aot_unpaired": PreferenceLoss.LOG_SIGMOID,
    "bco": PreferenceLoss.LOG_SIGMOID,
    "bco_pair": PreferenceLoss.TWO_LOG_SIGMOIDS,
    "nca_pair": PreferenceLoss.TWO_LOG_SIGMOIDS,
    "kto": PreferenceLoss.KTO,
    "kto_pair": PreferenceLoss.KTO,
    "apo_zero_unpaired": PreferenceLoss.KTO,
}
_OTHER_TYPES: Final = frozenset(
    {
        *("hinge", "ipo", "exo_pair", "sppo_hard", "apo_zero", "apo_down", "discopop", "sft", "simpo"),
        *("orpo", "cpo", "alphapo"),
    }
)
_WORD: Final = re.compile(r"[A-Za-z_]+")

_REWARD_ROLES: Final = frozenset({Role.REWARD_MARGIN, Role.REWARD_ACCURACY})
_REWARDS: Final = frozenset({"reward", "min reward", "max reward"})
"""``mean_reward`` and its kin, which TRL's ``RewardTrainer`` logs; "mean" is no part of a quantity."""
_LANGUAGE_MODELLING: Final = frozenset({"nll loss", "log odds ratio"})
"""Terms that ORPO, CPO and DPO with ``rpo_alpha`` add to the loss and log beside it."""


def preference_loss(
    roles: Iterable[Role], metrics: Iterable[str], settings: Settings
) -> tuple[PreferenceLoss | None, str]:
    """Return which preference loss it is, None for none, and how that is known.

    Parameters
    ----------
    roles
        Roles of the metrics that were recognised.
    metrics
        Names of all metrics as logged.
    settings
        ``loss_type`` among the params decides where it names a loss that is known here.
    """
    present = set(roles)
    if present & _REWARD_ROLES:
        return _with_reference(present, metrics, settings)
    if Role.PAIR_MARGIN in present and _is_reward_model(present, metrics):
        return PreferenceLoss.REWARD_MODEL, "margin beside rewards: a reward model, -ln sigmoid of a margin"
    return None, ""


def _with_reference(
    roles: set[Role], metrics: Iterable[str], settings: Settings
) -> tuple[PreferenceLoss, str]:
    quantities = {names.core(name)[0] for name in metrics}
    mixed = sorted(quantities & _LANGUAGE_MODELLING)
    if mixed:
        return (
            PreferenceLoss.OTHER,
            f"{mixed[0]!r} beside rewards/*: the loss carries a language-modelling term",
        )
    if settings.loss_name is not None:
        said = f"{settings.loss_name.source} = {settings.loss_name.value[:60]!r}"
        types = [word.lower() for word in _WORD.findall(settings.loss_name.value)]
        known = [word for word in types if word in _TYPES or word in _OTHER_TYPES]
        if len(known) > 1 or any(word in _OTHER_TYPES for word in known):
            return PreferenceLoss.OTHER, f"{said}: a preference loss that is no plain cross-entropy"
        if known:
            return _TYPES[known[0]], f"{said}, a preference loss"
    # DPOTrainer logs rewards/accuracies and no KL divergence; KTOTrainer has no pairs, and logs the KL.
    if Role.KL_DIVERGENCE in roles and Role.REWARD_ACCURACY not in roles:
        return PreferenceLoss.KTO, "kl and rewards/* without accuracies: a KTO loss, 1 - sigmoid of a margin"
    return PreferenceLoss.LOG_SIGMOID, "rewards/* metrics: a preference loss, -ln sigmoid of a margin"


def _is_reward_model(roles: set[Role], metrics: Iterable[str]) -> bool:
    """Whether a margin is that of pairs of answers: rewards stand beside it, or all that a trainer logs."""
    if _REWARDS & {names.core(name)[0] for name in metrics}:
        return True
    return {Role.ACCURACY, Role.LEARNING_RATE, Role.GRADIENT_NORM} <= roles

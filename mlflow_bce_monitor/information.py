"""How much an experiment is expected to tell: what the probes and the reruns are chosen by."""

from __future__ import annotations

import math
from collections.abc import Sequence


def entropy(probability: float) -> float:
    """Return the entropy of a yes-or-no question, in nats; 0 where the answer is certain."""
    p = min(max(probability, 0.0), 1.0)
    return -sum(part * math.log(part) for part in (p, 1.0 - p) if part > 0.0)


def expected_information(priors: Sequence[float], yes: Sequence[float]) -> float:
    """Return the nats that a yes-or-no experiment is expected to take off the uncertainty about the cause.

    This is the mutual information of answer and cause (Lindley 1956): the entropy of the answer less what
    of it is left when the cause is known.

    Parameters
    ----------
    priors
        Probability of each cause; they need not add up to 1.
    yes
        Probability of the answer "yes" under each of these causes.
    """
    total = sum(priors)
    if total <= 0.0:
        return 0.0
    shares = [prior / total for prior in priors]
    answer = sum(share * p for share, p in zip(shares, yes, strict=True))
    left = sum(share * entropy(p) for share, p in zip(shares, yes, strict=True))
    return max(entropy(answer) - left, 0.0)

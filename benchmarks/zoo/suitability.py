"""Which architecture and data set serve for what: properties that no stratum says."""

from __future__ import annotations

from typing import Final

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.datasets import DATA_SETS
from benchmarks.zoo.rows import Kind

CURVED: Final = frozenset(
    {
        *("circles", "quantiles", "parity", "hidden_xor", "latent_agreement"),
        *("checkerboard", "hastie_ten", "pair_products"),
        *("bands", "diamond", "sums_agree"),
        *("categories_match", "sectors", "vibration"),
        *("islands", "range_wide", "turns_left"),
        *("dose_by_kind", "gauge_off", "target_rings"),
    }
)
"""A linear model of them is at chance."""

SLOW: Final = frozenset(
    {
        *("order", "bars", "quantiles", "hidden_xor", "digits_eight", "last_word", "latent_agreement"),
        *("crosses_rings", "hastie_ten", "handwritten_low"),
        *("after_marker", "diamond", "segments_odd", "stripes"),
        *("click_paths", "letters_vowel", "rings_gap", "vibration"),
        *("chevrons", "dice_odd", "range_wide", "sticky_states"),
        *("gauge_off", "motif_forward", "score_loops", "triangles_up"),
    }
)
"""Plain gradient descent takes its time with them."""

TOO_SLOW: Final = frozenset(
    {
        "parity",
        *("pair_products", "first_is_last", "neighbours", "spirals", "checkerboard"),
        *("bands", "ends_high", "sums_agree"),
        *("categories_match", "last_switch", "sectors"),
        *("alarm_early", "islands", "turns_left"),
        *("dose_by_kind", "target_rings"),
    }
)
"""Plain gradient descent does not learn them in a few epochs."""

WEAK: Final = frozenset(
    {
        *("weak_linear", "diabetes_high", "fair_affairs", "randhie_visits", "trip_taken", "elnino_warm"),
        "photo_hues",
    }
)
"""Linear, and yet not easy."""

MANY_COLUMNS: Final = frozenset(
    {
        *("latent_agreement", "classification", "diabetes_high", "breast_cancer"),
        *("topic_counts", "hastie_ten", "friedman_high", "star98_above"),
        *("sensors", "survey"),
        *("customers_leave", "spectra"),
        *("elnino_warm", "trend_up"),
        *("histogram_right", "photo_hues"),
    }
)
"""A wide network can learn some hundred rows of them by heart."""

CONVOLVED: Final = frozenset(
    {
        *("dilated_conv", "embedding_conv", "separable_conv", "strided_conv", "text_cnn"),
        *("gated_conv", "halving_conv"),
    }
)
"""Networks on tokens with a convolution."""

_TOO_SLOW_TOGETHER: Final = frozenset(
    {("cnn_strided", "handwritten_low"), ("separable_conv", "sticky_states")}
)
"""Pairs that are barely at skill 0.02 after 20 epochs of plain gradient descent."""


def fits(architecture: str, data_set: str) -> bool:
    """Whether the architecture takes these rows and can learn them."""
    if DATA_SETS[data_set].kind not in ARCHITECTURES[architecture].kinds:
        return False
    if data_set == "first_is_last":
        return architecture == "attention"  # the others see both ends, but hardly come to compare them
    if data_set == "after_marker" and architecture == "embedding_flat":
        return False  # a marker that stands anywhere is learned by heart
    if data_set == "last_switch" and architecture == "text_cnn":
        return False  # it does not see where something stands
    if data_set == "alarm_early" and architecture == "attended_conv":
        return False  # nor does this one
    return DATA_SETS[data_set].is_linear or architecture != "logistic"


def is_plentiful(data_set: str) -> bool:
    """Whether there are rows enough for noise and thinning out, in data that bear both."""
    return not DATA_SETS[data_set].is_short and DATA_SETS[data_set].stratum not in {"saddle", "positions"}


def is_curved(architecture: str, data_set: str) -> bool:
    """Whether a linear model of the data is at chance, and the network can do without its activations."""
    return data_set in CURVED and ARCHITECTURES[architecture].stratum in {"shallow", "usual"}


def is_slow(architecture: str, data_set: str) -> bool:
    """Whether plain gradient descent takes its time with the data."""
    return data_set in SLOW and is_delicate(architecture, data_set)


def is_delicate(architecture: str, data_set: str) -> bool:
    """Whether few epochs of plain gradient descent are enough, but hardly more than that."""
    easy = DATA_SETS[data_set].is_linear and data_set not in WEAK
    quick = ARCHITECTURES[architecture].stratum in {"usual", "convolutional", "token"}
    if (architecture, data_set) in _TOO_SLOW_TOGETHER:
        return False
    return not easy and quick and data_set not in TOO_SLOW


def is_wide(architecture: str, data_set: str) -> bool:
    """Whether there are inputs and weights enough to learn few rows by heart."""
    images = DATA_SETS[data_set].kind is Kind.IMAGE
    return (data_set in MANY_COLUMNS or images) and ARCHITECTURES[architecture].stratum not in {
        "deep",
        "shallow",
    }


def is_deep(architecture: str, data_set: str) -> bool:
    """Whether gradients have a long way, on data that are learned at the end of it."""
    return ARCHITECTURES[architecture].stratum == "deep" and DATA_SETS[data_set].stratum not in {
        "saddle",
        "small",
    }


def is_deep_enough(architecture: str, data_set: str) -> bool:
    """Whether small weights make a plateau that is escaped."""
    plain = ARCHITECTURES[architecture].stratum in {"usual", "convolutional"} or architecture in CONVOLVED
    return plain and DATA_SETS[data_set].stratum not in {"saddle", "small"}

"""Rounding: raw numbers to what a person reads."""

from __future__ import annotations

import math

import pytest

from mlflow_bce_monitor.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.log(2), "0.693"),
        (1.8 * math.log(2), "1.248"),
        (0.0432, "0.0432"),
        (0.000_42, "0.00042"),
        (0.000_042, "4.20e-5"),
        (15.9424, "15.9"),
        (1234.5, "1,234"),
        (3.4e6, "3.40e6"),
        (-0.25, "-0.250"),
        (0.0, "0"),
        (math.nan, "NaN"),
        (math.inf, "infinity"),
        (-math.inf, "-infinity"),
    ],
)
def test_losses_keep_three_decimals_near_one_and_three_digits_elsewhere(value: float, text: str) -> None:
    """A loss reads as people quote it: 0.693, 15.9, 3.40e6."""
    assert numbers.nats(value) == text


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        (0.69314, 0.69281, ("0.6931", "0.6928")),
        (0.325, 0.693, ("0.325", "0.693")),
        (0.5, 0.5, ("0.500", "0.500")),
        (0.693_147_1, 0.693_147_2, ("0.693", "0.693")),
    ],
)
def test_two_levels_get_the_decimals_that_part_them(
    first: float, second: float, texts: tuple[str, str]
) -> None:
    """Two levels that differ in the fourth decimal are printed with four, equal ones with three."""
    assert numbers.told_apart(first, second) == texts


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (-0.0001, "0%"),
        (0.0132, "1.3%"),
        (0.02, "2%"),
        (0.554, "55%"),
        (0.996, "99.6%"),
        (0.999_96, "100%"),
        (1.0, "100%"),
        (-0.064, "-6.4%"),
        (-19.5, "-1,950%"),
        (-math.inf, "-infinity"),
    ],
)
def test_shares_become_per_cent_that_never_round_to_certainty(share: float, text: str) -> None:
    """A share of nothing is "0%", a share of all but a little is not "100%"."""
    assert numbers.percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "under 1%"), (0.83, "83%"), (0.99, "99%"), (0.997, "over 99%"), (1.0, "over 99%")],
)
def test_no_probability_is_called_certain(value: float, text: str) -> None:
    """The ends of the scale are bounds, not values."""
    assert numbers.probability(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0.8312, 2, "0.83"), (0.0129, 3, "0.013"), (-0.0001, 3, "0.000"), (-0.2, 3, "-0.200")],
)
def test_tags_hold_fixed_decimals(value: float, decimals: int, text: str) -> None:
    """Numbers of tags have fixed decimals and no negative zero."""
    assert numbers.tag_number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (2500, "2,500"), (40_000, "40k"), (1_500_000, "1.5M"), (2_000_000_000, "2G")],
)
def test_counts_on_an_axis_are_short(value: float, text: str) -> None:
    """Steps on an axis take few characters."""
    assert numbers.short_count(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (True, "yes/no", "yes"),
        (1.0, "yes/no", "yes"),
        ("adam", "word", "adam"),
        (12_000, "count", "12,000"),
        (10.0, "count", "10"),
        (0.1, "share", "10%"),
        (0.6931, "nats", "0.693"),
        (9.46, "of chance", "946% of the chance level"),
        (0.001, "ratio", "0.001"),
        (math.nan, "ratio", "NaN"),
        (math.inf, "count", "infinity"),
    ],
)
def test_facts_are_printed_in_their_unit(value: float | str, unit: str, text: str) -> None:
    """The catalogue's unit decides how a fact reads."""
    assert numbers.fact_value(value, unit) == text

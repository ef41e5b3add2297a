"""Every rounding in one place: raw numbers in, words a person reads out.

The core never rounds; the renderers never do either.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.evidence.fact import FactValue

_PLAIN_FROM: Final = 0.1  # below, three decimals would leave fewer than two significant digits
_PLAIN_BELOW: Final = 10.0  # above, a loss is so far from chance that decimals are noise
_GROUPED_FROM: Final = 1_000.0
_POWER_FROM: Final = 1e6  # longer than a million is read faster as a power of ten
_POWER_BELOW: Final = 1e-4
_DECIMALS: Final = 3
_MOST_DECIMALS: Final = 6
_SHORT_FROM: Final = 10_000.0  # five digits and their comma crowd an axis
_PERCENT: Final = 100.0
_FINE_PERCENT: Final = 10.0  # below 10% one decimal still carries meaning
_LEAST_PERCENT: Final = 0.05  # rounds to 0.0 with one decimal


def nats(value: float) -> str:
    """Return a loss or a level: three decimals near 1, three significant digits elsewhere."""
    if not math.isfinite(value):
        return _not_finite(value)
    size = abs(value)
    if size != 0.0 and not _POWER_BELOW <= size < _POWER_FROM:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if size < _PLAIN_FROM:
        return f"{value:.3g}"
    if size < _PLAIN_BELOW:
        return f"{value:.{_DECIMALS}f}"
    if size < _GROUPED_FROM:
        return f"{value:.1f}"
    return f"{value:,.0f}"


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "infinity" if value > 0 else "-infinity"


def told_apart(first: float, second: float) -> tuple[str, str]:
    """Return two levels with as many decimals as it takes to see that they differ (at most six)."""
    plain = nats(first), nats(second)
    if plain[0] != plain[1] or first == second:
        return plain
    for decimals in range(_DECIMALS + 1, _MOST_DECIMALS + 1):
        finer = f"{first:.{decimals}f}", f"{second:.{decimals}f}"
        if finer[0] != finer[1]:
            return finer
    return plain


def percent(share: float) -> str:
    """Return a share as "0%", "1.3%" or "83%"; 100% only when nothing is missing."""
    if not math.isfinite(share):
        return _not_finite(share)
    value = share * _PERCENT
    size = abs(value)
    if size < _LEAST_PERCENT:
        return "0%"
    if size < _FINE_PERCENT or _PERCENT - 0.5 <= size < _PERCENT - _LEAST_PERCENT:
        return f"{value:.1f}%".replace(".0%", "%")
    return f"{value:,.0f}%"


def probability(value: float) -> str:
    """Return a probability as "83%"; never as certain or impossible, because no estimate is."""
    if value < 0.01:  # noqa: PLR2004 - 1%, the finest step printed
        return "under 1%"
    if value > 0.99:  # noqa: PLR2004 - as above
        return "over 99%"
    return f"{value * _PERCENT:.0f}%"


def ratio(value: float) -> str:
    """Return how many times: "23", "2.4"."""
    return f"{value:.1f}".removesuffix(".0") if value < _PLAIN_BELOW else f"{value:,.0f}"


def count(value: float) -> str:
    """Return a whole number with its thousands grouped; "infinity" and "NaN" for what is none."""
    return f"{int(value):,}" if math.isfinite(value) else _not_finite(value)


def short_count(value: float) -> str:
    """Return a whole number in as few characters as an axis needs: "2,500", "40k", "1.5M"."""
    for unit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= max(unit, _SHORT_FROM):
            return f"{value / unit:.4g}{sign}"
    return count(value)


def tag_number(value: float, decimals: int) -> str:
    """Return a number as tags hold it: fixed decimals, so that text sorts; never "-0.00"."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def setting(value: float) -> str:
    """Return a number as it is given to a program: "0.001", "1e-07", "100"; no digits of float32."""
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def fact_value(value: FactValue, unit: str = "") -> str:
    """Return the value of a fact for a table, by the unit its catalogue gives."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or unit == "yes/no":
        return "yes" if value else "no"
    if isinstance(value, int) or unit == "count":
        return count(value)
    return _BY_UNIT.get(unit, _significant)(value)


def _significant(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else _not_finite(value)


_BY_UNIT: Final[dict[str, Callable[[float], str]]] = {
    "nats": nats,
    "share": percent,
    "skill": percent,
    "of chance": lambda value: f"{percent(value)} of the chance level",
}

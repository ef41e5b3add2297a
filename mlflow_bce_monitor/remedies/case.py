"""What is known of the run that a remedy is sought for: its settings, then the facts of its diagnosis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One run in need of a remedy.

    Attributes
    ----------
    settings
        Canonical setting name to current value; a setting that is not known is absent or None.
    facts
        What the diagnosis knows, by the words of the catalogue of evidence; absent where it does not.
    """

    settings: Mapping[str, object]
    facts: Mapping[str, object]

    def number(self, setting: str, fact: str = "") -> float | None:
        """Return a setting as a finite number, else the fact, else None."""
        for value in (self.settings.get(setting), self.facts.get(fact or setting)):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
                return float(value)
        return None

    def word(self, setting: str, fact: str = "") -> str | None:
        """Return a setting as a word in lower case, else the fact, else None."""
        for value in (self.settings.get(setting), self.facts.get(fact or setting)):
            if isinstance(value, str) and value:
                return value.lower()
        return None

    def says(self, fact: str) -> bool:
        """Whether a fact is known and true."""
        return self.facts.get(fact) is True

    @property
    def width(self) -> int | None:
        """Units of the narrowest hidden layer, None when they are not known."""
        units = self.settings.get("hidden_units")
        known = (
            [units] if isinstance(units, (int, float)) else list(units) if isinstance(units, tuple) else []
        )
        if known:
            return int(min(known))
        narrowest = self.number("hidden_units", "narrowest_layer")
        return None if narrowest is None else int(narrowest)

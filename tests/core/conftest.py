"""Hypothesis for the whole folder: the same examples in every run, and no database beside the sources."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "seeded",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")

"""Time and memory of a scan over the number of runs, as an SVG picture without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

_WIDTH: Final = 640
_HEIGHT: Final = 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 30, 70, 40


def figure(sizes: Sequence[Mapping[str, float]]) -> str:
    """Return the picture: CPU seconds (line), logarithmic like the runs, and peak memory (dots) from 0 on."""
    runs = [one["runs"] for one in sizes]
    seconds = [one["cpu"] for one in sizes]
    peaks = [one["peak_mb"] for one in sizes]
    across = _Log(runs, _LEFT, _WIDTH - _RIGHT)
    up = _Log(seconds, _HEIGHT - _BOTTOM, _TOP)
    most = 50 * math.ceil(max(peaks) * 1.2 / 50)

    def high(megabytes: float) -> float:
        return _HEIGHT - _BOTTOM - (megabytes / most) * (_HEIGHT - _BOTTOM - _TOP)

    points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(runs, seconds, strict=True))
    # What a cost in proportion to the runs would look like, from the first size on.
    linear = seconds[0] * runs[-1] / runs[0]
    parts = [
        _line(
            across(runs[0]),
            up(seconds[0]),
            across(runs[-1]),
            up(linear),
            'stroke="#999" stroke-dasharray="4"',
        ),
        f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/>',
        _text(_LEFT, _TOP - 12, "CPU seconds (line; dashed: in proportion to the runs)", "start", "#1f77b4"),
        _text(_WIDTH - _RIGHT, _TOP - 12, "peak memory, MB (dots)", "end", "#d62728"),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, "runs in the store", "middle", "#333"),
        _text(_WIDTH - _RIGHT + 12, high(most) + 4, f"{most:,}", "start", "#d62728"),
        _text(_WIDTH - _RIGHT + 12, high(0) + 4, "0", "start", "#d62728"),
    ]
    for x, y, peak in zip(runs, seconds, peaks, strict=True):
        parts += [
            f'<circle cx="{across(x):.1f}" cy="{high(peak):.1f}" r="4" fill="#d62728"/>',
            _text(across(x), _HEIGHT - _BOTTOM + 16, f"{x:,.0f}", "middle", "#333"),
            _text(_LEFT - 6, up(y) + 4, f"{y:,.0f}", "end", "#1f77b4"),
        ]
    axes = _line(_LEFT, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM, 'stroke="#333"')
    content = "\n".join([axes, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>\n{content}\n</svg>\n'
    )


class _Log:
    """A logarithmic axis from the least to the greatest value, between two coordinates."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low, self._high = math.log(min(values)), math.log(max(values))
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        share = (math.log(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)


def _line(x0: float, y0: float, x1: float, y1: float, style: str) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" {style}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'

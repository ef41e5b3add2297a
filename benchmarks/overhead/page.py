"""The measured overhead, kept from piece to piece, and its table in ``docs/callback.md``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.marks import between
from benchmarks.overhead.costs import NAMES, Round, above, count_turns, first_turn, turn_seconds, used
from benchmarks.overhead.tasks import TASKS

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / "benchmarks" / "measured" / "overhead.json"
PAGE: Final = ROOT / "docs" / "callback.md"
BEGIN: Final = "<!-- overhead: begin -->"
END: Final = "<!-- overhead: end -->"
MEMORY: Final = "memory"


def kept(path: Path = KEPT) -> dict[str, Any]:
    """Return task to the rounds that were measured, and the memory; {} before anything was."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def keep_round(task: str, one: Round, path: Path = KEPT) -> None:
    """Add a round of a task to those that were measured before."""
    found = kept(path)
    found.setdefault(task, []).append({way: spent.as_json() for way, spent in one.items()})
    _write(found, path)


def keep_memory(megabytes: dict[str, list[float]], path: Path = KEPT) -> None:
    """Keep the memory of trainings, way to megabytes early and late."""
    _write({**kept(path), MEMORY: megabytes}, path)


def rounds_of(task: str, found: dict[str, Any]) -> list[Round]:
    """Return the rounds of a task."""
    return [{way: used(spent) for way, spent in one.items()} for one in found.get(task, [])]


def renewed(page: str, found: dict[str, Any]) -> str:
    """Return a page with what stands between its two marks renewed.

    Raises
    ------
    ValueError
        When the page lacks a mark.
    """
    return between(page, BEGIN, END, block(found))


def block(found: dict[str, Any]) -> str:
    """Return tables and sentences about everything that was measured."""
    parts = [_of_task(task, rounds) for task in TASKS if (rounds := rounds_of(task, found))]
    if MEMORY in found:
        parts.append(_of_memory(found[MEMORY]))
    return "\n\n".join(parts)


def _of_task(task: str, rounds: Sequence[Round]) -> str:
    what = TASKS[task]
    step = turn_seconds(rounds, "cpu") / what.turn / what.steps * 1000
    epoch = turn_seconds(rounds, "cpu") / what.turn * 1000
    ends = [one["callback"].end for one in rounds]
    own = ", ".join(f"{end['own'] * 100:.1f} %" for end in ends)
    measured = ", ".join(str(end["measured"]) for end in ends)
    lines = [
        f"**`{task}`**: {what.steps} steps of {step:.1f} ms an epoch, {epoch:.0f} ms of processor time;",
        f"{count_turns(rounds) * what.turn} epochs in {len(rounds)} trainings of each kind.",
        "",
        "| training with | processor time, 95 % interval | wall time | first turn |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {NAMES[way]} | {above(rounds, way, 'cpu')} | {above(rounds, way, 'wall')} "
        f"| {first_turn(rounds, way):+.1f} s |"
        for way in NAMES
    ]
    lines += ["", f"The callback's own account said {own} of the time; epochs measured: {measured}."]
    return "\n".join(lines)


def _of_memory(megabytes: dict[str, list[float]]) -> str:
    lines = [
        "| resident memory of the process, MB | after 60 epochs | after 1,000 |",
        "|---|---|---|",
    ]
    lines += [
        f"| {NAMES.get(way, way)} | {early:.0f} | {late:.0f} |" for way, (early, late) in megabytes.items()
    ]
    return "\n".join(lines)


def _write(found: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(found) + "\n", encoding="utf-8")

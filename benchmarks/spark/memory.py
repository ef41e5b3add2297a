"""What a process and all it started take: the peak of memory, sampled, and processor time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

_EVERY: Final = 2.0  # seconds
_PROC: Final = Path("/proc")


class Peak:
    """Watches memory inside a ``with`` block; ``megabytes`` is the highest sum seen, shared pages once."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:  # noqa: PYI034 - Self is newer than the oldest Python here
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            total = sum(_kilobytes(pid) for pid in _tree(os.getpid()))
            self.megabytes = max(self.megabytes, total / 1024)
            if self._end.wait(_EVERY):
                return


def processor_seconds() -> float:
    """Return the processor time of this process and all below it, as far as they live or were waited for."""
    return sum(_ticks(pid) for pid in _tree(os.getpid())) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        # utime, stime, cutime, cstime: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        return sum(map(int, fields[11:15]))
    return 0


def _tree(root: int) -> Iterator[int]:
    yield root
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in (_PROC / str(root) / "task").iterdir():
            children += map(int, (task / "children").read_text().split())
    for child in children:
        yield from _tree(child)


def _kilobytes(pid: int) -> int:
    """Return the proportional share of a process, 0 when it has ended."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0

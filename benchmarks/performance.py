"""docs/performance.md: what the benchmarks of speed printed, kept beside the code and never typed.

python -m benchmarks.scan --write
python -m benchmarks.scan --growth --write
python -m benchmarks.core --write
python -m benchmarks.performance          # the page alone, from what was kept

"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, TextIO

from benchmarks.diagnosis.page import markdown_environment
from benchmarks.scan.growth_figure import figure

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parent / "docs"
KEPT: Final = HERE / "measured"
PAGE: Final = "performance.md"
FIGURE: Final = Path("images", "growth.svg")


class _Tee(io.TextIOBase):
    """Writes to a stream and keeps what it wrote."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.kept = ""

    def write(self, text: str) -> int:
        self.kept += text
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextlib.contextmanager
def kept(name: str, command: str, *, write: bool) -> Iterator[dict[str, Any]]:
    """Keep what is printed inside as the numbers of one benchmark, and render the page anew.

    Parameters
    ----------
    name
        Of the file.
    command
        That prints it.
    write
        Whether to keep it at all.

    Yields
    ------
    dict
        Further numbers to keep.
    """
    further: dict[str, Any] = {}
    tee = _Tee(sys.stdout)
    with contextlib.redirect_stdout(tee):
        yield further
    if write:
        content = {"command": command, "machine": _machine(), "printed": tee.kept.strip("\n"), **further}
        (KEPT / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
        main()


def kept_before(name: str) -> dict[str, Any]:
    """Return what is kept of one benchmark, {} when nothing is."""
    path = KEPT / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def page() -> dict[Path, str]:
    """Return page and figure, by their path in ``docs``."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(KEPT.glob("*.json"))}
    text = markdown_environment(HERE).get_template("performance.md.jinja").render(found=found, figure=FIGURE)
    pictures = {FIGURE: figure(found["growth"]["sizes"])} if "growth" in found else {}
    return {Path(PAGE): text, **pictures}


def main() -> None:
    """Write the page and its figure."""
    for path, text in page().items():
        (DOCS / path).write_text(text, "utf-8")


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    day = datetime.now(tz=timezone.utc).date()
    return f"{cores} cores, load {load:.1f} at the end, Python {platform.python_version()}, {day}"


if __name__ == "__main__":
    main()

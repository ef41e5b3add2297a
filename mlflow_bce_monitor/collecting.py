"""When Python looks for garbage in circles: not while a page of runs is diagnosed."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Hold the search for circles of garbage until the block is left.

    Python starts it after every 700 objects that are still there, and a page of runs makes hundreds of
    thousands, nearly all of them small tuples that are kept: looking through them again and again was a
    fifth of the time. A diagnosis makes no circles, so nothing is missed; what nobody refers to is freed
    at once as ever. Whoever switched the search off keeps it off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""Starting quickly: MLflow brings half a million objects, none of which is garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python not look for garbage inside, and never among what was made inside.

    Loading MLflow makes Python look through everything that is loaded, again and again: a tenth of the
    time a command takes to start. What is loaded stays, so later collections need not look through it either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()

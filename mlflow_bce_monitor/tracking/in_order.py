"""Calls run by a pool of threads, their results taken in the order the calls were made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")


def in_order(pool: Executor, calls: Iterable[Callable[[], T]], ahead: int) -> Iterator[T]:
    """Yield the result of each call, with at most ``ahead`` of them begun before they are asked for.

    ``Executor.map`` takes all its input at once; here a stream of any length needs no more
    memory than ``ahead`` results. Exceptions of a call are raised in its turn.
    """
    begun: deque[Future[T]] = deque()
    for call in calls:
        begun.append(pool.submit(call))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()

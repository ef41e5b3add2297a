"""Calls run by a pool of threads, their results taken in the order the calls were made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Ready(Generic[T]):
    """A result that is there without a call."""

    value: T


def in_order(pool: Executor, calls: Iterable[Callable[[], T] | Ready[T]], ahead: int) -> Iterator[T]:
    """Yield the result of each call, with at most ``ahead`` of them begun before they are asked for.

    ``Executor.map`` takes all its input at once; here a stream of any length needs no more
    memory than ``ahead`` results. Exceptions of a call are raised in its turn.
    """
    begun: deque[Future[T] | Ready[T]] = deque()
    for call in calls:
        begun.append(call if isinstance(call, Ready) else pool.submit(call))
        while begun and (len(begun) > ahead or isinstance(begun[0], Ready)):
            yield _result(begun.popleft())
    while begun:
        yield _result(begun.popleft())


def _result(one: Future[T] | Ready[T]) -> T:
    return one.value if isinstance(one, Ready) else one.result()

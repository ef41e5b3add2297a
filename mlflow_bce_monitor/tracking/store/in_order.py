"""What other threads do meanwhile, taken in the order in which it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
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


def one_ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """Yield items while a thread of its own makes the next one; whatever making it raises comes in its turn.

    Close it when not all are taken: that waits until the one in the making is there.
    """
    maker = ThreadPoolExecutor(1, thread_name_prefix="bce-monitor-ahead")
    try:
        makes_one = partial(next, iter(items), None)
        for item in in_order(maker, repeat(makes_one), ahead=1):
            if item is None:
                return
            yield item
    finally:
        maker.shutdown(wait=True, cancel_futures=True)


def _result(one: Future[T] | Ready[T]) -> T:
    return one.value if isinstance(one, Ready) else one.result()

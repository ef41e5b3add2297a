"""Items made by a thread of their own, one ahead of whoever takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mlflow_bce_monitor.tracking.store.in_order import one_ahead

_WAIT = 30.0  # seconds


def test_all_items_come_in_order() -> None:
    """Also none at all."""
    assert list(one_ahead(range(5))) == [0, 1, 2, 3, 4]
    assert list(one_ahead([])) == []


def test_the_next_item_is_made_while_one_is_looked_at_and_no_further_one() -> None:
    """Made in another thread, always the same."""
    made: list[int] = []
    threads: set[int] = set()
    second = threading.Event()

    def items() -> Iterator[int]:
        for number in range(4):
            threads.add(threading.get_ident())
            made.append(number)
            if number == 1:
                second.set()
            yield number

    ahead = one_ahead(items())
    assert next(ahead) == 0
    assert second.wait(_WAIT)
    assert made == [0, 1]
    assert list(ahead) == [1, 2, 3]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_what_goes_wrong_is_raised_in_its_turn() -> None:
    """Not before what was made is taken."""

    def items() -> Iterator[int]:
        yield 0
        yield 1
        raise OSError("the store is gone")

    ahead = one_ahead(items())
    assert [next(ahead), next(ahead)] == [0, 1]
    with pytest.raises(OSError, match="the store is gone"):
        next(ahead)


def test_closing_waits_for_the_item_in_the_making() -> None:
    """So nobody talks to a store after a scan has ended."""
    begun, may_end = threading.Event(), threading.Event()
    ended: list[int] = []

    def items() -> Iterator[int]:
        yield 0
        begun.set()
        assert may_end.wait(_WAIT)
        ended.append(1)
        yield 1
        ended.append(2)

    ahead = one_ahead(items())
    assert next(ahead) == 0
    assert begun.wait(_WAIT)
    threading.Timer(0.2, may_end.set).start()
    ahead.close()
    assert ended == [1]

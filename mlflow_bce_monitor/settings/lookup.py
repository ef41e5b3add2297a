"""Find texts by how their keys end, best ending first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from mlflow_bce_monitor.settings.keys import ASKED
from mlflow_bce_monitor.settings.text import HELD_BACK_WORDS, key_words

_KEYS_KEPT: Final = 4096
"""Keys whose words are kept: the runs of a store share theirs."""

_NOTHING: Final = frozenset({"", "None", "null", "nan"})
"""Texts that say nothing."""


class Ending(NamedTuple):
    """The last words of a key, how many it has, and whether those before speak of held-back data."""

    words: str
    key_length: int
    held_back: bool


class _Entry(NamedTuple):
    key_length: int
    held_back: bool
    source: str
    text: str


class Lookup:
    """Texts under keys, each found by any number of its key's last words."""

    def __init__(self) -> None:
        self._by_ending: dict[str, list[_Entry]] = {}

    def add(self, key: str, source: str, text: str) -> None:
        """Add a text; of two with keys of one length, the one added first is found first."""
        for ending in endings_of(key):
            entry = _Entry(ending.key_length, ending.held_back, source, text)
            self._by_ending.setdefault(ending.words, []).append(entry)

    def ending_with(self, endings: Iterable[str], *, of_any_split: bool = False) -> Iterator[tuple[str, str]]:
        """Yield (source, text) of the keys that end with one of the word sequences, best ending first.

        Keys of held-back data (``per_device_eval_batch_size``) are left out unless they are
        asked for: the settings are those of training.

        Raises
        ------
        KeyError
            When an ending does not stand in ``keys.py``.
        """
        for ending in endings:
            found = self._by_ending.get(ending)
            if found is None:
                if ending not in ASKED:
                    raise KeyError(f"the ending {ending!r} is not among the endings of settings/keys.py")
                continue
            # The shortest key is the most direct one: "lr" before "warmup_lr".
            for entry in sorted(found, key=_length):
                if entry.text.strip() not in _NOTHING and (of_any_split or not entry.held_back):
                    yield entry.source, entry.text


def _length(entry: _Entry) -> int:
    return entry.key_length


@lru_cache(maxsize=_KEYS_KEPT)
def endings_of(key: str) -> tuple[Ending, ...]:
    """Return the endings of a key that anybody asks for; () for most keys."""
    words = key_words(key)
    return tuple(
        Ending(ending, len(words), not HELD_BACK_WORDS.isdisjoint(words[:start]))
        for start in range(len(words))
        if (ending := " ".join(words[start:])) in ASKED
    )

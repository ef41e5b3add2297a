"""What a second process is asked, and in which form it is said."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord

# Bytes that follow, before each message.
_LENGTH: Final = struct.Struct("<Q")


@dataclass(frozen=True)
class Task:
    """Runs to read and to diagnose.

    Attributes
    ----------
    path
        The SQLite file.
    records
        The runs without their histories.
    written
        Ids of those whose answer may be written, so that it has to come back whole.
    question, limits
        As for :func:`~mlflow_bce_monitor.pipeline.diagnose`.
    """

    path: Path
    records: tuple[RunRecord, ...]
    written: frozenset[str]
    question: Question
    limits: Limits


@dataclass(frozen=True)
class Unread:
    """The histories of these runs could not be read, and why."""

    run_ids: tuple[str, ...]
    error: Exception


def send(message: Any, stream: BinaryIO) -> None:
    """Write one message; OSError when nobody reads."""
    packed = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(packed)))
    stream.write(packed)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; EOFError when the other side has ended."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    # Both ends are processes of ours, joined by a pipe that nobody else has.
    return pickle.loads(_exactly(stream, length))  # noqa: S301 - as above


def _exactly(stream: BinaryIO, length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise EOFError("the other process has ended")
    return found

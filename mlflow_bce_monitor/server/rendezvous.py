"""How the processes of one server find the one that evaluates, and who starts it.

They meet at a Unix socket in a folder of the server's user. Whoever finds nobody listening there
opens the socket, under a lock, and starts a process that inherits it open: so there is at most one,
and no moment in which it is started and not yet to be reached. It ends when the last server
process has hung up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlflow_bce_monitor.server.served import Served

# Bytes: what Linux and macOS both take for the address of a socket.
_LONGEST_ADDRESS: Final = 100
_BACKLOG: Final = 64  # server processes that may come at the same moment
_PRIVATE: Final = 0o700
# One core is enough: NumPy's own threads would only take it from the server.
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# Processes that this one has started.
_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Place:
    """Where the processes of one server meet."""

    address: Path

    @property
    def state(self) -> Path:
        """What the process says of itself."""
        return self.address.with_suffix(".json")

    def said(self) -> Mapping[str, Any]:
        """Return what the process said last of itself, {} when it has not said anything."""
        try:
            said = json.loads(self.state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def clear(self) -> None:
        """Take away what an ended process leaves."""
        for path in (self.address, self.state):
            path.unlink(missing_ok=True)


def place_of(served: Served) -> Place:
    """Return where the processes of a server meet; OSError when the folder belongs to somebody else."""
    key = hashlib.sha256(f"{served.generation}\n{served.store_uri}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"bce-monitor-{os.getuid()}"
    if len(os.fsencode(folder / f"{key}.sock")) > _LONGEST_ADDRESS:
        folder = Path("/tmp") / folder.name  # noqa: S108 - checked below
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder of this user: remove it, or set TMPDIR")
    return Place(folder / f"{key}.sock")


def connected(place: Place, served: Served) -> socket.socket:
    """Return a connection to the process that evaluates, which is started if it is not there."""
    with locked(place.address.parent):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return _connection(place)
        _start(place, served)
        return _connection(place)


def _connection(place: Place) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(place.address))
    except OSError:
        connection.close()
        raise
    return connection


def _start(place: Place, served: Served) -> None:
    # Ended ones are reaped, so that none stays behind as a zombie.
    _started[:] = [process for process in _started if process.poll() is None]
    place.address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(place.address))
        listening.listen(_BACKLOG)
        number = listening.fileno()
        command = [sys.executable, "-m", "mlflow_bce_monitor.server.aside", str(number), str(place.address)]
        # In the server's own session: the kernel weighs priorities only within one.
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, pass_fds=(number,), env=os.environ | _ONE_THREAD
        )
    _started.append(process)
    assert process.stdin is not None  # noqa: S101 - for the types
    with contextlib.suppress(BrokenPipeError), process.stdin as said:
        # Not on the command line: the address of the store may hold a password.
        said.write(json.dumps(dataclasses.asdict(served)).encode("utf-8"))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which only one process does at a time."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

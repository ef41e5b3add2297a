"""Database servers that tests start and stop themselves, in temporary folders and without root's rights."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_STOP = 60.0  # seconds: a server that has not ended by then is killed
_START = 60.0  # seconds: a busy machine takes ten
_SET_UP = 300.0  # seconds in which an empty database is made: a busy machine takes thirty
_DEBIAN = "/usr/lib/postgresql/*/bin"  # Debian puts them there, outside of PATH


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL cluster and yield the tracking URI of an empty database in it."""
    initdb, server = _program("initdb", "postgresql"), _program("postgres", "postgresql")
    with _folder(account := _account()) as folder:
        data = str(folder / "data")
        _run([initdb, "-D", data, "-U", "mlflow", "-A", "trust", "-E", "UTF8", "--no-sync"], account)
        port = free_port()
        command = [server, "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=40"]
        with _serving(command, account, folder, port, signal.SIGINT):
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """Run a MariaDB server, which MLflow reaches as MySQL, and yield the URI of an empty database in it."""
    server_core, client_core = "mariadb-server-core", "mariadb-client-core"
    install, server = _program("mariadb-install-db", server_core), _program("mariadbd", server_core)
    _program("my_print_defaults", client_core)  # the first asks for it
    with _folder(account := _account()) as folder:
        data = folder / "data"
        options = ["--no-defaults", f"--datadir={data}"]
        _run([install, *options, "--auth-root-authentication-method=normal", "--skip-test-db"], account)
        setup = folder / "setup.sql"
        setup.write_text("CREATE DATABASE mlflow CHARACTER SET utf8mb4;\n")
        setup.chmod(0o644)
        port = free_port()
        command = [server, *options, "--bind-address=127.0.0.1", f"--port={port}", f"--init-file={setup}"]
        command += [f"--socket={folder / 'socket'}", "--innodb-flush-log-at-trx-commit=0"]
        with _serving(command, account, folder, port, signal.SIGTERM):
            yield f"mysql+pymysql://root@127.0.0.1:{port}/mlflow"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _program(name: str, package: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/").glob(f"{_DEBIAN[1:]}/{name}"), reverse=True)), None
    )
    if found is None:
        raise RuntimeError(
            f"These tests need the program {name}: on Debian, 'apt-get install {package}' "
            "(the README says what the tests need)."
        )
    return found


def _account() -> pwd.struct_passwd | None:
    """Return the account to run a server under: these servers refuse to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _folder(account: pwd.struct_passwd | None) -> Iterator[Path]:
    """Make a folder that belongs to an account; pytest's own are closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="bce-monitor-database-"))
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder)


def _run(command: Sequence[str], account: pwd.struct_passwd | None) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", timeout=_SET_UP, **_as(account)
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def _serving(
    command: Sequence[str], account: pwd.struct_passwd | None, folder: Path, port: int, stop: signal.Signals
) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **_as(account))
    try:
        deadline = time.monotonic() + _START
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{command[0]} did not start:\n{(folder / 'log').read_text(errors='replace')}")
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

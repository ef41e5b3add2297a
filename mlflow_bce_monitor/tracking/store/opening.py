"""Opening a tracking store, and finding out first whether there is one.

MLflow creates what it does not find: a missing SQLite file or folder becomes an empty
store, and a database with an older schema is migrated. A monitor that is pointed at the
wrong place must do none of this, so every local store is looked at, read-only, before
MLflow opens it, and every server is asked once with a short wait.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import mlflow
import sqlalchemy
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.store.reasons import reason
from mlflow_bce_monitor.tracking.store.waits import PROBING, bounded_waits, seconds_waited

_DATABASES: Final = frozenset({"sqlite", "postgresql", "mysql", "mssql"})
# Addresses without a scheme that MLflow knows.
_NAMES: Final = frozenset({"databricks", "databricks-uc", "uc"})
_SMALLEST_SQLITE: Final = 100  # bytes: the header
_DEFAULT_PORTS: Final = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_REFUSED: Final = re.compile(r"error code (?:401|403) != 200")
_ELSEWHERE: Final = "Pass --tracking-uri, or set MLFLOW_TRACKING_URI."


class StoreKind(str, Enum):
    """How a store is reached, which decides how it is read and linked to."""

    DATABASE = "database"
    FILES = "files"
    SERVER = "server"
    OTHER = "other"


@dataclass(frozen=True)
class Store:
    """An open tracking store.

    Attributes
    ----------
    uri
        The tracking URI, credentials included.
    kind
        How it is reached.
    client
        MLflow's client for it.
    """

    uri: str
    kind: StoreKind
    client: MlflowClient

    def __str__(self) -> str:
        return shown(self.uri)

    @property
    def batches_in_order(self) -> bool:
        """Whether ``log_batch`` writes metrics, then tags as they are listed, or all of them at once.

        MLflow's own stores do, and so its server; its API promises nothing, so a plugin may do otherwise.
        """
        return self.kind is not StoreKind.OTHER


def open_store(tracking_uri: str | None = None) -> Store:
    """Open a tracking store without ever creating or migrating one.

    Parameters
    ----------
    tracking_uri
        As MLflow takes it; None for the one MLflow is set to.

    Raises
    ------
    UsageError
        There is no store at that address.
    StoreError
        The store does not answer, refuses, or has a schema of another MLflow version.
    """
    uri = str(tracking_uri or mlflow.get_tracking_uri())
    kind = kind_of(uri)
    if kind is StoreKind.DATABASE:
        _look_at_database(uri)
    elif kind is StoreKind.FILES:
        _look_at_folder(uri)
    store = Store(uri, kind, _client(uri))
    if kind is StoreKind.SERVER:
        with bounded_waits(PROBING):
            ask_server(store)
    return store


def ask_server(store: Store) -> None:
    """Ask a server for one experiment; StoreError when no good answer comes."""
    try:
        store.client.search_experiments(max_results=1, view_type=ViewType.ALL)
    except MlflowException as error:
        # A login page or an empty refusal is no answer of MLflow's own, and no RestException.
        if isinstance(error, RestException) or _REFUSED.search(str(error)):
            raise StoreError(
                f"The tracking server {store} refused to list experiments: {reason(error)}. "
                "Check the credentials (MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN)."
            ) from error
        raise StoreError(
            f"No MLflow server answers at {store} within {seconds_waited()}: {reason(error)}. "
            "Check the address and that the server runs; MLFLOW_HTTP_REQUEST_TIMEOUT lengthens the wait."
        ) from error


def shown(uri: str) -> str:
    """Return a tracking URI as it may be printed: on one line, without user name and password."""
    if _kind_word(uri) in _DATABASES:
        try:
            return plain(make_url(uri).render_as_string(hide_password=True))
        except ArgumentError:
            return plain(uri)
    parts = urlsplit(uri)
    if "@" in parts.netloc:
        return plain(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    return plain(uri)


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite URL, None when it is another database or lives in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    name = str(url.database)
    return local_path(name)


def read_only_engine(uri: str) -> sqlalchemy.Engine:
    """Return an engine for reading a database store; SQLite files are opened read-only."""
    path = sqlite_path(make_url(uri))
    if path is None:
        # MLflow's own factory knows its settings for pools and certificates.
        from mlflow.store.db.utils import create_sqlalchemy_engine  # noqa: PLC0415 - loads all of MLflow's tables

        engine: sqlalchemy.Engine = create_sqlalchemy_engine(uri)  # type: ignore[no-untyped-call]
        return engine
    address = f"{path.resolve().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=NullPool)


def local_path(uri: str) -> Path | None:
    """Return the path of a plain path or a ``file:`` URI, None for any other address."""
    if kind_of(uri) is not StoreKind.FILES:
        return None
    return Path(url2pathname(urlsplit(uri).path) if _kind_word(uri) == "file" else uri)


def _kind_word(uri: str) -> str:
    return uri.partition(":")[0].partition("+")[0].lower() if ":" in uri else ""


def kind_of(uri: str) -> StoreKind:
    """Return how the store at an address is reached."""
    word = _kind_word(uri)
    if word in _DATABASES:
        return StoreKind.DATABASE
    if word in ("http", "https"):
        return StoreKind.SERVER
    if uri in _NAMES:
        return StoreKind.OTHER
    # A drive letter is one character; no scheme is.
    if word == "file" or len(word) <= 1:
        return StoreKind.FILES
    return StoreKind.OTHER


def _client(uri: str) -> MlflowClient:
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        if "MLFLOW_ALLOW_FILE_STORE" in str(error):
            raise UsageError(
                f"{shown(uri)} is a file store, and MLflow opens it only with MLFLOW_ALLOW_FILE_STORE=true. "
                "Set that, or migrate the store with 'mlflow migrate-filestore'."
            ) from error
        if kind_of(uri) is StoreKind.OTHER:
            raise UsageError(f"MLflow cannot open {shown(uri)}: {reason(error)}. {_ELSEWHERE}") from error
        raise StoreError(f"MLflow cannot open {shown(uri)}: {reason(error)}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"MLflow cannot open {shown(uri)}: {reason(error)}") from error


def _look_at_folder(uri: str) -> None:
    path = local_path(uri)
    if path is None or not path.exists():
        raise UsageError(f"There is no tracking store at {shown(uri)}: no such file or folder. {_ELSEWHERE}")
    if path.is_file():
        hint = f"Did you mean sqlite:///{path}?" if _is_sqlite(path) else _ELSEWHERE
        raise UsageError(f"{shown(uri)} is a file, not a tracking store. {hint}")
    if next(path.glob("*/meta.yaml"), None) is None:
        raise UsageError(f"The folder {shown(uri)} holds no MLflow experiments (*/meta.yaml). {_ELSEWHERE}")


def _look_at_database(uri: str) -> None:
    try:
        url = make_url(uri)
        backend = url.get_backend_name()
    except (ArgumentError, SQLAlchemyError) as error:
        raise UsageError(f"{plain(uri)} is not a database address: {reason(error)}. {_ELSEWHERE}") from error
    if backend == "sqlite":
        _look_at_sqlite_file(uri, sqlite_path(url))
    else:
        _look_at_port(uri, url)
    try:
        engine = read_only_engine(uri)
        try:
            tables = set(sqlalchemy.inspect(engine).get_table_names())
        finally:
            engine.dispose()
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{shown(uri)} needs the driver {error.name!r}, which is not installed: pip install {error.name}"
        ) from error
    except (SQLAlchemyError, MlflowException, OSError) as error:
        raise StoreError(f"The database {shown(uri)} cannot be read: {reason(error)}") from error
    _look_at_tables(uri, tables)


def _look_at_sqlite_file(uri: str, path: Path | None) -> None:
    if path is None:
        raise UsageError(f"{shown(uri)} is a database in memory, not a tracking store. {_ELSEWHERE}")
    if not path.exists():
        raise UsageError(f"There is no tracking store at {shown(uri)}: {path} does not exist. {_ELSEWHERE}")
    if not path.is_file() or not _is_sqlite(path):
        raise UsageError(f"{shown(uri)} is no tracking store: {path} is not a SQLite database. {_ELSEWHERE}")


def _look_at_port(uri: str, url: URL) -> None:
    """Connect once with a short wait: MLflow would retry for minutes."""
    port = url.port or _DEFAULT_PORTS.get(url.get_backend_name())
    # Without a host the driver uses a local socket, which answers at once either way.
    if not url.host or not port:
        return
    try:
        socket.create_connection((url.host, port), timeout=PROBING.timeout).close()
    except OSError as error:
        raise StoreError(
            f"No database answers at {shown(uri)} within {PROBING.timeout} s: {reason(error)}. "
            "Check the address and that the database runs."
        ) from error


def _look_at_tables(uri: str, tables: set[str]) -> None:
    import mlflow.store.db.utils  # noqa: PLC0415 - registers all of MLflow's tables with Base
    from mlflow.store.db.base_sql_model import Base  # noqa: PLC0415 - as above

    if not {"experiments", "runs", "metrics"} <= tables:
        raise UsageError(f"{shown(uri)} is a database, but not an MLflow tracking store. {_ELSEWHERE}")
    if not set(Base.metadata.tables) <= tables:
        raise StoreError(
            f"{shown(uri)} was made by another MLflow version than the installed {mlflow.__version__}, "
            "which would migrate it on opening. Take a backup, then run 'mlflow db upgrade' on it."
        )


def _is_sqlite(path: Path) -> bool:
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path} cannot be read: permission denied")
    if path.stat().st_size < _SMALLEST_SQLITE:
        return False
    # Asked of SQLite: whoever opens and closes the file by other means takes away the locks that this
    # process holds on it (https://sqlite.org/howtocorrupt.html, 2.2), a training's in the midst of writing.
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            # Anything else, such as a lock, is said of a database.
            return "not a database" not in str(error)
    return True

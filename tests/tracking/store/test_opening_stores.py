"""Opening a store: what is no store is told in one line, and nothing is created or changed."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import socketserver
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
from stores import FilledStore, learning

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.errors import BCEMonitorError, StoreError, UsageError
from mlflow_bce_monitor.tracking.answers import State
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import StoreKind, open_store, shown
from mlflow_bce_monitor.tracking.store.search import select
from mlflow_bce_monitor.tracking.store.waits import PROBING

# Seconds on top of the timeout: a machine under load, and MLflow's own import.
_SLACK = 10.0


def _database(path: Path, *statements: str) -> str:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def _text_file(folder: Path) -> str:
    (folder / "notes.txt").write_text("not a store")
    return str(folder / "notes.txt")


def _text_as_sqlite(folder: Path) -> str:
    (folder / "notes.db").write_text("not a database, but long enough to have a header")
    return f"sqlite:///{folder / 'notes.db'}"


def _empty_as_sqlite(folder: Path) -> str:
    (folder / "empty.db").touch()
    return f"sqlite:///{folder / 'empty.db'}"


NO_STORES: dict[str, tuple[Callable[[Path], str], str]] = {
    "missing file": (lambda folder: f"sqlite:///{folder}/missing.db", "missing.db does not exist"),
    "missing folder of a file": (lambda folder: f"sqlite:///{folder}/a/b.db", "b.db does not exist"),
    "missing folder": (lambda folder: str(folder / "mlruns"), "no such file or folder"),
    "missing file URI": (lambda folder: (folder / "mlruns").as_uri(), "no such file or folder"),
    "text file": (_text_file, "is a file, not a tracking store"),
    "text file as database": (_text_as_sqlite, "is not a SQLite database"),
    "empty file as database": (_empty_as_sqlite, "is not a SQLite database"),
    "folder as database": (lambda folder: f"sqlite:///{folder}", "is not a SQLite database"),
    "folder of other things": (str, "holds no MLflow experiments"),
    "other database": (
        lambda folder: _database(folder / "other.db", "CREATE TABLE customers (name TEXT)"),
        "not an MLflow tracking store",
    ),
    "database without its scheme": (
        lambda folder: _database(folder / "x.db", "CREATE TABLE t (a)").removeprefix("sqlite:///"),
        "Did you mean sqlite:///",
    ),
    "memory": (lambda _folder: "sqlite:///:memory:", "in memory"),
    "unknown scheme": (lambda _folder: "gopher://example.org/store", "cannot open gopher://"),
    "no database address": (lambda _folder: "sqlite:/x.db", "is not a database address"),
}


def _contents(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("make", "message"), NO_STORES.values(), ids=NO_STORES.keys())
def test_what_is_no_store_is_told_and_left_alone(
    tmp_path: Path, make: Callable[[Path], str], message: str
) -> None:
    """MLflow would create or migrate what it is pointed at; this looks first, and says what was found."""
    uri = make(tmp_path)
    before = _contents(tmp_path)
    with pytest.raises(UsageError) as error:
        open_store(uri)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert _contents(tmp_path) == before
    assert not (tmp_path / "a").exists()


def test_the_default_store_is_not_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, where MLflow would create mlflow.db, the message says how to name a store."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="Pass --tracking-uri, or set MLFLOW_TRACKING_URI"):
        open_store()
    assert list(tmp_path.iterdir()) == []


def test_the_configured_store_is_the_default(store: FilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address, MLflow's own setting counts."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    assert open_store().uri == store.uri


def test_an_older_schema_is_not_migrated(store: FilledStore) -> None:
    """A database of an older MLflow lacks tables; opening it must not migrate it behind its owner's back."""
    assert store.database is not None
    connection = sqlite3.connect(store.database)
    connection.execute("DROP TABLE trace_info")
    connection.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")
    connection.commit()
    connection.close()
    before = store.tables()
    with pytest.raises(StoreError, match=r"made by another MLflow version .* 'mlflow db upgrade'"):
        open_store(store.uri)
    assert store.tables() == before


def test_a_damaged_database_is_told(store: FilledStore) -> None:
    """A file that only begins like a database is an error of the store, in one line."""
    assert store.database is not None
    damaged = store.database.with_name("damaged.db")
    damaged.write_bytes(store.database.read_bytes()[:100] + b"\xff" * 4_000)
    with pytest.raises(StoreError, match="cannot be read") as error:
        open_store(f"sqlite:///{damaged}")
    assert "\n" not in str(error.value)


def test_file_stores_need_mlflows_consent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow refuses file stores unless told; the message says how, and then the store is scanned."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = tmp_path / "mlruns"
    files = FilledStore(folder.as_uri(), tmp_path / "artifacts")
    run_id = files.run(files.experiment(), {"loss": learning()})
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "false")
    with pytest.raises(UsageError, match="MLFLOW_ALLOW_FILE_STORE=true"):
        open_store(str(folder))
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    assert open_store(str(folder)).kind is StoreKind.FILES
    assert scan(str(folder))["verdict"].tolist() == ["learning"]
    before = _contents(tmp_path)
    assert scan(str(folder))["verdict"].tolist() == ["learning"]
    assert _contents(tmp_path) == before
    assert files.client.get_run(run_id).data.tags["bce.verdict"] == "learning"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Listen on a port, accept, and never answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


class _OtherSite(BaseHTTPRequestHandler):
    """A web server that knows nothing of MLflow."""

    def do_GET(self) -> None:
        body = b"<html>Nothing here</html>"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""


@pytest.fixture
def other_site() -> Iterator[int]:
    """Serve a web site that is no MLflow."""
    server = HTTPServer(("127.0.0.1", 0), _OtherSite)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _fails_in_time(uri: str) -> str:
    started = time.monotonic()
    with pytest.raises(StoreError) as error:
        open_store(uri)
    assert time.monotonic() - started < PROBING.timeout + _SLACK
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_silent_server_is_given_up_soon(silent_port: int) -> None:
    """A server that accepts and never answers costs seconds, not MLflow's quarter of an hour."""
    message = _fails_in_time(f"http://127.0.0.1:{silent_port}")
    assert "timed out" in message
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" in message


def test_a_closed_port_is_told_at_once() -> None:
    """Where nothing listens, the message says that the connection was refused."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert "Connection refused" in _fails_in_time(f"http://127.0.0.1:{port}")


def test_an_unknown_host_is_told() -> None:
    """A host that does not exist is a store that does not answer."""
    assert "No MLflow server answers at http://host.invalid" in _fails_in_time("http://host.invalid:5000")


def test_another_web_site_is_told(other_site: int) -> None:
    """A web server that is no MLflow is not taken for one, and its page is not printed."""
    message = _fails_in_time(f"http://127.0.0.1:{other_site}")
    assert "404" in message
    assert "html" not in message


def test_the_users_own_time_limit_counts(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user set for MLflow's waits is not overruled."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    started = time.monotonic()
    with pytest.raises(StoreError, match="within 1 s"):
        open_store(f"http://127.0.0.1:{silent_port}")
    assert time.monotonic() - started < PROBING.timeout


def test_a_database_server_that_is_not_there_is_told_at_once() -> None:
    """MLflow would retry a database connection for a minute and a half."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        message = _fails_in_time(f"postgresql://me:secret@127.0.0.1:{port}/mlflow")
    assert "Connection refused" in message
    assert "secret" not in message


class _Forwarder(socketserver.ThreadingTCPServer):
    """Passes connections on to a server, until it is closed: then the server seems to be gone."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.open_sockets: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), _Forward)

    def go_away(self) -> None:
        """Stop listening and cut every connection."""
        self.shutdown()
        self.server_close()
        for one in self.open_sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Forward(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Forwarder)
        with socket.create_connection(self.server.target) as upstream:
            self.server.open_sockets += [self.request, upstream]
            back = threading.Thread(target=self._pass_on, args=(upstream, self.request))
            back.start()
            self._pass_on(self.request, upstream)
            back.join()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.server
def test_a_server_that_goes_away_ends_the_scan(server: FilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the server is gone, the scan says so instead of letting each run wait for its own time-out."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    experiment = server.experiment()
    for _ in range(6):
        server.run(experiment, {"loss": learning()})
    parts = urlsplit(server.uri)
    forwarder = _Forwarder((str(parts.hostname), int(parts.port or 0)))
    serving = threading.Thread(target=forwarder.serve_forever)
    serving.start()
    opened = open_store(f"http://127.0.0.1:{forwarder.server_address[1]}")
    assert opened.kind is StoreKind.SERVER
    answers = scan_runs(opened, select(opened, [experiment]), ScanOptions(workers=1))
    met = [next(answers)]
    forwarder.go_away()
    serving.join()
    with pytest.raises(StoreError, match="No MLflow server answers"):
        met.extend(answers)
    assert met[0].state is State.EVALUATED
    assert len(met) < 6


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://me:secret@host:5000/mlflow", "http://host:5000/mlflow"),
        ("https://host/", "https://host/"),
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("mysql+pymysql://me:secret@host/db", "mysql+pymysql://me:***@host/db"),
        ("sqlite:////srv/a b.db", "sqlite:////srv/a b.db"),
        ("/srv/ml\nruns", "/srv/ml runs"),
    ],
)
def test_credentials_are_never_shown(uri: str, expected: str) -> None:
    """A tracking URI is printed without user name and password, on one line."""
    assert shown(uri) == expected


def test_every_message_names_what_to_do(tmp_path: Path) -> None:
    """All errors of opening are of one family, so that callers can catch them."""
    with pytest.raises(BCEMonitorError, match="Pass --tracking-uri"):
        open_store(f"sqlite:///{tmp_path}/none.db")
    assert mlflow.get_tracking_uri() != f"sqlite:///{tmp_path}/none.db"

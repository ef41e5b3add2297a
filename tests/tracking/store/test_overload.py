"""An overloaded server: requests are tried again, and nothing is lost."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan


class Gateway(BaseHTTPRequestHandler):
    """Passes requests on to the server behind it, except that it refuses each for the first time.

    As a gateway that limits rates: 429 with the time to wait, and 503, by turns.
    """

    behind = ""
    refused: Counter[str]
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = f"{self.command} {self.path} {body[:200]!r}"
        if not self.refused[asked]:
            self.refused[asked] += 1
            self._answer((429, 503)[len(self.refused) % 2], {"Retry-After": "0"}, b"slow down")
            return
        connection = http.client.HTTPConnection(urlsplit(self.behind).netloc, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        self._answer(response.status, {"Content-Type": response.headers["Content-Type"] or ""}, content)
        connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - as the library calls them

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway(server: FilledStore) -> Iterator[str]:
    """Serve a gateway in front of the session's server, and yield its address."""
    handler = type("Handler", (Gateway,), {"behind": server.uri, "refused": Counter()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.mark.server
def test_an_overloaded_server_is_asked_again(
    server: FilledStore, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that answers each request with 429 or 503 first costs time, no run and no answer."""
    # The one request that finds out whether a server is there has no second try unless it is asked for.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")
    experiment = server.experiment()
    run_ids = [server.run(experiment, {"loss": loss}) for loss in (stalled(), learning())]
    answers = scan(gateway, [experiment])
    assert answers["error"].isna().all()
    assert answers["verdict"].tolist() == ["stalled", "learning"]
    for run_id in run_ids:
        assert "bce.fingerprint" in server.client.get_run(run_id).data.tags
    assert len(server.client.get_metric_history(run_ids[0], "bce/skill")) == 1

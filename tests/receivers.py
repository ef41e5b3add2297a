"""A real local HTTP server that takes messages, and refuses as many as it is told to first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

SILENT: Final = 0
"""Instead of a status: no answer at all until the receiver is closed."""


@dataclass(frozen=True)
class Message:
    """One post, as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Return the body, parsed."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class Receiver:
    """What came in, in order; ``refused`` holds the posts that were answered with an error."""

    url: str = ""
    taken: list[Message] = field(default_factory=list)
    refused: list[Message] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, taken: int = 0, refused: int = 0, seconds: float = 60.0) -> None:
        """Wait until so many posts came in."""
        with self.arrived:
            assert self.arrived.wait_for(
                lambda: len(self.taken) >= taken and len(self.refused) >= refused, seconds
            ), f"{len(self.taken)} taken, {len(self.refused)} refused"


@contextmanager
def receiving(answers: Sequence[int] = (), headers: dict[str, str] | None = None) -> Iterator[Receiver]:
    """Serve on a free port: the first posts get these answers, all others 200."""
    receiver = Receiver()
    left = list(answers)
    closed = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = Message(dict(self.headers), body)
            with receiver.arrived:
                status = left.pop(0) if left else 200
                (receiver.taken if status == 200 else receiver.refused).append(message)
                receiver.arrived.notify_all()
            if status == SILENT:
                closed.wait(60)
                return
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook/secret-part"
    try:
        yield receiver
    finally:
        closed.set()
        server.shutdown()
        server.server_close()
        thread.join(60)

"""Clients that train: create a run, log its metrics point by point, end it, and begin the next one.

    python -m benchmarks.server.load ADDRESS --seconds 9 --clients 2 --points 40

Every training stays at chance, so each that ends gets a diagnosis, tags and a report: what costs the
plugin most. Prints one line of JSON: requests answered within the time, runs ended, and how long
requests took.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import random
import threading
import time
from urllib.parse import urlsplit

API = "/api/2.0/mlflow"


class Client:
    """One client, with one connection that it keeps."""

    def __init__(self, address: str, experiment: str, seed: int) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._experiment = experiment
        self._random = random.Random(seed)  # noqa: S311 - no secret
        # When a request was answered and how long it took, and when a run ended.
        self.took: list[tuple[float, float]] = []
        self.ended: list[float] = []

    def hang_up(self) -> None:
        """Close the connection, which the server would do after five idle seconds."""
        self._connection.close()

    def train(self, points: int, until: float) -> None:
        """Make one training, or as much of it as there is time for."""
        run_id = self.begin()
        for step in range(points):
            if time.monotonic() > until:
                return
            self.log(run_id, step)
        self.end(run_id)

    def begin(self) -> str:
        """Create a run."""
        made = self._post("runs/create", {"experiment_id": self._experiment, "start_time": _now()})
        run_id: str = made["run"]["info"]["run_id"]
        return run_id

    def log(self, run_id: str, step: int, steps: int = 1) -> None:
        """Log points of a loss, a validation loss and an accuracy, as autologging does for each epoch."""
        metrics = [
            {"key": key, "value": level + 0.001 * self._random.gauss(0, 1), "timestamp": _now(), "step": at}
            for at in range(step, step + steps)
            for key, level in (("loss", math.log(2)), ("val_loss", math.log(2)), ("accuracy", 0.5))
        ]
        self._post("runs/log-batch", {"run_id": run_id, "metrics": metrics})

    def end(self, run_id: str) -> None:
        """End a run."""
        self._post("runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": _now()})
        self.ended.append(time.monotonic())

    def _post(self, path: str, body: object) -> dict[str, dict[str, dict[str, str]]]:
        begun = time.monotonic()
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", f"{API}/{path}", json.dumps(body), headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}: {said[:300]!r}")
        answered = time.monotonic()
        self.took.append((answered, answered - begun))
        found: dict[str, dict[str, dict[str, str]]] = json.loads(said)
        return found


def _now() -> int:
    return int(time.time() * 1_000)


def experiment_of(address: str) -> str:
    """Create an experiment, and return its id."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    body = json.dumps({"name": f"load {time.time_ns()}"})
    connection.request("POST", f"{API}/experiments/create", body, {"Content-Type": "application/json"})
    made: dict[str, str] = json.loads(connection.getresponse().read())
    return made["experiment_id"]


def main() -> None:
    """Train for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--seconds", type=float, default=9.0)
    parser.add_argument("--before", type=float, default=0.0, help="seconds of load that do not count")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--points", type=int, default=40)
    asked = parser.parse_args()
    experiment = experiment_of(asked.address)
    clients = [Client(asked.address, experiment, seed) for seed in range(asked.clients)]
    begun = time.monotonic() + asked.before
    until = begun + asked.seconds

    def work(client: Client) -> None:
        while time.monotonic() < until:
            client.train(asked.points, until)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begun
    took = sorted(second for client in clients for at, second in client.took if at >= begun)
    said = {
        "rate": len(took) / spent,
        "requests": len(took),
        "all": sum(len(client.took) for client in clients),
        "spent": spent + asked.before,
        "ended": sum(at >= begun for client in clients for at in client.ended),
        "median": took[len(took) // 2],
        "p99": took[int(0.99 * len(took))],
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()

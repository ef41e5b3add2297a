"""The evaluating process: ``python -m mlflow_bce_monitor.server.aside SOCKET_NUMBER ADDRESS``.

Server processes start it. It loads what it needs as fast as it can, once, and becomes unimportant before it
evaluates anything, so that on a busy machine the requests win.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    """Evaluate until no server process is connected any more."""
    # Ctrl-C goes to all processes of a terminal; this one ends when the servers have ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s bce-monitor: %(message)s")
    from mlflow_bce_monitor.errors import BCEMonitorError  # noqa: PLC0415 - as below
    from mlflow_bce_monitor.server.process import run  # noqa: PLC0415 - loads MLflow
    from mlflow_bce_monitor.server.rendezvous import Place  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.server.served import Served  # noqa: PLC0415 - as above

    listening = socket.socket(fileno=int(sys.argv[1]))
    try:
        run(listening, Place(Path(sys.argv[2])), Served(**json.load(sys.stdin)))
    except BCEMonitorError as error:
        sys.exit(f"bce-monitor evaluates nothing: {error}")


if __name__ == "__main__":
    main()

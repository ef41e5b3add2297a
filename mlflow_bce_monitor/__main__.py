"""``python -m mlflow_bce_monitor`` is the same command as ``bce-monitor``."""

from __future__ import annotations

from mlflow_bce_monitor.cli import main

if __name__ == "__main__":
    main()

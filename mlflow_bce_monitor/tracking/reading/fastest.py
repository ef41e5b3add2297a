"""Which reader a store is read with."""

from __future__ import annotations

from mlflow_bce_monitor.tracking.reading.bulk_reader import bulk_reader
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, RunReader
from mlflow_bce_monitor.tracking.reading.sql_reader import sql_reader
from mlflow_bce_monitor.tracking.store.opening import Store


def reader_of(store: Store) -> RunReader:
    """Return the fastest way to read a store: its database, its server's bulk endpoint, else the client."""
    return sql_reader(store) or bulk_reader(store) or ClientReader(store.client)

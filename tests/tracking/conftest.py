"""Stores of every kind for the tests of reading and writing."""

from __future__ import annotations

from collections.abc import Iterator

import databases
import pytest
from stores import FilledStore


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledStore]:
    """Return a store in a PostgreSQL database."""
    with databases.postgresql() as uri:
        yield FilledStore(uri, tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledStore]:
    """Return a store in a MariaDB database, which speaks MySQL."""
    with databases.mariadb() as uri:
        yield FilledStore(uri, tmp_path_factory.mktemp("mysql"))

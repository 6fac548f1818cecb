"""The store on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.postgres import postgres_engine, postgres_server, postgres_url

__all__ = ["postgres_engine", "postgres_server", "postgres_url"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> AsyncEngine:
    found: AsyncEngine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_engine")
    return found

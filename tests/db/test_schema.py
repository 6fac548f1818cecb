"""Points in time go in and out aware and in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from db.schema import UtcDateTime

DIALECT = sa.create_engine("sqlite://").dialect


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 24, 10), DIALECT)  # noqa: DTZ001 - the point of the test


def test_every_moment_comes_back_in_utc() -> None:
    stockholm = timezone(timedelta(hours=1))
    stored = UtcDateTime().process_bind_param(datetime(2026, 11, 24, 10, tzinfo=stockholm), DIALECT)
    assert stored == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert UtcDateTime().process_result_value(datetime(2026, 11, 24, 9), DIALECT) == stored  # noqa: DTZ001 - SQLite's
    assert UtcDateTime().process_bind_param(None, DIALECT) is None
    assert UtcDateTime().process_result_value(None, DIALECT) is None

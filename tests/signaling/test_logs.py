"""Only listed fields pass, and library messages lose their text."""

import json
import logging

import pytest
import structlog

from signaling.logs import configure


@pytest.fixture(autouse=True)
def _restore() -> None:
    configure("json")


def test_a_field_that_is_not_listed_never_reaches_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("request", status=200, personnummer="190001019802", phone="070-1740605")
    line = json.loads(capsys.readouterr().out)
    assert line["status"] == 200
    assert "190001019802" not in json.dumps(line)
    assert "070" not in json.dumps(line)
    assert line["dropped"] == 2


def test_what_is_dropped_is_no_count_of_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("swept", count=7, name="Karin")
    structlog.get_logger().info("swept", count=7)
    mixed, plain = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (mixed["count"], mixed["dropped"]) == (7, 1)
    assert plain["count"] == 7
    assert "dropped" not in plain


def test_a_library_message_keeps_its_place_and_loses_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("token=abc")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("GET /i/abc?access_token=abc")
    line = json.loads(capsys.readouterr().out)
    assert (line["logger"], line["failure"], line["level"]) == ("aiohttp.server", "ValueError", "error")
    assert "abc" not in json.dumps(line)

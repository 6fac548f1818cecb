"""Only listed fields pass, and library messages lose their text."""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from signaling.logs import FIELDS, configure


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
    structlog.get_logger().info("swept", rows=7, name="Karin")
    structlog.get_logger().info("swept", rows=7)
    mixed, plain = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (mixed["rows"], mixed["dropped"]) == (7, 1)
    assert plain["rows"] == 7
    assert "dropped" not in plain


def test_a_library_message_keeps_its_place_and_loses_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("token=abc")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("GET /i/abc?access_token=abc")
    line = json.loads(capsys.readouterr().out)
    assert (line["logger"], line["failure"], line["level"]) == ("aiohttp.server", "ValueError", "error")
    assert "abc" not in json.dumps(line)


def logged(path: Path) -> Iterator[tuple[int, str | None]]:
    """The line and name of each field that a module hands to its logger; None for what cannot be read (**fields)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            logger = ast.unparse(node.func.value).split("(")[0]
            if logger in ("log", "logger", "structlog.get_logger"):
                yield from ((node.lineno, keyword.arg) for keyword in node.keywords)


LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
ROOT = Path(__file__).parents[2]
PACKAGES = ("signaling", "sfu", "rooms", "auth", "audit", "db")


OURS = {"request", "level", "timestamp", "event", "dropped", "logger", "place"}
"""Put in by `signaling.logs` itself, and by the middleware that names each request."""


def everything_logged() -> list[tuple[Path, int, str | None]]:
    return [(path, *one) for name in PACKAGES for path in (ROOT / name).rglob("*.py") for one in logged(path)]


def test_every_listed_field_is_logged() -> None:
    assert FIELDS - {name for *_, name in everything_logged()} - OURS == set()


def test_every_field_that_is_logged_is_listed() -> None:
    """A field that is not would be dropped in production, where nobody sees that it was meant to be there."""
    found = everything_logged()
    assert len(found) > 50
    assert [f"{path.relative_to(ROOT)}:{line} {name}" for path, line, name in found if name not in FIELDS] == []

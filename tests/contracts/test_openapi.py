"""Schemathesis against the running service: every answer keeps to what ``openapi.json`` says, whatever is asked."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import service
from tests.browser.program import Program

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
pytestmark = pytest.mark.timeout(300)

# A schema cannot say that an identity number's check digit is right, or that a text within bounds is too long with all
# the others: 422 and 413 are right answers to a request that keeps to it.
CONFIGURATION = """
[auth.openapi.session]
api_key = "{cookie}"

[parameters]
id = ["{meeting}", "unknown"]

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "413", "422", "429", "503"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "503"]

# Without the cookie of the browser that began it: 400, cookies-blocked.
[[operations]]
include-path-regex = "^/auth/(bankid/.transaction.|sms/verify)"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "403", "404", "410", "422", "429", "503"]
"""


async def _ready(url: str, name: str) -> tuple[str, str]:
    """The session cookie's value, and the id of a meeting of this person's."""
    async with Program(url) as program:
        await program.identify(name)
        planned = await program.plan("Karin Edlund") if name == "Anna Sjödin" else None
        return program.cookie("hemmaplan"), planned.id if planned else "unknown"


@pytest.mark.parametrize("name", ["Anna Sjödin", "Rut Söderlind"], ids=["host", "auditor"])
def test_answers_keep_to_the_description(tmp_path: Path, name: str) -> None:
    running = service.start(tmp_path, {"HEMMAPLAN_REQUESTS_PER_SECOND": "1000"})
    try:
        cookie, meeting = asyncio.run(_ready(running.url, name))
        configuration = tmp_path / "schemathesis.toml"
        configuration.write_text(CONFIGURATION.format(cookie=cookie, meeting=meeting), encoding="utf-8")
        command = [
            *(str(SCHEMATHESIS), "--config-file", str(configuration)),
            *("run", f"{running.url}/api/v1/openapi.json", "--seed", "1", "--max-examples", "6", "--no-color"),
            *("--phases", "coverage,fuzzing", "--warnings", "off"),
            # "start" could be the name of a transaction, so GET is right to be offered there.
            *("--exclude-checks", "allow_header_conformance"),
            *("--exclude-path", "/api/v1/meetings/{id}/events"),  # a WebSocket
            *("--exclude-path", "/auth/logout"),  # would end the session that asks
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, cwd=tmp_path)
        assert told.returncode == 0, "\n".join(line[:400] for line in told.stdout.splitlines())[-20_000:]
        assert '"level": "error"' not in running.printed()
    finally:
        running.stop()

"""The benchmark of logins measures every login it makes."""

from pathlib import Path

from bench.login import measure


async def test_each_login_has_its_share(tmp_path: Path) -> None:
    found = await measure(3, 3, tmp_path)
    assert found.logins == 3
    assert 0 < found.p50 <= found.p95
    assert found.a_second > 0
    assert found.cpu > 0

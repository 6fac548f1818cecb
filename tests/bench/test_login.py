"""The benchmark of logins measures every login it makes."""

from pathlib import Path

from bench.login import PARTS, measure


async def test_each_login_has_its_share(tmp_path: Path) -> None:
    found = await measure(3, 3, tmp_path)
    assert found.logins == 3
    assert 0 < found.at(50) <= found.at(95)
    assert all(0 < found.at(50, part) < found.at(100) for part in PARTS)
    assert found.a_second > 0
    assert found.cpu > 0

"""The key file: what writes when, what may go, and what is never said."""

from datetime import timedelta
from pathlib import Path

import pytest

from auth.key_file import ACTIVE_AFTER, SHORT_LIVED, KeyFile
from auth.vault import VaultError
from tests.conftest import FrozenClock

ROOT = "a root secret of at least 32 characters"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(path, ROOT)


def test_without_a_file_there_is_the_root_secret_alone(file: KeyFile, clock: FrozenClock) -> None:
    held = file.load(clock())
    assert (dict(held.secrets), held.current) == ({"1": ROOT}, "1")
    assert file.stamp() is None


def test_a_new_key_reads_at_once_and_writes_when_every_node_has_it(
    file: KeyFile, path: Path, clock: FrozenClock
) -> None:
    before = file.stamp()
    assert file.rotate(clock()).id == "2"
    assert file.stamp() != before
    assert path.stat().st_mode & 0o777 == 0o600
    held = file.load(clock())
    assert (set(held.secrets), held.current) == ({"1", "2"}, "1")
    assert [row.state for row in held.rows] == ["current", "coming"]
    with pytest.raises(VaultError, match="on its way"):
        file.rotate(clock())
    held = file.load(clock() + ACTIVE_AFTER)
    assert (held.current, [row.state for row in held.rows]) == ("2", ["old", "current"])
    assert KeyFile(path, ROOT).load(clock() + ACTIVE_AFTER).secrets == held.secrets


def test_a_key_is_retired_a_day_after_it_wrote_last(file: KeyFile, clock: FrozenClock) -> None:
    file.rotate(clock())
    clock.advance(seconds=ACTIVE_AFTER.total_seconds())
    for wrong in ("2", "7"):
        with pytest.raises(VaultError):
            file.retire(wrong, clock())
    with pytest.raises(VaultError, match="wait a day"):
        file.retire("1", clock() + SHORT_LIVED - timedelta(seconds=1))
    file.retire("1", clock() + SHORT_LIVED)
    held = file.load(clock() + SHORT_LIVED)
    assert set(held.secrets) == {"2"}
    assert file.rotate(clock() + SHORT_LIVED).id == "3"  # an id is never used again


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"id": "2", "secret": "hush"}]}', '{"more": 1}'])
def test_a_file_that_cannot_be_read_is_told_without_its_content(
    file: KeyFile, path: Path, clock: FrozenClock, content: str
) -> None:
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(VaultError) as told:
        file.load(clock())
    assert "hush" not in f"{told.value} {told.value!r} {told.value.__cause__!r}"


def test_a_file_others_can_read_is_refused(file: KeyFile, path: Path, clock: FrozenClock) -> None:
    file.rotate(clock())
    path.chmod(0o644)
    with pytest.raises(VaultError, match="0600"):
        file.load(clock())


def test_nothing_secret_is_written_out(file: KeyFile, clock: FrozenClock) -> None:
    file.rotate(clock())
    held = file.load(clock())
    assert not any(secret in f"{held!r} {held.rows!r}" for secret in held.secrets.values())


def test_vouching_keys_are_their_own(file: KeyFile, clock: FrozenClock) -> None:
    [first] = file.load(clock()).vouching
    made = file.rotate_vouching(clock())
    assert made.id == "2"
    assert made.active_from == clock() + ACTIVE_AFTER
    with pytest.raises(VaultError, match="on its way"):
        file.rotate_vouching(clock())
    with pytest.raises(VaultError, match="in use"):
        file.retire_vouching("1", clock())
    clock.advance(seconds=ACTIVE_AFTER.total_seconds())
    file.rotate(clock())
    assert list(file.load(clock()).vouching) == [first, made], "the vault's keys are others"
    for wrong in ("2", "7"):
        with pytest.raises(VaultError):
            file.retire_vouching(wrong, clock())
    file.retire_vouching("1", clock())
    assert list(file.load(clock()).vouching) == [made]
    assert set(file.load(clock()).secrets) == {"1", "2"}
    assert file.rotate_vouching(clock()).id == "3"

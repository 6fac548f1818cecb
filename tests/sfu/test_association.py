"""A transport's place on the port: credentials, paths, and their end."""

import asyncio

import pytest

from sfu.association import MOST_PATHS, MOST_QUEUED, STALE_AFTER, Address, Association, Path


class Socket:
    outbox = None
    index = 0

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []
        self.unmapped: list[Address] = []

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        self.sent.append((bytes(datagram), address))

    def unmap(self, address: Address, _association: Association) -> None:
        self.unmapped.append(address)


class Place:
    def __init__(self) -> None:
        self.now = 0.0
        self.by_ufrag: dict[str, Association] = {}
        self.association = Association(self.by_ufrag, lambda: self.now)
        self.sock = Socket()

    def check(self, port: int, *, ufrag: str = "", nominated: bool = True) -> Path:
        address = ("192.0.2.9", port)
        association = self.association
        path = association.paths.get((0, address)) or Path(self.sock, address, self.now)
        association.paths[0, address] = path
        association.checked(path, ufrag or association.ufrag, self.now, nominated=nominated)
        return path


def test_the_first_validated_path_serves_until_one_is_nominated() -> None:
    place = Place()
    place.association.send(b"nowhere yet")
    changes: list[int] = []
    place.association.on_path = lambda: changes.append(1)
    place.check(1, nominated=False)
    place.check(2, nominated=False)
    place.association.send(b"a")
    place.check(2)
    place.association.send(b"b")
    assert place.sock.sent == [(b"a", ("192.0.2.9", 1)), (b"b", ("192.0.2.9", 2))]
    assert changes == [1]


def test_who_has_left_its_address_is_followed_before_it_nominates_another() -> None:
    place = Place()
    old = place.check(1)
    place.association.heard_from, place.association.heard_at = old.address, 0.9
    place.now = 1.5
    place.check(2, nominated=False)
    assert place.association.selected is old, "media still comes from there"
    place.now = 1.9 + 0.1
    new = place.check(2, nominated=False)
    assert place.association.selected is new
    place.check(1)
    assert place.association.selected is old, "back by nomination"


def test_who_sends_media_from_another_address_is_followed() -> None:
    place = Place()
    place.check(1)
    new = place.check(2, nominated=False)
    assert place.association.selected is not new
    place.association.heard_from, place.association.heard_at = new.address, 0.1
    place.check(2, nominated=False)
    assert place.association.selected is new


def test_silence_alone_moves_nobody_without_a_check_elsewhere() -> None:
    place = Place()
    old = place.check(1)
    place.now = 4.0
    place.check(1, nominated=False)
    assert place.association.selected is old


def test_an_address_left_behind_is_unmapped() -> None:
    place = Place()
    place.check(1)
    place.now = 1.0
    place.check(2)
    place.now = 1.0 + STALE_AFTER + 0.1
    place.check(2)
    assert place.sock.unmapped == [("192.0.2.9", 1)]
    assert len(place.association.paths) == 1


def test_paths_are_bounded() -> None:
    place = Place()
    for port in range(40):
        place.check(port)
    assert len(place.association.paths) <= MOST_PATHS
    assert place.association.selected is not None
    assert place.association.selected.address == ("192.0.2.9", 39)


def test_restart_keeps_the_old_credentials_until_the_new_are_used() -> None:
    place = Place()
    association = place.association
    first = association.ufrag
    association.restart()
    second = association.ufrag
    association.restart()
    third = association.ufrag
    assert set(place.by_ufrag) == {first, third}  # the one never used is gone
    place.check(1, ufrag=first)
    assert set(place.by_ufrag) == {first, third}
    place.check(1, ufrag=third)
    assert set(place.by_ufrag) == set(association.credentials) == {third}
    assert second not in place.by_ufrag


def test_a_check_overheard_is_known_when_it_comes_from_elsewhere() -> None:
    association = Place().association
    assert not association.is_replay(b"one", (0, ("a", 1)))
    assert not association.is_replay(b"one", (0, ("a", 1)))  # a retransmission
    assert association.is_replay(b"one", (0, ("b", 1)))
    for number in range(1000):
        association.is_replay(b"%d" % number, (0, ("a", 1)))
    assert len(association._transactions) <= 128


async def test_the_queue_is_bounded_and_ends_with_the_place() -> None:
    place = Place()
    taken = [place.association.queue_dtls(b"x") for _ in range(MOST_QUEUED + 5)]
    assert taken.count(True) == MOST_QUEUED
    assert await place.association.receive_dtls() == b"x"
    place.check(1)
    await place.association.validated()
    place.association.close()
    with pytest.raises(ConnectionError):
        await place.association.receive_dtls()
    assert place.by_ufrag == {}
    assert place.association.paths == {}


async def test_who_waits_is_woken() -> None:
    place = Place()
    waiting = asyncio.gather(place.association.validated(), place.association.receive_dtls(), return_exceptions=True)
    await asyncio.sleep(0)
    place.association.close()
    assert all(isinstance(outcome, ConnectionError) for outcome in await waiting)


def test_silence_is_measured_from_the_last_check() -> None:
    place = Place()
    place.now = 4.0
    place.check(1)
    assert place.association.silent_for(10.0) == 6.0

"""Room names: ours are known as ours, and nobody else's are."""

from rooms.room_names import RoomNames


def test_our_rooms_are_ours_and_each_is_new() -> None:
    names = RoomNames("https://mote.example.se")
    made = {names.new() for _ in range(100)}
    assert len(made) == 100
    assert all(names.is_ours(room) and len(room) <= 40 for room in made)


def test_another_installations_rooms_are_not_ours() -> None:
    names = RoomNames("https://mote.example.se")
    for room in (RoomNames("https://mote.example.org").new(), "hp-", "", "somebody else's"):
        assert not names.is_ours(room)

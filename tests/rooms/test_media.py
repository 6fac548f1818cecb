"""The seam's values: every permission written out, and short lives."""

from datetime import timedelta

from rooms.media import Grant, MediaEvent, MediaEventKind


def test_a_grant_lives_a_minute_and_is_bound_by_whoever_makes_it() -> None:
    grant = Grant("room", "identity", "Karin Edlund")
    assert grant.lifetime == timedelta(seconds=60)
    assert (grant.can_publish, grant.can_publish_data, grant.can_subscribe, grant.binding) == (True, True, True, None)


def test_events_speak_livekits_words() -> None:
    assert MediaEvent(MediaEventKind.PARTICIPANT_LEFT, "room").reason is None
    assert [kind.value for kind in MediaEventKind] == ["participant_joined", "participant_left", "room_finished"]

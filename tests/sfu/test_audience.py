"""Who may receive a participant's tracks."""

from livekit.protocol.rtc import SubscriptionPermission, TrackPermission

from sfu.audience import Audience, read


def test_everyone_unless_it_is_said_otherwise() -> None:
    assert Audience().of("TR_a") is None
    assert read(SubscriptionPermission(all_participants=True), {}).of("TR_a") is None
    assert read(SubscriptionPermission(), {}).of("TR_a") == frozenset()


def test_by_identity_or_sid_all_tracks_or_some() -> None:
    permissions = [
        TrackPermission(participant_identity="bo", all_tracks=True),
        TrackPermission(participant_sid="PA_cleo", track_sids=["TR_a"]),
        TrackPermission(participant_sid="PA_gone", all_tracks=True),
    ]
    audience = read(SubscriptionPermission(track_permissions=permissions), {"PA_cleo": "cleo"})
    assert audience.of("TR_a") == frozenset({"bo", "cleo"})
    assert audience.of("TR_of tomorrow") == frozenset({"bo"})

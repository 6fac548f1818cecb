"""What the meeting signs of a seat's key, and which keys it signs."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth.fields import InvalidFields
from auth.vouching_keys import VouchingKey, VouchingKeys
from rooms.meeting import Authority, ParticipantStatus
from rooms.vouching import Voucher, fingerprint, public_key, signed_bytes
from tests.rooms import values
from tests.rooms.values import NOW, gathering, participant
from tests.rooms.world import KEY, LEILA, World

VOUCHER = Voucher(VouchingKeys([VouchingKey("1", bytes(32))]))


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(vouching: str, voucher: Voucher = VOUCHER) -> Any:
    """The statement; raises InvalidSignature."""
    return checked(vouching, voucher.public(values.meeting()))


def checked(vouching: str, key: str) -> Any:
    body, signature = vouching.split(".")
    Ed25519PublicKey.from_public_bytes(unb64(key)).verify(unb64(signature), signed_bytes(unb64(body)))
    return json.loads(unb64(body))


def vouched(**values: Any) -> str:
    meeting = gathering(("karin", Authority.GUEST, ParticipantStatus.ADMITTED))
    return VOUCHER.vouch(meeting, participant("karin", ParticipantStatus.ADMITTED, **values), NOW)


def test_it_says_whose_key_it_is() -> None:
    assert opened(vouched(key=KEY)) == {
        "format": "hemmaplan-vouching-1",
        "meeting": "m",
        "participant": "p-karin",
        "identity": "id-karin",
        "name": "Karin Lund",
        "method": "bankid",
        "role": "Arbetsterapeut",
        "organisation": "Nordviks kommun",
        "home": False,
        "key": KEY,
        "allowed_by": None,
        "at": "2026-11-24T09:00:00Z",
    }


def test_it_says_who_allowed_that_there_is_none() -> None:
    statement = opened(vouched(allowed_by="Anna Sjödin"))
    assert statement["key"] is None
    assert statement["allowed_by"] == "Anna Sjödin"


def test_it_is_this_services_word_and_serves_nothing_else() -> None:
    good = vouched(key=KEY)
    with pytest.raises(InvalidSignature):
        opened(good, Voucher(VouchingKeys([VouchingKey("1", b"1" * 32)])))
    body, _, signature = good.partition(".")
    key = Ed25519PublicKey.from_public_bytes(unb64(VOUCHER.public(values.meeting())))
    with pytest.raises(InvalidSignature):
        key.verify(unb64(signature), unb64(body))  # without the format's name in front


def test_a_point_of_the_curve_is_a_key() -> None:
    assert public_key(KEY) == KEY
    assert len(fingerprint(KEY)) == 64


OFF_THE_CURVE = KEY[:-4] + "AAAA"
COMPRESSED = base64.urlsafe_b64encode(b"\x02" + unb64(KEY)[1:33]).decode()


@pytest.mark.parametrize(
    "text", ["", "A", KEY + "==", "å" * 87, KEY[:-1], KEY + "AA", OFF_THE_CURVE, COMPRESSED, "A" * 87, " " + KEY]
)
def test_nothing_else_is(text: str) -> None:
    with pytest.raises(InvalidFields):
        public_key(text)


def test_it_is_not_the_same_for_two_seats() -> None:
    meeting = gathering(("karin", Authority.GUEST, ParticipantStatus.ADMITTED))
    one = participant("karin", ParticipantStatus.ADMITTED, key=KEY)
    assert VOUCHER.vouch(meeting, one, NOW) != VOUCHER.vouch(meeting, replace(one, identity="other"), NOW)


async def test_a_new_key_serves_new_meetings_and_disturbs_none(world: World) -> None:
    anna, meeting, planned = await world.started()
    page = await world.meetings.vouching_key(meeting)
    later = world.clock() + timedelta(minutes=1)
    world.vouching.use([VouchingKey("1", bytes(32)), VouchingKey("2", b"2" * 32, later)])
    world.clock.advance(seconds=60)
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await world.sit(leila, meeting)
    for session in (anna, leila):
        vouching = (await world.participant(session, meeting)).vouching
        assert vouching is not None
        assert checked(vouching, page)["meeting"] == meeting
    other = (await world.plan(anna)).gathering.meeting.id
    assert await world.meetings.vouching_key(other) == world.meetings.vouching_keys()[0] != page
    assert page in world.meetings.vouching_keys()

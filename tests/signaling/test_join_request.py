"""What clients ask for as they connect, and the malformed and bloated forms of it."""

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.rtc import JoinRequest, WrappedJoinRequest

from signaling.join_request import BadJoinRequest, read_v0, read_v1


def wrapped(request: bytes, compression: WrappedJoinRequest.Compression = WrappedJoinRequest.NONE) -> str:
    raw = WrappedJoinRequest(compression=compression, join_request=request).SerializeToString()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_plain_and_gzip() -> None:
    request = JoinRequest(reconnect=True, participant_sid="PA_1", metadata="åäö?>")
    raw = request.SerializeToString()
    assert read_v1(wrapped(raw)) == request
    assert read_v1(wrapped(gzip.compress(raw), WrappedJoinRequest.GZIP)) == request
    assert read_v1("").connection_settings.auto_subscribe


def test_a_small_bomb_stays_small() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    assert len(bomb) < 30_000
    with pytest.raises(BadJoinRequest, match="2 MiB"):
        read_v1(wrapped(bomb, WrappedJoinRequest.GZIP))


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("!!!", "malformed"),
        ("å", "malformed"),
        ("AAAA", "malformed"),
        ("A" * 100_000, "too large"),
        (wrapped(b"\xff\xff"), "malformed"),
        (wrapped(b"not gzip", WrappedJoinRequest.GZIP), "not gzip"),
        (wrapped(gzip.compress(b"x" * 1000)[:-9], WrappedJoinRequest.GZIP), "torn"),
    ],
)
def test_bad_ones_say_why(parameter: str, told: str) -> None:
    with pytest.raises(BadJoinRequest, match=told):
        read_v1(parameter)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_v1(text)
    except BadJoinRequest:
        return


def test_query_parameters() -> None:
    request = read_v0(
        {"auto_subscribe": "0", "reconnect": "1", "sid": "PA_1", "protocol": "16", "client_protocol": "1"}
    )
    assert not request.connection_settings.auto_subscribe
    assert (request.reconnect, request.participant_sid, request.client_info.protocol) == (True, "PA_1", 16)
    assert read_v0({}).connection_settings.auto_subscribe
    with pytest.raises(BadJoinRequest, match="protocol"):
        read_v0({"protocol": "sixteen"})

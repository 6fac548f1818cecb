"""Reading a body: JSON objects only, and nothing at all where that is enough."""

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request

from auth.fields import InvalidFields
from rooms.bodies import DenyBody, MeetingBody
from signaling.api.meeting_bodies import read
from signaling.problems import BadRequest


def request(raw: bytes) -> Request:
    made = make_mocked_request("POST", "/")
    made._read_bytes = raw
    return made


async def test_an_empty_body_means_the_defaults_where_it_may() -> None:
    assert not (await read(request(b" "), DenyBody, optional=True)).final
    with pytest.raises(BadRequest):
        await read(request(b""), DenyBody)


@pytest.mark.parametrize("raw", [b"{", b"[]", b"1", b"null", b"\xff", b"[" * 100_000])
async def test_what_is_not_an_object_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        await read(request(raw), DenyBody, optional=True)


async def test_wrong_shapes_are_named() -> None:
    with pytest.raises(InvalidFields) as refused:
        await read(request(b'{"type": 1}'), MeetingBody)
    assert "type" in {item["field"] for item in refused.value.fields("en")}

"""What a client asks for as it opens the signalling socket: v1's wrapped join request, v0's query parameters. Pure."""

import base64
import binascii
import zlib
from collections.abc import Mapping

from google.protobuf.message import DecodeError
from livekit.protocol.rtc import JoinRequest, WrappedJoinRequest

MAX_UNPACKED = 2 * 1024 * 1024
MAX_PARAMETER = 64 * 1024


class BadJoinRequest(ValueError):
    """For the other program: what is wrong with its join request."""


def read_v1(parameter: str) -> JoinRequest:
    """``join_request``: base64url of a WrappedJoinRequest. Raises BadJoinRequest; unpacks at most 2 MiB."""
    if not parameter:
        return _defaults()
    if len(parameter) > MAX_PARAMETER:
        raise BadJoinRequest("join_request too large")
    try:
        raw = base64.b64decode(parameter + "=" * (-len(parameter) % 4), altchars=b"-_", validate=True)
        wrapped = WrappedJoinRequest.FromString(raw)
        packed = wrapped.join_request
        request = JoinRequest.FromString(_unpack(packed) if wrapped.compression == WrappedJoinRequest.GZIP else packed)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise BadJoinRequest(str(error) if isinstance(error, BadJoinRequest) else "join_request malformed") from None
    except DecodeError:
        raise BadJoinRequest("join_request malformed") from None
    return request


def _unpack(packed: bytes) -> bytes:
    """Decompress gzip up to the limit: a small bomb must not become a large one (CWE-409)."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        raise BadJoinRequest("join_request is not gzip") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise BadJoinRequest("join_request is torn or unpacks to more than 2 MiB")
    return data


def read_v0(query: Mapping[str, str]) -> JoinRequest:
    """The query parameters of ``/rtc``, as the same message. Raises BadJoinRequest."""
    request = _defaults()
    request.connection_settings.auto_subscribe = query.get("auto_subscribe", "1") in {"1", "true"}
    request.reconnect = query.get("reconnect", "0") in {"1", "true"}
    request.participant_sid = query.get("sid", "")[:64]
    for name in ("protocol", "client_protocol"):
        value = query.get(name, "0") or "0"
        if not (value.isascii() and value.isdigit()) or len(value) > 6:
            raise BadJoinRequest(f"{name} is not a number")
        setattr(request.client_info, name, int(value))
    return request


def _defaults() -> JoinRequest:
    request = JoinRequest()
    request.connection_settings.auto_subscribe = True
    return request

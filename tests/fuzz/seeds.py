"""What a fuzzer begins with: inputs as honest programs send them, made by our own code."""

import gzip
import json
from base64 import urlsafe_b64encode
from typing import Any

from livekit.protocol.models import DataPacket, UserPacket, VideoLayer
from livekit.protocol.room import (
    CreateRoomRequest,
    MuteRoomTrackRequest,
    RoomParticipantIdentity,
    SendDataRequest,
    UpdateParticipantRequest,
)
from livekit.protocol.rtc import (
    JoinRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    SessionDescription,
    SignalRequest,
    SimulateScenario,
    SubscriptionPermission,
    SyncState,
    TrackPermission,
    TrickleRequest,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoLayers,
    WrappedJoinRequest,
)

from sfu import red, rtcp, rtp, stun
from tests.fuzz.media import SSRC, joined
from tests.sfu.fakes import camera, microphone
from tests.sfu.layered import AV1_FULL, VP9_KEY
from tests.sfu.offers import Offer

# A DTLS record with the start of a ClientHello; RFC 9147, 5.3.
CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000002a010000") + bytes(40)


def _offer() -> str:
    offer = Offer()
    offer.audio(cid="mic")
    offer.video(cid="cam", rids=("q", "h", "f"))
    offer.audio("recvonly")
    offer.video("recvonly")
    offer.data()
    return offer.text


def _rtp(
    payload_type: int, payload: bytes, number: int = 1, *, mid: bytes = b"0", rid: bytes = b"", **more: int
) -> bytes:
    extensions = [(4, mid), (3, number.to_bytes(2, "big")), (1, b"\x9e")]
    extensions += [(10, rid)] if rid else []
    packet = rtp.RtpPacket(
        payload_type, True, number, number * 3000, more.pop("ssrc", SSRC), payload, extensions, **more
    )
    return rtp.write(packet)


def _media() -> list[list[bytes]]:
    twice = red.build(bytes(30), [red.Block(1920, bytes(20)), red.Block(960, bytes(25))], 111)
    vp8 = bytes.fromhex("90e08001004010") + bytes(20)
    return [
        [_rtp(63, twice, 5), _rtp(63, twice, 7), _rtp(111, bytes(9), 6)],
        [_rtp(111, bytes(40), number) for number in (1, 2, 4, 3, 65535)],
        [_rtp(96, vp8, number, mid=b"1", rid=rid, ssrc=SSRC + 10 + number) for number, rid in ((1, b"q"), (2, b"f"))],
        [_rtp(96, vp8, number, mid=b"1", rid=b"h", ssrc=9) for number in (1, 2, 9)]
        + [_rtp(97, b"\0\x03" + vp8, 1, mid=b"1", ssrc=10)],
        [
            _rtp(102, bytes.fromhex("7c8588") + bytes(9), mid=b"2", ssrc=SSRC + 2),
            _rtp(102, b"\x18\0\x02g\0\0\x01e", 2, mid=b"2"),
        ],
        [_rtp(98, bytes.fromhex("8f8001" + "00" * 9), mid=b"3", ssrc=SSRC + 3)],
        [_rtp(45, bytes.fromhex("1802" + "00" * 9), mid=b"4", ssrc=SSRC + 4)],
        [_rtp(96, b"", mid=b"1", rid=b"q", padding=200)],
    ]


def _reports() -> list[list[bytes]]:
    block = rtcp.ReportBlock(SSRC + 101, 10, 3, 70000, 5, 1, 2)
    return [
        [rtcp.build(rtcp.SenderReport(SSRC, 1 << 63, 4, 5, 6, (block,)), rtcp.SourceDescription(SSRC, "me"))],
        [rtcp.build(rtcp.ReceiverReport(1, (block, block)))],
        [rtcp.build(rtcp.Nack(1, SSRC + 101, (1, 2, 9))), rtcp.build(rtcp.PictureLossIndication(1, SSRC + 101))],
        [rtcp.build(rtcp.TransportFeedback(1, 2, 1, 77, 0, (1, None, 300, 2, -4, None, None, 8)))],
        [rtcp.build(rtcp.FullIntraRequest(1, ((SSRC + 101, 1),)))],
        [bytes.fromhex("8fce0005000000010000000052454d42010a0000") + (SSRC + 101).to_bytes(4, "big")],
        [bytes.fromhex("81cb000100000001")],
    ]


def _requests() -> list[list[SignalRequest]]:
    layers = [VideoLayer(quality="HIGH", width=640, height=360)]
    return [
        [
            SignalRequest(add_track=microphone()),
            SignalRequest(add_track=camera()),
            SignalRequest(offer=SessionDescription(type="offer", sdp="v=0", id=1)),
            SignalRequest(ping_req=Ping(timestamp=1)),
            SignalRequest(leave=LeaveRequest()),
        ],
        [
            SignalRequest(subscription=UpdateSubscription(track_sids=["TR_x"], subscribe=True)),
            SignalRequest(track_setting=UpdateTrackSettings(track_sids=["TR_x"], width=1, priority=3)),
            SignalRequest(
                sync_state=SyncState(subscription=UpdateSubscription(track_sids=["a"]), track_sids_disabled=["b"])
            ),
        ],
        [
            SignalRequest(
                subscription_permission=SubscriptionPermission(
                    track_permissions=[TrackPermission(participant_identity="other", all_tracks=True)]
                )
            ),
            SignalRequest(update_layers=UpdateVideoLayers(track_sid="x", layers=layers)),
            SignalRequest(mute=MuteTrackRequest(sid="x", muted=True)),
        ],
        [
            SignalRequest(update_metadata=UpdateParticipantMetadata(metadata="m", name="n", attributes={"a": "b"})),
            SignalRequest(trickle=TrickleRequest(candidateInit="{}")),
            SignalRequest(simulate=SimulateScenario(server_leave=True)),
        ],
    ]


def _join() -> list[bytes]:
    request = JoinRequest(metadata="m", participant_attributes={"a": "b"}, add_track_requests=[microphone()])
    plain = request.SerializeToString()
    wrapped = [
        WrappedJoinRequest(join_request=plain),
        WrappedJoinRequest(compression=WrappedJoinRequest.GZIP, join_request=gzip.compress(plain, mtime=0)),
    ]
    raw = [one.SerializeToString() for one in wrapped]
    return [*raw, *map(urlsafe_b64encode, raw), b"auto_subscribe=1&protocol=16&reconnect=1&sid=PA_x&client_protocol=1"]


def _room_calls() -> list[bytes]:
    """The first byte names a method, in the order of their names."""
    made = {
        0: CreateRoomRequest(name="r", empty_timeout=300, metadata="m"),
        2: RoomParticipantIdentity(room="r", identity="i", revoke_token_ts=1),
        5: MuteRoomTrackRequest(room="r", identity="i", track_sid="t", muted=True),
        7: SendDataRequest(room="r", data=b"d", topic="t", destination_identities=["i"]),
        8: UpdateParticipantRequest(room="r", identity="i", metadata="m", attributes={"a": "b"}),
    }
    binary = [bytes((number,)) + message.SerializeToString() for number, message in made.items()]
    as_json = [
        bytes((0x84 + number,)) + b'{"room": "r", "name": "x", "identity": "i", "metadata": "m"}'
        for number in range(11)
    ]
    return binary + as_json


MEETING: dict[str, Any] = {
    "type": "planning",
    "place": "Hemma",
    "purpose": "Prat",
    "consent": "oral",
    "start_now": True,
    "starts_at": "2026-11-24T10:00:00Z",
    "ends_at": "2026-11-24T11:00:00+01:00",
    "person": {"given_name": "Gunnar", "surname": "Edlund", "identity_number": "1"},
    "invitations": [
        {"name": "Karin", "identity_number": "2", "kind": "invited", "party": "home", "relation": "Dotter"}
    ],
}
HOME = {"people": [{"name": "Gunnar", "relation": "Far"}], "home": True, "ready": False, "final": True}
TOKEN = {
    "sub": "me",
    "name": "Me",
    "metadata": "m",
    "attributes": {"a": "b"},
    "hemmaplan": {"binding": "session:x"},
    "jti": "1",
    "video": {"roomJoin": True, "room": "r", "canPublish": False, "canPublishSources": ["camera"], "hidden": True},
}
EVENT = {
    "event": "participant_left",
    "id": "EV_1",
    "createdAt": "1795510800",
    "room": {"name": "r"},
    "participant": {"identity": "i", "disconnectReason": "CLIENT_INITIATED"},
}


def seeds() -> dict[str, list[bytes]]:
    """By surface."""
    signed = stun.write_request(bytes(12), "UFRAG:x", "password")
    packets = [_media(), _reports()]
    user = DataPacket(user=UserPacket(payload=b"hello", topic="t", destination_identities=["b"]), sequence=9)
    chunks = [
        "00030015" + "000000010000000000000033" + "6162636465" + "000000",
        "03000010" + "000000010001000000000000",
        "03000014" + "000000010001000000010000" + "00020005",
        "01000014" + "0000000100010000ffffffff00000001",
        "0400000c" + "0001000800000000",
        "0b000004",
        "c000000800000001",
        "0003001c" + "000000010000000000000032" + "0300000000000000000000007800" + "0000",
        "82000014000d001000000001000000010000000100000000",
    ]
    return {
        "bodies": [
            json.dumps(one).encode()
            for one in (MEETING, HOME, MEETING["invitations"][0], {"invitation": "a", "next": "/kiosk"})
        ],
        "checks": [
            signed,
            stun.success(stun.parse_request(signed), "192.0.2.1", 7, "p"),
            joined([b"\0\x06UFRAG:x", b"\0\x24\0\0\0\1", b"\x80\x2a" + bytes(8), b"\0\x25"]),
            joined([b"\0\x06UFRAG:x", b"\x80\x29" + bytes(8)]),
        ],
        "data": [user.SerializeToString(), DataPacket(participant_identity="x").SerializeToString()],
        "datagrams": [joined([b"", CLIENT_HELLO, signed[:255], *packets[0][0][:2], *packets[1][0][:1], b"\x40abc"])],
        "dependencies": [joined([one.dependencies for one in sent]) for sent in (VP9_KEY, AV1_FULL)],
        "descriptions": [_offer().encode(), _offer().replace("actpass", "active").encode()],
        "identity_numbers": [b"190001019802", "１９".encode(), b"19000101-9802"],
        "join_requests": _join(),
        "media": [joined(one) for one in packets[0]],
        "page_messages": [b'{"type": "ping"}', b"[" * 100],
        "redundancy": [
            joined([red.build(b"now", [red.Block(960, b"once"), red.Block(480, b"")], 111), red.build(b"x", [], 111)])
        ],
        "reports": [joined(one) for one in packets[1]],
        "requests": [joined([one.SerializeToString()[:255] for one in several]) for several in _requests()],
        "room_calls": _room_calls(),
        "sctp": [joined([bytes.fromhex(one)]) for one in chunks] + [joined([bytes.fromhex(one) for one in chunks])],
        "tcp": [joined([b"\0\x05", b"abcde", b"\0\0\0\0", b"\0\x02", b"ab" + b"\xff\xff"])],
        "vp9": [joined([one.payload for one in VP9_KEY]), joined([bytes.fromhex("fda5bc500287"), b"\x8f\x81"])],
        "tokens": [json.dumps(TOKEN).encode(), b"eyJhbGciOiJub25lIn0.e30."],
        "webhooks": [json.dumps(EVENT).encode()],
    }

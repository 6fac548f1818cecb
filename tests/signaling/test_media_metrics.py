"""The media server's figures under LiveKit's names, with real participants in the room."""

from livekit import api
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sfu.access_token import TokenKey
from sfu.server import EmbeddedMediaServer
from signaling.media_metrics import MediaMetrics
from tests.sfu.sdk_client import KEY, SECRET, SdkClient, eventually, media_host


class Figures:
    def __init__(self, server: EmbeddedMediaServer) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(MediaMetrics(server))

    def text(self) -> str:
        return generate_latest(self._registry).decode()

    def value(self, name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(self.text()):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return 0.0


async def test_what_passes_is_counted_and_nobody_is_named() -> None:
    async with media_host() as host:
        figures = Figures(host.server)
        anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
        await anna.connect()
        await bo.connect()
        await anna.publish_audio()
        await anna.publish_video()
        await eventually(lambda: bo.frames.get("anna", 0) > 5, what="picture")
        for name, labels in (
            ("livekit_packet_total", {"direction": "incoming", "transmission": "initial"}),
            ("livekit_packet_total", {"direction": "outgoing", "transmission": "initial"}),
            ("livekit_packet_bytes", {"direction": "outgoing", "transmission": "initial"}),
            ("livekit_pli_total", {"direction": "outgoing"}),
            ("livekit_track_publish_counter", {"kind": "VIDEO", "state": "success"}),
            ("livekit_jitter_us_count", {"direction": "incoming", "source": "MICROPHONE", "type": "AUDIO"}),
            ("livekit_packet_loss_percent_count", {"direction": "incoming", "source": "CAMERA"}),
            ("livekit_rtt_ms_count", {"direction": "outgoing"}),
            ("livekit_quality_rating_count", {}),
        ):
            await eventually(lambda n=name, k=labels: figures.value(n, **k) > 0, what=f"{name} {labels}")
        assert figures.value("livekit_room_total") == 1
        assert figures.value("livekit_participant_total") == 2
        for name in ("published", "subscribed"):
            assert figures.value(f"livekit_track_{name}_total", kind="VIDEO") == 1
        async with api.LiveKitAPI(host.http, KEY, SECRET) as livekit:
            await livekit.room.list_rooms(api.ListRoomsRequest())
            await livekit.room.delete_room(api.DeleteRoomRequest(room="r"))
        assert figures.value("livekit_node_twirp_request_status", method="ListRooms", code="ok") == 1
        await eventually(lambda: figures.value("livekit_room_duration_seconds_count") == 1, what="the room has ended")
        assert figures.value("livekit_session_duration_ms_count") == 2
        assert figures.value("livekit_participant_join_total", state="rtc_connected") == 2
        assert figures.value("livekit_session_start_time_ms_count") == 2
        text = figures.text()
        assert not any(said in text.lower() for said in ("anna", "127.0.0.1", "pa_", "tr_", "rm_"))
        await anna.close()
        await bo.close()


def test_before_anybody_has_come() -> None:
    figures = Figures(EmbeddedMediaServer(TokenKey(KEY, SECRET)))
    assert figures.value("livekit_participant_total") == 0
    assert "livekit_track_published_total" in figures.text()

"""``/api/v1/meetings``: planning, invitations, lobby, room. Errors are problem details (`signaling.problems`)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from aiohttp import web

from rooms import view
from rooms.admission import Early, Seat, Waiting
from rooms.bodies import (
    AdmitBody,
    ChangeBody,
    CoHostBody,
    DenyBody,
    HomeBody,
    InvitationBody,
    JoinBody,
    MeetingBody,
    NetworkBody,
    RangeQuery,
    ReadyBody,
    shaped,
)
from rooms.errors import WaitingRoomNotOpen
from rooms.hosting import STOCKHOLM
from rooms.invitations import Link
from rooms.meetings import Meetings
from signaling.api.meeting_bodies import read
from signaling.i18n import language_of
from signaling.join_binding import binding_of
from signaling.security import session_of

ROOT = "/api/v1/meetings"
COMING = timedelta(days=60)
LONGEST_LIST = timedelta(days=400)


def routes(
    meetings: Meetings, *, origin: str, media_url: str | None, clock: Callable[[], datetime]
) -> list[web.RouteDef]:
    """origin: public address; media_url: a LiveKit server's, None for the embedded one at our own address."""
    api = MeetingsApi(meetings, origin=origin, media_url=media_url, clock=clock)
    one = f"{ROOT}/{{id}}"
    invitation = f"{one}/invitations/{{invitation}}"
    participant = f"{one}/participants/{{participant}}"
    return [
        web.get("/api/v1/vouching-key", api.vouching_key),
        web.get(ROOT, api.list_meetings),
        web.post(ROOT, api.plan),
        web.get(one, api.meeting),
        web.patch(one, api.change),
        web.post(f"{one}/start", api.start),
        web.post(f"{one}/end", api.end),
        web.post(f"{one}/invitations", api.invite),
        web.delete(invitation, api.revoke),
        web.post(f"{invitation}/renew", api.renew),
        web.post(f"{one}/join", api.join),
        web.post(f"{one}/ready", api.ready),
        web.post(f"{one}/leave", api.leave),
        web.post(f"{one}/network", api.network),
        web.post(f"{one}/lobby/admit", api.admit_all),
        web.post(f"{one}/lobby/{{participant}}/admit", api.admit),
        web.post(f"{one}/lobby/{{participant}}/deny", api.deny),
        web.post(f"{participant}/remove", api.remove),
        web.post(f"{participant}/host", api.hand_over),
        web.post(f"{participant}/co-host", api.make_co_host),
        web.post(f"{participant}/recognise", api.recognise),
        web.post(f"{participant}/mute", api.mute),
        web.put(f"{one}/home", api.name_home),
    ]


class MeetingsApi:
    """The handlers. Acts answer 200 with the new STATE (`rooms.view`)."""

    def __init__(
        self, meetings: Meetings, *, origin: str, media_url: str | None, clock: Callable[[], datetime]
    ) -> None:
        self._meetings = meetings
        self._scheme = "wss" if origin.startswith("https:") else "ws"
        self._media_url = media_url
        self._clock = clock

    async def vouching_key(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's handler signature
        """200 ``{"key", "keys"}``: the Ed25519 keys that vouchings are checked with, base64url. Public."""
        keys = self._meetings.vouching_keys()
        return web.json_response({"key": keys[0], "keys": keys})

    async def list_meetings(self, request: web.Request) -> web.Response:
        """200 ``{"meetings": [...]}``; ``from`` and ``to`` bound it, else today and sixty days on."""
        asked = shaped(RangeQuery, dict(request.query))
        midnight = datetime.combine(self._clock().astimezone(STOCKHOLM).date(), time(), STOCKHOLM).astimezone(UTC)
        since = asked.since or midnight
        until = min(asked.until or since + COMING, since + LONGEST_LIST)
        found = await self._meetings.summaries_for(session_of(request), since, until)
        return web.json_response({"meetings": found})

    async def plan(self, request: web.Request) -> web.Response:
        """201 ``{"meeting": ..., "links": [{"invitation", "name", "url"}]}``: the links are shown this once."""
        viewer = session_of(request)
        planned = await self._meetings.plan(viewer, (await read(request, MeetingBody)).draft())
        state = view.state(planned.gathering, viewer, self._clock())
        body = {**state, "links": [_link(link) for link in planned.links]}
        location = f"{ROOT}/{planned.gathering.meeting.id}"
        return web.json_response(body, status=201, headers={"Location": location})

    async def meeting(self, request: web.Request) -> web.Response:
        return web.json_response(await self._meetings.read(session_of(request), _meeting(request)))

    async def change(self, request: web.Request) -> web.Response:
        change = (await read(request, ChangeBody)).change()
        await self._meetings.planning.change(session_of(request), _meeting(request), change)
        return await self._state(request)

    async def start(self, request: web.Request) -> web.Response:
        return await self._acted(request, self._meetings.hosting.start)

    async def end(self, request: web.Request) -> web.Response:
        """Ends an open meeting for all; calls off a planned one."""
        return await self._acted(request, self._meetings.hosting.end)

    async def invite(self, request: web.Request) -> web.Response:
        """201 ``{"links": [...]}`` with the one new link."""
        draft = (await read(request, InvitationBody)).draft()
        link = await self._meetings.invitations.invite(session_of(request), _meeting(request), draft)
        return web.json_response({"links": [_link(link)]}, status=201)

    async def renew(self, request: web.Request) -> web.Response:
        """201 ``{"links": [...]}``; the old link is dead."""
        invitation = request.match_info["invitation"]
        link = await self._meetings.invitations.renew(session_of(request), _meeting(request), invitation)
        return web.json_response({"links": [_link(link)]}, status=201)

    async def revoke(self, request: web.Request) -> web.Response:
        invitation = request.match_info["invitation"]
        await self._meetings.invitations.revoke(session_of(request), _meeting(request), invitation)
        return web.Response(status=204)

    async def join(self, request: web.Request) -> web.Response:
        """200 ``{"server_url", "participant_token"}``, or 202 ``{"state": "waiting"}`` or ``{"state": "early"}``."""
        viewer = session_of(request)
        body = await read(request, JoinBody, optional=True)
        answer = await self._meetings.admission.join(
            viewer,
            _meeting(request),
            home=body.home,
            binding=binding_of(request, viewer),
            key=body.key,
            unencrypted=body.unencrypted,
        )
        match answer:
            case Seat():
                found: dict[str, Any] = {
                    "server_url": self._media_url or f"{self._scheme}://{request.host}",
                    "participant_token": answer.token,
                    "participant": answer.participant,
                    "identity": answer.identity,
                    "vouching": answer.vouching,
                }
                return web.json_response(found)
            case Waiting():
                found = {
                    "state": "waiting",
                    "participant": answer.participant,
                    "not_yet": answer.not_yet,
                    "encrypts": answer.encrypts,
                }
            case Early():
                opens_at = answer.opens_at.astimezone(STOCKHOLM)
                text = WaitingRoomNotOpen(at=f"{opens_at:%H.%M}").text(language_of(request))
                found = {"state": "early", "opens_at": view.iso(answer.opens_at), "message": text}
        return web.json_response(found, status=202)

    async def ready(self, request: web.Request) -> web.Response:
        body = await read(request, ReadyBody, optional=True)
        await self._meetings.admission.ready(session_of(request), _meeting(request), is_ready=body.ready)
        return await self._state(request)

    async def leave(self, request: web.Request) -> web.Response:
        return await self._acted(request, self._meetings.admission.leave)

    async def network(self, request: web.Request) -> web.Response:
        """200 ``{"weak": ...}``: what the log now holds. Ask again later where it is not what was told."""
        body = await read(request, NetworkBody)
        weak = await self._meetings.network.report(session_of(request), _meeting(request), weak=body.weak)
        return web.json_response({"weak": weak})

    async def admit_all(self, request: web.Request) -> web.Response:
        return await self._acted(request, self._meetings.admission.admit_all)

    async def admit(self, request: web.Request) -> web.Response:
        body = await read(request, AdmitBody, optional=True)
        await self._meetings.admission.admit(
            session_of(request), _meeting(request), _participant(request), unencrypted=body.unencrypted
        )
        return await self._state(request)

    async def deny(self, request: web.Request) -> web.Response:
        body = await read(request, DenyBody, optional=True)
        await self._meetings.admission.deny(
            session_of(request), _meeting(request), _participant(request), final=body.final
        )
        return await self._state(request)

    async def remove(self, request: web.Request) -> web.Response:
        await self._meetings.admission.remove(session_of(request), _meeting(request), _participant(request))
        return await self._state(request)

    async def hand_over(self, request: web.Request) -> web.Response:
        await self._meetings.hosting.hand_over(session_of(request), _meeting(request), _participant(request))
        return await self._state(request)

    async def make_co_host(self, request: web.Request) -> web.Response:
        body = await read(request, CoHostBody, optional=True)
        await self._meetings.hosting.make_co_host(
            session_of(request), _meeting(request), _participant(request), co_host=body.co_host
        )
        return await self._state(request)

    async def recognise(self, request: web.Request) -> web.Response:
        await self._meetings.sight.recognise(session_of(request), _meeting(request), _participant(request))
        return await self._state(request)

    async def mute(self, request: web.Request) -> web.Response:
        await self._meetings.admission.mute(session_of(request), _meeting(request), _participant(request))
        return await self._state(request)

    async def name_home(self, request: web.Request) -> web.Response:
        people = (await read(request, HomeBody)).named()
        await self._meetings.hosting.name_home(session_of(request), _meeting(request), people)
        return await self._state(request)

    async def _acted(self, request: web.Request, act: Callable[..., Awaitable[object]]) -> web.Response:
        await act(session_of(request), _meeting(request))
        return await self._state(request)

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(await self._meetings.state_for(session_of(request), _meeting(request)))


def _meeting(request: web.Request) -> str:
    return request.match_info["id"]


def _participant(request: web.Request) -> str:
    return request.match_info["participant"]


def _link(link: Link) -> dict[str, str]:
    return {"invitation": link.invitation, "name": link.name, "url": link.url}

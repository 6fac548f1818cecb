"""What goes wrong ends in clear words and a next step, and nothing is lost for anybody else."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.program import Planned, Problem, Program, token_of
from tests.browser.sdk_person import SdkPerson
from tests.browser.service import Service
from tests.browser.visitor import LONG, eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MEETINGS = "/api/v1/meetings"


@pytest.fixture
async def anna(service: Service) -> AsyncIterator[Program]:
    """The nurse, logged in through the JSON interface."""
    async with Program(service.url) as program:
        await program.identify("Anna Sjödin")
        yield program


@pytest.fixture
async def planned(anna: Program) -> Planned:
    """A meeting of this test alone, started."""
    return await anna.plan("Karin Edlund", "Per Wiklund", "Elin Näslund", "Leila Haddad")


# ---- links -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("sv", "Länken gäller inte"), ("en", "This link is not valid")])
async def test_an_unknown_link_says_so_and_gives_a_way_on(
    service: Service, come: People, language: str, words: str
) -> None:
    karin = await come(service, "Karin Edlund", "phone")
    await karin.speak(language)
    answer = await karin.page.goto("/i/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer is not None
    assert answer.status == 404
    await expect(karin.page.get_by_role("heading", level=1)).to_contain_text(words)
    await expect(karin.page.locator("a[href^='tel:']").first).to_be_visible()


async def test_a_revoked_and_a_renewed_link_open_nothing(
    service: Service, come: People, anna: Program, planned: Planned
) -> None:
    karin = await come(service, "Karin Edlund", "desk")
    await anna.call("DELETE", f"{MEETINGS}/{planned.id}/invitations/{planned.invitations['Karin Edlund']}")
    await karin.page.goto(planned.links["Karin Edlund"])
    await karin.heading(re.compile("Länken gäller inte"))
    renewed = await anna.call("POST", f"{MEETINGS}/{planned.id}/invitations/{planned.invitations['Per Wiklund']}/renew")
    await karin.page.goto(planned.links["Per Wiklund"])
    await karin.heading(re.compile("Länken gäller inte"))
    async with Program(service.url) as per:
        answer = await per.identify("Per Wiklund", renewed["links"][0]["url"])
        assert answer["status"] == "complete"


async def test_an_expired_link_says_whom_to_call(service: Service, come: People, anna: Program) -> None:
    """The days that make a link old are written into the database. A meeting under way keeps its links."""
    planned = await anna.plan("Karin Edlund", start_now=False)
    with closing(sqlite3.connect(service.data / "hemmaplan.db", timeout=10)) as database, database:
        changed = database.execute(
            "UPDATE invitations SET expires_at = '2026-01-01 00:00:00.000000' WHERE id = ?",
            (planned.invitations["Karin Edlund"],),
        )
        assert changed.rowcount == 1
    karin = await come(service, "Karin Edlund", "phone")
    await karin.page.goto(planned.links["Karin Edlund"])
    await karin.heading("Länken gäller inte längre")
    await expect(karin.page.locator("a[href^='tel:']").first).to_be_visible()
    async with Program(service.url) as program:
        with pytest.raises(Problem) as refused:
            await program.call("POST", "/auth/bankid/start", {"invitation": token_of(planned.links["Karin Edlund"])})
        assert refused.value.code == "invitation-expired"


async def test_a_link_dies_with_its_meeting(service: Service, come: People, anna: Program, planned: Planned) -> None:
    await anna.call("POST", f"{MEETINGS}/{planned.id}/end")
    karin = await come(service, "Karin Edlund", "phone")
    await karin.page.goto(planned.links["Karin Edlund"])
    await karin.heading(re.compile("Länken gäller inte|Mötet är slut|Tack för i dag"))
    await expect(karin.page.locator("a[href^='tel:']").first).to_be_visible()


async def test_a_robot_that_previews_a_link_does_not_use_it_up(service: Service, planned: Planned) -> None:
    """Mail scanners and message apps fetch links, often many times and by several methods."""
    link = planned.links["Karin Edlund"]
    async with aiohttp.ClientSession(headers={"User-Agent": "WhatsApp/2.23 A"}) as robot:
        for method in ("HEAD", "GET", "GET", "GET"):
            async with robot.request(method, link) as answer:
                assert answer.status == 200
                assert "Gunnar" not in await answer.text()
                assert "Edlund" not in await answer.text()
    async with Program(service.url) as karin:
        assert (await karin.identify("Karin Edlund", link))["status"] == "complete"


# ---- identification --------------------------------------------------------------------------------------------------


async def test_the_wrong_persons_bankid_opens_nothing(
    service: Service, come: People, anna: Program, planned: Planned
) -> None:
    """Nils holds Karin's link: he is told what to do, learns nothing of the meeting, and Karin still gets in."""
    nils = await come(service, "Nils Forsberg", "desk")
    await nils.page.goto(planned.links["Karin Edlund"])
    await nils.approve_scanned()
    failed = nils.page.locator("#failed")
    await expect(failed).to_contain_text("någon annan", timeout=LONG)
    await expect(nils.button("Försök igen")).to_be_visible()
    await expect(nils.page.get_by_text("Gunnar")).to_have_count(0)
    session = await nils.page.evaluate("async () => (await (await fetch('/auth/session')).json()).session")
    assert session is None
    async with Program(service.url) as karin:
        assert (await karin.identify("Karin Edlund", planned.links["Karin Edlund"]))["status"] == "complete"
    async with Program(service.url) as rut:
        await rut.identify("Rut Söderlind")
        found = await rut.call("POST", "/api/v1/audit/events", {"meeting": planned.id, "reason": "review"})
        refused = [one for one in found["events"] if one["type"] == "invitation.refused"]
        assert refused, "a stranger with a link leaves a record"


async def test_cancelling_ends_on_a_page_that_offers_the_next_step(
    service: Service, come: People, planned: Planned
) -> None:
    karin = await come(service, "Karin Edlund", "phone")
    await karin.page.goto(planned.links["Karin Edlund"])
    await karin.press("BankID finns på en annan enhet")
    await expect(karin.page.get_by_role("img", name="QR-kod")).to_be_visible(timeout=LONG)
    await karin.press("Avbryt identifieringen")
    await karin.sees("Identifieringen avbröts. Inget har hänt.")
    await karin.press("Försök igen")
    await expect(karin.button("Öppna BankID i den här mobilen")).to_be_visible(timeout=LONG)


async def test_refusing_in_the_app_ends_on_a_page_that_offers_the_next_step(
    service: Service, come: People, planned: Planned
) -> None:
    karin = await come(service, "Karin Edlund", "phone")
    await karin.open_app(planned.links["Karin Edlund"])
    async with Program(service.url) as app:
        await app.call("POST", "/simulator/bankid/deny", {"autoStartToken": karin.app_tokens[-1]})
    await expect(karin.page.locator("#failed")).to_be_visible(timeout=LONG)
    await expect(karin.page.locator("#failed-text")).not_to_be_empty()
    await expect(karin.button("Försök igen")).to_be_visible()
    await expect(karin.page.locator("#failed a[href^='tel:']")).to_be_visible()


async def test_an_order_nobody_answers_times_out_with_a_next_step(
    service: Service, come: People, planned: Planned
) -> None:
    """A code stands for 30 seconds; the page makes new ones by itself for a while, here the answer is played to it."""
    karin = await come(service, "Karin Edlund", "phone")
    text = "BankID-appen verkar inte finnas i din dator eller mobil."
    await karin.page.route(
        re.compile(r"/auth/bankid/[\w-]+$"),
        lambda route: (
            route.fulfill(json={"status": "failed", "hintCode": "startFailed", "message": text, "qr": None})
            if route.request.method == "GET"
            else route.continue_()
        ),
    )
    await karin.open_app(planned.links["Karin Edlund"])
    await karin.sees(text)
    await expect(karin.button("Försök igen")).to_be_visible()


# ---- rooms and tokens ------------------------------------------------------------------------------------------------


async def test_a_token_of_another_browser_is_refused(
    service: Service, come: People, anna: Program, planned: Planned
) -> None:
    """Karin's token, taken from her page, does not work in Per's browser, and she is not disturbed."""
    karin = await come(service, "Karin Edlund", "desk")
    await karin.scan_code(planned.links["Karin Edlund"])
    await karin.go_to_lobby(planned.id)
    async with SdkPerson(service.url, "Anna Sjödin") as home:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        await anna.call("POST", f"{MEETINGS}/{planned.id}/lobby/admit")
        await karin.in_room()
        await eventually(lambda: karin.tokens, what="a token")
        per = await come(service, "Per Wiklund", "desk")
        await per.scan_code(planned.links["Per Wiklund"])
        assert await per.opens_socket(karin.tokens[-1]) == "refused"
        async with aiohttp.ClientSession() as stranger:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await stranger.ws_connect(f"{service.url}/rtc?access_token={karin.tokens[-1]}&protocol=16")
        await karin.sees_and_hears("Gunnar")


async def test_a_token_opens_no_other_room(service: Service, anna: Program, planned: Planned) -> None:
    """A token of one meeting names that room; another key's signature opens none."""
    answer = await anna.join(planned.id)
    head, body, signature = answer["participant_token"].split(".")
    forged = f"{head}.{body}.{signature[::-1]}"
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"{service.url}/rtc?access_token={forged}&protocol=16")
        assert refused.value.status == 401


async def test_the_newest_device_of_a_person_wins(service: Service, come: People, anna: Program) -> None:
    """The first is told why it was closed, and can take the meeting back."""
    planned = await anna.plan("Karin Edlund")
    async with SdkPerson(service.url, "Anna Sjödin") as home:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        phone = await come(service, "Karin Edlund", "phone")
        await phone.identify_here(planned.links["Karin Edlund"])
        await phone.go_to_lobby(planned.id)
        await anna.call("POST", f"{MEETINGS}/{planned.id}/lobby/admit")
        await phone.in_room()
        desk = await come(service, "Karin Edlund", "desk")
        await desk.scan_code(planned.links["Karin Edlund"])
        await desk.page.goto(f"/meetings/{planned.id}/room")
        await desk.be_ready()
        await phone.heading("Du är med från en annan enhet")
        await expect(phone.button("Fortsätt här i stället")).to_be_visible()
        state = await anna.state(planned.id)
        karins = [one for one in state["participants"] if one["name"] == "Karin Edlund"]
        assert len(karins) == 1


async def test_the_host_drops_and_the_co_host_lets_in(service: Service, anna: Program, planned: Planned) -> None:
    """Nobody is let in while no leader is in the room; a co-host in the room can."""
    async with (
        SdkPerson(service.url, "Anna Sjödin") as home,
        SdkPerson(service.url, "Leila Haddad") as leila,
        Program(service.url) as karin,
    ):
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        await karin.identify("Karin Edlund", planned.links["Karin Edlund"])
        await karin.knock(planned.id)
        await home.media.room.disconnect()

        async def away() -> bool:
            return not (await anna.state(planned.id))["meeting"]["host_present"]

        await eventually(away, what="the host gone")
        waiting = await anna.participant(planned.id, "Karin Edlund")
        with pytest.raises(Problem) as shut:
            await anna.call("POST", f"{MEETINGS}/{planned.id}/lobby/{waiting['id']}/admit")
        assert shut.value.code == "lobby-shut"
        assert (await karin.state(planned.id))["me"]["state"] == "waiting"

        await leila.program.identify("Leila Haddad", planned.links["Leila Haddad"])
        await leila.come_in(planned.id)

        async def inside() -> bool:
            return bool((await leila.program.state(planned.id))["me"]["state"] == "in_room")

        await eventually(inside, what="the co-host in the room")
        await leila.program.call("POST", f"{MEETINGS}/{planned.id}/lobby/{waiting['id']}/admit")
        assert "participant_token" in await karin.join(planned.id)


async def test_somebody_elses_meeting_is_not_there(service: Service, come: People, anna: Program) -> None:
    """Karin, invited to one meeting, finds no trace of another; nor does a nurse of another municipality."""
    own = await anna.plan("Karin Edlund")
    other = await anna.plan("Per Wiklund", given_name="Sixten")
    karin = await come(service, "Karin Edlund", "desk")
    await karin.scan_code(own.links["Karin Edlund"])
    for path in (f"/meetings/{other.id}", f"/meetings/{other.id}/room", f"/kiosk/meetings/{other.id}"):
        answer = await karin.page.goto(path)
        assert answer is not None
        assert answer.status == 404
        await karin.heading("Vi hittar inte mötet")
        await expect(karin.page.get_by_text("Sixten")).to_have_count(0)
    async with Program(service.url) as johan:
        await johan.identify("Johan Berglund")
        for method, path in (("GET", ""), ("POST", "/join"), ("POST", "/end"), ("POST", "/start")):
            with pytest.raises(Problem) as refused:
                await johan.call(method, f"{MEETINGS}/{other.id}{path}", {} if method == "POST" else None)
            assert refused.value.code == "meeting-unknown"


# ---- too much --------------------------------------------------------------------------------------------------------


async def test_a_name_of_ten_thousand_characters_is_refused_by_field(anna: Program) -> None:
    numbers = await anna.people()
    body = {
        "type": "planning",
        "person": {"given_name": "G" * 10_000, "surname": "Edlund", "identity_number": numbers["Gunnar Edlund"]},
        "place": "Norrfällsviken",
        "purpose": "Prov",
        "consent": "oral",
        "start_now": True,
    }
    for language, word in (("sv", "tecken"), ("en", "characters")):
        with pytest.raises(Problem) as refused:
            await anna.call("POST", MEETINGS, body, language=language)
        assert refused.value.status == 422
        faults = {one["field"]: one["message"] for one in refused.value.body["errors"]}
        assert word in faults["person.given_name"]
        assert len(str(refused.value.body)) < 2000


async def test_a_long_name_in_the_form_is_said_at_its_field(service: Service, come: People) -> None:
    anna = await come(service, "Anna Sjödin", "desk")
    await anna.scan_code("/login?next=/meetings/new")
    await anna.page.goto("/meetings/new")
    field = anna.page.get_by_label("Förnamn")
    await field.evaluate("(input) => { input.removeAttribute('maxlength'); input.value = 'G'.repeat(10000); }")
    await anna.press("Fortsätt")
    await expect(anna.page.get_by_role("alert")).to_be_visible(timeout=LONG)
    await expect(anna.page.get_by_label("Förnamn")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("path", ["/auth/bankid/start", MEETINGS, "/simulator/bankid/approve"])
async def test_a_body_of_ten_megabytes_is_refused_while_others_go_on(anna: Program, path: str) -> None:
    big = b'{"invitation": "' + b"A" * 10_000_000 + b'"}'

    async def flood() -> None:
        # The connection may be shut before all of it was read: refused too.
        with pytest.raises((Problem, aiohttp.ClientError)) as refused:
            await anna.call("POST", path, data=big)
        if isinstance(refused.value, Problem):
            assert refused.value.status == 413

    await asyncio.gather(flood(), flood())
    assert "session" in await anna.call("GET", "/auth/session")


async def test_malformed_json_is_answered_in_the_readers_language(anna: Program) -> None:
    for data in (b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 5000):
        with pytest.raises(Problem) as refused:
            await anna.call("POST", MEETINGS, data=data)
        assert refused.value.status in (400, 422)
        assert refused.value.detail
    with pytest.raises(Problem) as english:
        await anna.call("POST", MEETINGS, data=b"{", language="en")
    assert "could not" in english.value.detail

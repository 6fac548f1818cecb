"""The pages on which is set which e-legitimation is enough."""

from dataclasses import replace

from auth.identity import AssuranceLevel, Method
from auth.people import Permission
from rooms.assurance_rule import Audience, Rule
from rooms.meeting import MEETING_TYPES
from signaling.pages.assurance import ways
from tests.rooms.world import KARIN, number
from tests.signaling.pages.site import Site


async def administrator(site: Site) -> None:
    session = await site.world.staff("Eva Strand", number("19700101"))
    assert session.staff is not None
    site.viewer = replace(session, staff=replace(session.staff, permissions=frozenset({Permission.ADMIN})))


def whole(**changes: str) -> list[tuple[str, str]]:
    """The form as the page sends it, with some fields changed; an empty value leaves a field out."""
    fields: list[tuple[str, str]] = []
    for kind in MEETING_TYPES:
        for audience in Audience:
            for method in ("bankid", "freja") if audience is Audience.VISITOR else ("siths", "bankid", "freja"):
                fields.append((f"{kind}.{audience.value}.methods", method))
            fields.append((f"{kind}.{audience.value}.level", "3"))
    return [(name, changes.get(name, value)) for name, value in fields if changes.get(name, value)]


async def test_an_administrator_sets_the_table(site: Site) -> None:
    await administrator(site)
    page = await site.get("/assurance")
    assert page.count("<fieldset") == 3 * len(MEETING_TYPES)
    assert "Planning meeting at discharge" in await site.get("/assurance", english=True)
    sent = whole(**{"planning.visitor.level": "2"})
    answer = await site.client.post("/assurance", data=sent, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/assurance?saved=1")
    assert "Sparat." in await site.get("/assurance?saved=1")
    assert site.viewer is not None
    table = await site.world.meetings.assurance.table(site.viewer)
    assert table["planning", Audience.VISITOR].level is AssuranceLevel.SUBSTANTIAL


async def test_a_row_without_any_way_is_told(site: Site) -> None:
    await administrator(site)
    without = [item for item in whole() if item[0] != "planning.staff.methods"]
    answer = await site.client.post("/assurance", data=without, allow_redirects=False)
    assert answer.status == 422
    assert "Välj minst en e-legitimation." in await answer.text()


async def test_others_may_not(site: Site) -> None:
    await site.planned()  # as Anna, who leads and plans
    await site.get("/assurance", status=403)
    broken = await site.client.post("/assurance", data={}, allow_redirects=False)
    assert broken.status == 403


async def test_a_leader_raises_it_for_one_meeting(site: Site) -> None:
    planned = await site.planned()
    path = f"/meetings/{planned.gathering.meeting.id}/assurance"
    assert path in await site.get(f"/meetings/{planned.gathering.meeting.id}")
    assert 'value="siths" checked' in await site.get(path)
    sent = [
        ("leader.methods", "siths"), ("leader.methods", "bankid"), ("leader.methods", "freja"), ("leader.level", "3"),
        ("staff.methods", "siths"), ("staff.level", "4"), ("visitor.methods", "bankid"), ("visitor.level", "3"),
    ]  # fmt: skip
    answer = await site.client.post(path, data=sent, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?saved=1")
    assert site.viewer is not None
    _, _, now = await site.world.meetings.assurance.of_meeting(site.viewer, planned.gathering.meeting.id)
    assert now[Audience.STAFF] == Rule(frozenset({Method.SITHS}), AssuranceLevel.HIGH_4)
    nobody = await site.client.post(path, data=[item for item in sent if item[0] != "visitor.methods"])
    assert nobody.status == 422


async def test_whoever_is_below_is_told_what_is_enough(site: Site) -> None:
    planned = await site.planned()
    meeting = planned.gathering.meeting.id
    assert site.viewer is not None
    bankid = Rule(frozenset({Method.BANKID}), AssuranceLevel.HIGH_3)
    karin = await site.world.by_link(planned, "Karin Edlund", KARIN)
    await site.world.meetings.assurance.raise_for(site.viewer, meeting, {Audience.VISITOR: bankid})
    site.viewer = replace(karin, method=Method.FREJA)
    page = await site.get(f"/meetings/{meeting}", status=403)
    assert "Det här räcker: BankID (3)." in page
    site.viewer = karin
    assert "Det här räcker" not in await site.get(f"/meetings/{meeting}")


def test_ways_stand_in_the_order_they_are_shown() -> None:
    assert ways({Method.FREJA, Method.SITHS}, Audience.STAFF) == "SITHS eID, Freja"

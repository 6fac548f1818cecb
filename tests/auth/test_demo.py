"""Demo people: test numbers that parse, posts that can be looked up, nothing doubled when seeded twice."""

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import ANNA, DEMO_PEOPLE, GUNNAR, ORGANISATIONS, POSTS, seed
from auth.identity_number import IdentityNumber, NumberKind
from auth.people import Permission
from auth.store import People
from auth.vault import Vault


def test_every_number_is_a_number_of_its_own() -> None:
    numbers = [IdentityNumber.parse(person.number) for person in DEMO_PEOPLE]
    assert len(set(numbers)) == len(numbers)
    assert all(number.kind is NumberKind.PERSONNUMMER for number in numbers)
    # Skatteverket's test series: 980-989 until 1920 or so, 238 and 239 after that.
    assert all(number.reveal()[8:11] in ("238", "239") or number.reveal()[8:10] == "98" for number in numbers)
    assert GUNNAR.number not in repr(DEMO_PEOPLE)


def test_one_region_and_seven_municipalities() -> None:
    assert sorted(organisation.kind for organisation in ORGANISATIONS) == ["kommun"] * 7 + ["region"]
    assert len({post.id for post in POSTS}) == len(POSTS)


async def test_seeded_twice_is_seeded_once(engine: AsyncEngine) -> None:
    people = People(engine, Vault({"1": "a secret of at least 32 characters"}, current="1"))
    await seed(people)
    await seed(people)
    assert len(await people.organisations()) == 8
    anna = await people.person_by_number(IdentityNumber.parse(ANNA.person.number))
    assert anna is not None
    posts = await people.staff_of(anna.id)
    assert [post.title for post in posts] == ["Distriktssköterska"]
    assert posts[0].may(Permission.HOST)
    assert posts[0].organisation.name == "Nordviks kommun"

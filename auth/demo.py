"""The demo's made-up region, seven municipalities, their staff, and the people around one patient.

Every identity number is from Skatteverket's open series of test numbers, held by nobody. The telephone numbers are from
the series the Swedish Post and Telecom Authority sets aside for books and films (0980-319200 to 319299). The
organisation numbers, and the HSA-ids under them, are of nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from auth.bankid_simulator import DemoPerson
from auth.identity import Method
from auth.identity_number import IdentityNumber
from auth.oidc_simulator import SimulatedPerson
from auth.people import Organisation, Permission, Staff
from auth.store import People

REGION = Organisation("region-hoga-kusten", "Region Höga Kusten", "region", "0980-31 92 00", "232100-9991")
NORDVIK = Organisation("nordvik", "Nordviks kommun", "kommun", "0980-31 92 10", "212000-9911")
SORVIK = Organisation("sorvik", "Sörviks kommun", "kommun", "0980-31 92 20", "212000-9929")
ORGANISATIONS = (
    REGION,
    NORDVIK,
    SORVIK,
    Organisation("alvsund", "Älvsunds kommun", "kommun", "0980-31 92 30", "212000-9937"),
    Organisation("skogsnas", "Skogsnäs kommun", "kommun", "0980-31 92 40", "212000-9945"),
    Organisation("hogbo", "Högbo kommun", "kommun", "0980-31 92 50", "212000-9952"),
    Organisation("fjardhamn", "Fjärdhamns kommun", "kommun", "0980-31 92 60", "212000-9960"),
    Organisation("angsjo", "Ängsjö kommun", "kommun", "0980-31 92 70", "212000-9978"),
)

_LEADS = frozenset({Permission.HOST, Permission.PLANNER})
_REVIEWS = frozenset({Permission.AUDITOR})


@dataclass(frozen=True, slots=True)
class DemoPost:
    """A post and who holds it."""

    id: str
    person: DemoPerson
    organisation: Organisation
    title: str
    unit: str
    permissions: frozenset[Permission]

    @property
    def hsa_id(self) -> str:
        """As the organisation's directory would have it: the end of the person's test number is as good as any."""
        assert self.organisation.number is not None, "the demo's have one"
        return f"SE{self.organisation.number.replace('-', '')}-{self.person.number[-4:]}"


def _post(
    number: str, name: str, organisation: Organisation, work: tuple[str, str], permissions: Iterable[Permission] = ()
) -> DemoPost:
    given_name, _, surname = name.partition(" ")
    title, unit = work
    person = DemoPerson(number, given_name, surname, title, organisation.name)
    return DemoPost(
        f"{organisation.id}-{given_name.lower()}", person, organisation, title, unit, frozenset(permissions)
    )


ANNA = _post("199603282386", "Anna Sjödin", NORDVIK, ("Distriktssköterska", "Hemsjukvården"), _LEADS)
LEILA = _post("199505092388", "Leila Haddad", REGION, ("Fast vårdkontakt", "Nordviks hälsocentral"), _LEADS)
PER = _post("199510112395", "Per Wiklund", NORDVIK, ("Biståndshandläggare", "Äldreomsorgen"))
ELIN = _post("199601062384", "Elin Näslund", REGION, ("Arbetsterapeut", "Nordviks hälsocentral"))
RUT = _post("199503282387", "Rut Söderlind", NORDVIK, ("Logggranskare", "Kommunkansliet"), _REVIEWS)
POSTS = (
    ANNA,
    LEILA,
    PER,
    ELIN,
    RUT,
    _post("199506112391", "Sten Åkerlund", REGION, ("Logggranskare", "Regionkansliet"), _REVIEWS),
    _post("199604132382", "Maja Lindgren", NORDVIK, ("Undersköterska", "Hemtjänsten norra")),
    _post("199512042392", "Johan Berglund", SORVIK, ("Distriktssköterska", "Hemsjukvården"), _LEADS),
    _post(
        "189001069815",
        "Britta Holm",
        NORDVIK,
        ("Systemförvaltare", "Kommunkansliet"),
        (Permission.ADMIN,),
    ),
    # Works for two: chooses which one after the login.
    _post("199508162394", "Kerstin Öberg", REGION, ("Kurator", "Psykiatrimottagningen"), _LEADS),
    _post("199508162394", "Kerstin Öberg", SORVIK, ("Samordnare", "Socialpsykiatrin"), _LEADS),
    _post(
        "199605212381",
        "Eva Strand",
        REGION,
        ("Systemförvaltare", "E-hälsa"),
        (Permission.ADMIN, Permission.OPERATOR),
    ),
)

GUNNAR = DemoPerson("190406129817", "Gunnar", "Edlund", "Patient")
KARIN = DemoPerson("199508172385", "Karin", "Edlund", "Dotter")
TOMAS = DemoPerson("199602222391", "Tomas", "Edlund", "Son")
# Invited to nothing: shows what happens when the wrong person opens a link.
NILS = DemoPerson("199511042393", "Nils", "Forsberg", "Inte inbjuden")

DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    *{post.person.number: post.person for post in POSTS}.values(),
    GUNNAR,
    KARIN,
    TOMAS,
    NILS,
)


OIDC_PEOPLE: dict[Method, tuple[SimulatedPerson, ...]] = {
    Method.SITHS: tuple(
        SimulatedPerson(post.person, "http://id.sambi.se/loa/loa3", hsa_id=post.hsa_id) for post in POSTS
    ),
    # Tomas has not shown his passport in the app: his Freja is not sure enough for most meetings.
    Method.FREJA: tuple(SimulatedPerson(person, "EXTENDED" if person is TOMAS else "PLUS") for person in DEMO_PEOPLE),
}
"""Whom the simulated providers know."""


async def seed(people: People) -> None:
    """Store organisations, posts and everyone; safe to run at every start."""
    for organisation in ORGANISATIONS:
        if not await people.add_organisation(organisation):
            await people.change_organisation(organisation)
    for post in POSTS:
        made = post.person
        person = await people.save_named(
            IdentityNumber.parse(made.number), given_name=made.given_name, surname=made.surname, name=made.name
        )
        staff = Staff(post.id, person, post.organisation, post.title, post.unit, post.permissions, hsa_id=post.hsa_id)
        await people.add_staff(staff)

"""What an operator may write of an organisation, each fault named in words. Pure."""

import re
from typing import cast, get_args

from auth.fields import Faults
from auth.hsa_id import InvalidOrganisationNumber, organisation_number
from auth.people import Organisation, OrganisationKind

LINE = 200
PHONE = 40
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


def check_organisation(*, identifier: str, name: str, kind: str, phone: str, number: str) -> Organisation:
    """number: organisation number, or empty. Raises InvalidFields naming each fault."""
    faults = Faults()
    if _ID.fullmatch(identifier) is None:
        faults.add(
            "id",
            "Skriv små bokstäver a-z, siffror och bindestreck, till exempel nordvik.",
            "Write lower case letters a-z, digits and hyphens, for example nordvik.",
        )
    name = faults.line("name", name, LINE)
    if kind not in get_args(OrganisationKind):
        faults.add("kind", "Välj region eller kommun.", "Choose region or municipality.")
    phone = faults.line("phone", phone, PHONE)
    written: str | None = None
    if number.strip():
        try:
            written = organisation_number(number.strip(" "))
        except InvalidOrganisationNumber:
            faults.add(
                "number",
                "Det är inget organisationsnummer. Det har tio siffror, till exempel NNNNNN-NNNN.",
                "This is not an organisation number. It has ten digits, such as NNNNNN-NNNN.",
            )
    faults.stop()
    return Organisation(identifier, name, cast("OrganisationKind", kind), phone, written)


def check_unit(name: str) -> str:
    """Raises InvalidFields."""
    faults = Faults()
    name = faults.line("name", name, LINE)
    faults.stop()
    return name

"""HSA-ids and organisation numbers are read strictly."""

import pytest

from auth.hsa_id import HsaId, InvalidHsaId, InvalidOrganisationNumber, organisation_number


def test_read_in_capitals() -> None:
    found = HsaId.parse("se2321000214-a1b2")
    assert str(found) == "SE2321000214-A1B2"
    assert found.issuer == "232100-0214"
    assert HsaId.parse("SE2321000214-" + "A" * 18).text.endswith("A" * 18)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2321000214-A1B2",
        "SE2321000214A1B2",
        "SE2321000214-",
        "SE2321000214-A1B2\n",
        " SE2321000214-A1B2",
        "SE2321000215-A1B2",  # check digit
        "SE\uff12\uff13\uff12\uff11\uff10\uff10\uff10\uff12\uff11\uff14-A1",  # full-width digits
        "SE2321000214-Å1",
        "SE2321000214-A1@",
        "SE2321000214-\u017f1",  # a long s, which is an S to some
        "SE2321000214-" + "A" * 19,
        "NO2321000214-A1",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidHsaId) as refused:
        HsaId.parse(text)
    assert not text or text not in str(refused.value)


def test_organisation_numbers() -> None:
    assert organisation_number("2120002411") == organisation_number("212000-2411") == "212000-2411"
    for text in ("212000-2412", "199508172385", "9508172385", "212000 2411", "\uff12120002411", "212000-2411\n"):
        with pytest.raises(InvalidOrganisationNumber):
            organisation_number(text)

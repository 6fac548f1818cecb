"""An organisation and a unit as written: every fault is named."""

import pytest

from auth.fields import InvalidFields
from auth.organisation_draft import check_organisation, check_unit

GOOD = {"identifier": "nordvik", "name": "Nordviks kommun", "kind": "kommun", "phone": "0980-31 92 10", "number": ""}


def test_good_ones() -> None:
    assert check_organisation(**GOOD).number is None
    assert check_organisation(**{**GOOD, "number": "2120009911"}).number == "212000-9911"
    assert check_unit(" Hemsjukvården ") == "Hemsjukvården"


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("identifier", "Nordvik", "id"),
        ("identifier", "../x", "id"),
        ("identifier", "nordvik\n", "id"),
        ("name", "", "name"),
        ("kind", "stat", "kind"),
        ("phone", "x" * 41, "phone"),
        ("number", "212000-9912", "number"),
    ],
)
def test_bad_ones(name: str, value: str, field: str) -> None:
    with pytest.raises(InvalidFields) as invalid:
        check_organisation(**{**GOOD, name: value})
    assert [fault["field"] for fault in invalid.value.fields("en")] == [field]


def test_a_unit_without_a_name() -> None:
    with pytest.raises(InvalidFields):
        check_unit("\u200b ")

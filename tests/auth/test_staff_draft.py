"""A commission as written: every fault is named, nothing odd passes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auth.fields import InvalidFields
from auth.staff_draft import StaffDraft, check_staff

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GOOD = StaffDraft("Per", "Wiklund", "Handläggare", "Äldreomsorgen", ("planner",), "199510112395", "SE2120009911-1")


def faults(draft: StaffDraft) -> list[str]:
    with pytest.raises(InvalidFields) as invalid:
        check_staff(draft, NOW)
    return [fault["field"] for fault in invalid.value.fields("sv")]


def test_good_as_it_is() -> None:
    checked = check_staff(replace(GOOD, identity_number="19951011-2395", valid_to="2027-03-31"), NOW)
    assert checked.name == "Per Wiklund"
    assert checked.valid_to is not None
    assert checked.valid_to.astimezone(UTC) == datetime(2027, 3, 31, 22, 0, tzinfo=UTC)
    assert check_staff(replace(GOOD, identity_number=""), NOW).number is None
    assert check_staff(replace(GOOD, hsa_id=""), NOW).hsa_id is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("given_name", " "),
        ("surname", "x" * 101),
        ("title", "Chef\u202eedlog"),
        ("unit", "a\nb\x00"),
        ("identity_number", "１９９５１０１１２３９５"),
        ("identity_number", "199510112396"),
        ("identity_number", "199510112395\n"),
        ("identity_number", "9510112395"),
        ("hsa_id", "SE2120009912-1"),
        ("hsa_id", "ＳＥ2120009911-1"),
        ("valid_to", "2026-11-23"),
        ("valid_to", "30/6 2027"),
        ("valid_to", "9999-12-31"),
    ],
)
def test_bad_fields(field: str, text: str) -> None:
    assert faults(replace(GOOD, **{field: text})) == [field]


def test_many_at_once() -> None:
    bad = StaffDraft("", "", "", "", ("king",))
    assert faults(bad) == ["identity_number", "given_name", "surname", "title", "unit", "permissions"]

"""The table of who is let in, cell by cell."""

import pytest

from auth.relay import Place, Verdict, place_of, verdict


@pytest.mark.parametrize(
    ("page", "app", "place"),
    [
        ("192.0.2.7", "192.0.2.7", Place.SAME),
        ("192.0.2.7", "192.0.2.8", Place.OTHER),
        ("192.0.2.7", "::ffff:192.0.2.7", Place.SAME),
        ("2001:db8::1", "2001:db8::ffff:2", Place.SAME),
        ("2001:db8::1", "2001:db8:0:1::1", Place.OTHER),
        ("192.0.2.7", "2001:db8::1", Place.UNKNOWN),
        ("192.0.2.7", "", Place.UNKNOWN),
        ("", "192.0.2.7", Place.UNKNOWN),
        ("192.0.2.7", "not an address", Place.UNKNOWN),
    ],
)
def test_where_the_app_was(page: str, app: str, place: Place) -> None:
    assert place_of(page, app) is place


HELD = (Verdict.MUST_COME_BACK, Verdict.REFUSE)


@pytest.mark.parametrize("risk", ["low", "moderate", "high", None])
@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("came_back", [False, True])
@pytest.mark.parametrize("same_device", [False, True])
def test_the_table(same_device: bool, came_back: bool, place: Place, risk: str | None) -> None:
    found = [
        verdict(same_device=same_device, place=place, risk=risk, came_back=came_back, can_come_back=can)
        for can in (True, False)
    ]
    if risk == "high":
        expected: tuple[Verdict, ...] = (Verdict.REFUSE, Verdict.REFUSE)
    elif same_device and not came_back and (place is Place.OTHER or (place is Place.UNKNOWN and risk == "moderate")):
        expected = HELD
    else:
        expected = (Verdict.LET_IN, Verdict.LET_IN)
    assert tuple(found) == expected

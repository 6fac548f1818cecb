"""Requests for media sections where requests and offers cross."""

from hypothesis import given
from hypothesis import strategies as st

from sfu.sections import Sections
from tests.sfu.offers import Offer


def test_only_what_is_missing_is_asked_for() -> None:
    sections, offer = Sections(), Offer()
    offer.audio(cid="mic")
    sections.offered(offer.parsed())
    assert sections.to_ask(1, 2) == (1, 2)
    assert sections.to_ask(1, 2) is None
    assert sections.to_ask(3, 2) == (2, 0), "the client adds what it is asked for"
    sections.offered(offer.parsed())
    assert sections.to_ask(3, 2) is None, "an offer made before the request came: the sections are under way"
    for kind in (offer.audio, offer.audio, offer.audio, offer.video):
        kind("recvonly")
    sections.offered(offer.parsed())
    assert sections.to_ask(0, 1) is None
    offer.video("recvonly")
    sections.offered(offer.parsed())
    assert sections.to_ask(0, 0) == (0, 0), "a new division of the sections there are"
    assert sections.to_ask(0, 0) is None
    assert sections.to_ask(0, 1) == (0, 1)
    sections.forget_requests()
    assert sections.to_ask(0, 1) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_a_client_opens_no_more_than_the_greatest_need(steps: list[tuple[int, bool]]) -> None:
    """Needs grow and shrink, and the client's offers come late."""
    sections, offer, waiting, greatest, opened = Sections(), Offer(), 0, 0, 0
    offer.data()
    sections.offered(offer.parsed())
    for need, offers in steps:
        greatest = max(greatest, need)
        missing = max(0, need - opened)
        waiting += (sections.to_ask(0, missing) or (0, 0))[1]
        if offers:
            for _ in range(waiting):
                offer.video("recvonly")
            opened, waiting = opened + waiting, 0
            sections.offered(offer.parsed())
            assert opened >= min(need, greatest)
    assert opened + waiting == greatest

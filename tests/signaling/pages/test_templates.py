"""Words, icons and data in pages."""

from datetime import timedelta

import pytest
from markupsafe import escape

from signaling.pages.templates import embed, environment, icon, in_order, meeting_title, script_texts, telephone, until
from tests.conftest import FrozenClock


@pytest.mark.parametrize(
    ("minutes", "swedish", "english"),
    [
        (8, "om 8 minuter", "in 8 minutes"),
        (1, "om 1 minut", "in 1 minute"),
        (0, "nu", "now"),
        (-5, "för 5 minuter sedan", "5 minutes ago"),
        (120, "om 2 timmar", "in 2 hours"),
        (3000, "", ""),
        (-300, "", ""),
    ],
)
def test_how_far_off(clock: FrozenClock, minutes: int, swedish: str, english: str) -> None:
    start = clock() + timedelta(minutes=minutes)
    assert until(start, clock(), "sv") == swedish
    assert until(start, clock(), "en") == english


def test_embedded_data_cannot_end_its_element() -> None:
    text = str(embed({"name": "</script><script>alert(1)</script>\u2028"}))
    assert "<" not in text
    assert "\u2028" not in text


def test_values_are_escaped_in_translated_texts() -> None:
    for language in ("sv", "en"):
        template = environment(language).from_string("{{ _('Bjöd in %(name)s', name=name) }}")
        assert str(escape("<b>")) in template.render(name="<b>")


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icon("lock")
    with pytest.raises(KeyError):
        icon("no-such-icon")


def test_a_script_gets_its_own_texts_alone() -> None:
    texts = script_texts("simulator.js", "en")["messages"]
    assert texts["Inloggning för personal"] == "Staff login"
    assert "Starta mötet" not in texts
    assert script_texts("kiosk.js", "en")["messages"]["Batteriet räcker i ungefär %(num)s minut."][1].endswith(
        "minutes."
    )
    assert script_texts("simulator.js", "sv")["messages"] == {}


def test_titles_and_numbers() -> None:
    meeting = {"type": "planning", "title": "Gunnars planeringsmöte", "person": {"given_name": "Gunnar"}}
    assert meeting_title(meeting, "sv") == "Gunnars planeringsmöte"
    assert meeting_title(meeting, "en") == "Planning meeting with Gunnar"
    assert telephone("0980-31 92 10") == "+46980319210"
    guests = [
        {"name": "Bo", "host": False, "co_host": False},
        {"name": "Ada", "host": False, "co_host": True},
        {"name": "Cy", "host": True, "co_host": False},
    ]
    assert [guest["name"] for guest in in_order(guests)] == ["Cy", "Ada", "Bo"]

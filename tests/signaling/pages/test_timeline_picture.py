"""The picture of a meeting: everything inside the frame, and words for each row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from audit.timeline import Interval, IntervalKind, Row, Timeline
from signaling.i18n import translations
from signaling.pages.timeline_picture import LEFT, MOST_LABELS, RIGHT, picture

START = datetime(2026, 11, 24, 8, 49, tzinfo=UTC)


def row(*intervals: Interval, name: str = "Karin Edlund", invited: str = "") -> Row:
    return Row("k", name, "", "Dotter", "", "bankid", False, invited, intervals)


def at(kind: IntervalKind, begins: float, ends: float, reason: str = "") -> Interval:
    return Interval(kind, START + timedelta(minutes=begins), START + timedelta(minutes=ends), reason)


def test_everything_lies_within_the_frame_however_long_the_meeting_was() -> None:
    for minutes in (0.2, 5, 58, 240, 4000):
        drawn = picture(
            Timeline(START, START + timedelta(minutes=minutes), (row(at(IntervalKind.IN_ROOM, 0, minutes)),), ()),
            "sv",
            translations("sv").gettext,
        )
        (shape,) = drawn.rows[0].shapes
        assert shape.x >= LEFT
        assert shape.x + shape.width <= RIGHT + 2
        assert 2 <= len(drawn.grid) <= MOST_LABELS + 3


def test_each_row_says_what_counts() -> None:
    say = translations("sv").gettext
    waited = row(at(IntervalKind.WAITING, 0, 7), at(IntervalKind.IN_ROOM, 7, 55))
    lost = row(
        at(IntervalKind.IN_ROOM, 0, 20),
        at(IntervalKind.DROPPED, 20, 22, "connection_lost"),
        at(IntervalKind.WEAK_NETWORK, 22, 25),
        at(IntervalKind.IN_ROOM, 25, 45),
    )
    refused = row(at(IntervalKind.REFUSED, 0, 0, "wrong person"), name="", invited="Per Wiklund")
    end = START + timedelta(minutes=58)
    rows = picture(Timeline(START, end, (waited, lost, refused), ()), "sv", say).rows
    assert (rows[0].fact, rows[0].detail) == ("48 min", "Väntade 7 min")
    mother = replace(waited, representation="guardian", relation="Mor")
    assert picture(Timeline(START, end, (mother,), ()), "sv", say).rows[0].about == "Vårdnadshavare, Mor"
    assert rows[1].detail == "Tappade nätet 2 min"
    assert rows[1].shapes[2].zigzag
    assert (rows[2].name, rows[2].about, rows[2].fact) == ("Okänd person", "Med länken till Per Wiklund", "Nekad")
    assert rows[2].detail == "Inte den inbjudna"

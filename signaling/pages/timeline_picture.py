"""The auditor's picture of a meeting: `audit.timeline` laid out in an SVG's coordinates. Shapes and words carry what
colour also says; `web/templates/_timeline.html` draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.events import EventType
from audit.timeline import Interval, IntervalKind, Row, Timeline
from signaling.i18n import ZONE, clock_time
from signaling.pages.log_words import Translate, reason_words, standing

WIDTH, LEFT, RIGHT, FACTS = 976, 206, 786, 806
GROUND, FIRST_ROW, ROW = 84, 144, 50
LEAST_SPAN = timedelta(minutes=20)
MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """kind: an `IntervalKind`'s value; x, width: in the picture's units; zigzag: the path of a weak network."""

    kind: str
    x: float
    width: float
    zigzag: str = ""


@dataclass(frozen=True, slots=True)
class PictureRow:
    y: float
    name: str
    about: str
    shapes: tuple[Shape, ...]
    fact: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the whole meeting on the ground line; y: where its words stand; before: they stand left of it."""

    x: float
    y: float
    time: str
    words: str
    before: bool


@dataclass(frozen=True, slots=True)
class Picture:
    height: float
    grid: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    rows: tuple[PictureRow, ...]


def picture(timeline: Timeline, language: str, _: Translate) -> Picture:
    """Grid lines at whole minutes, at most MOST_LABELS of them with their time."""
    start, end, step = _span(timeline)

    def x(moment: datetime) -> float:
        return round(LEFT + (moment - start) / (end - start) * (RIGHT - LEFT), 1)

    count = int((end - start) / step)
    grid = [(x(start + at * step), start + at * step) for at in range(count + 1)]
    rows = tuple(
        _row(row, FIRST_ROW + at * ROW, [_shape(one, x) for one in row.intervals], _)
        for at, row in enumerate(timeline.rows)
    )
    words = {EventType.MEETING_STARTED: _("Mötet startas"), EventType.MEETING_ENDED: _("Mötet avslutas")}
    marks = tuple(
        Mark(x(one.time), 60, clock_time(one.time, language), words.get(one.type, ""), before=x(one.time) > RIGHT - 150)
        for one in timeline.milestones
    )
    return Picture(
        FIRST_ROW + ROW * len(rows) - 20,
        tuple((at, clock_time(moment, language)) for at, moment in grid),
        marks,
        rows,
    )


def _span(timeline: Timeline) -> tuple[datetime, datetime, timedelta]:
    """Whole steps around everything that happened."""
    span = max(timeline.end - timeline.start, LEAST_SPAN)
    steps = [timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 240, 720, 1440)]
    step = next((one for one in steps if span / one <= MOST_LABELS), timedelta(days=(span.days // MOST_LABELS) + 1))
    midnight = timeline.start.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + ((timeline.start - midnight) // step) * step
    end = start + (-(-(timeline.end - start) // step) or 1) * step
    return start, max(end, start + -(-LEAST_SPAN // step) * step), step


def _shape(interval: Interval, x: Callable[[datetime], float]) -> Shape:
    start, width = x(interval.start), x(interval.end) - x(interval.start)
    if interval.kind is IntervalKind.WEAK_NETWORK:
        turns = max(2, round(width / 12))
        quarter = round(width / turns / 4, 1)
        return Shape(interval.kind.value, start, width, f"l{quarter} -6l{2 * quarter} 12l{quarter} -6" * turns)
    return Shape(interval.kind.value, start, max(width, 2.0))


def _row(row: Row, y: float, shapes: list[Shape], _: Translate) -> PictureRow:
    name = row.name or _("Okänd person")
    about = _("Resedatorn") if row.home else standing(row.representation, row.relation or row.role, _)
    if row.refused is not None and not row.in_room and not row.waited:
        about = _("Med länken till %(name)s") % {"name": row.invited} if row.invited else about
        return PictureRow(y, name, about, tuple(shapes), _("Nekad"), _refusal(row.refused, _))
    if row.drops:
        detail = _("Tappade nätet %(minutes)s min") % {"minutes": _minutes(row.dropped)}
    elif row.weak_network:
        detail = _("Svagt nät %(minutes)s min") % {"minutes": _minutes(row.weak_network)}
    elif row.waited:
        detail = _("Väntade %(minutes)s min") % {"minutes": _minutes(row.waited)}
    else:
        detail = ""
    fact = _("%(minutes)s min") % {"minutes": _minutes(row.in_room)} if row.in_room else _("Kom inte in")
    return PictureRow(y, name, about[:1].upper() + about[1:], tuple(shapes), fact, detail)


def _refusal(reason: str, _: Translate) -> str:
    """Short enough for the picture's margin; the table says it in full."""
    if reason in ("wrong person", "wrong_person"):
        return _("Inte den inbjudna")
    return reason_words(reason, _).capitalize()


def _minutes(span: timedelta) -> int:
    """Whole minutes; what was shorter than one counts as one."""
    return max(1, round(span / timedelta(minutes=1)))

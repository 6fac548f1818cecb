"""How servers stand beside each other: ratios within a round, and who is missing is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import media
from bench.media import engines, standing
from tests.bench.test_forward import window


def test_ratios_are_of_the_same_round() -> None:
    base = window(rooms=2, microseconds=10.0)
    windows = {
        ("embedded", 2): {0: base, 1: replace(base, microseconds=20.0), 2: base},
        ("Janus", 2): {1: replace(base, microseconds=30.0), 2: replace(base, microseconds=12.0)},
    }
    own = standing("embedded", 2, windows, [], "embedded")
    assert own.ratio == 1.0
    other = standing("Janus", 2, windows, ["once"], "embedded")
    assert other.ratio == pytest.approx((1.5 + 1.2) / 2)
    assert other.microseconds is not None
    assert other.microseconds.median == 21.0
    assert other.refused == ["once"]
    nothing = standing("LiveKit", 2, windows, ["never"], "embedded")
    assert (nothing.microseconds, nothing.ratio) == (None, None)


def test_what_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(media, "LIVEKIT", Path("nowhere"))
    monkeypatch.setattr(media, "COMPILED_IN", Path("nowhere"))
    found, missing = engines()
    assert [engine.name for engine in found] == ["embedded"]
    assert [line.split()[:2] for line in missing] == [["the", "compiled"], ["Janus", "is"], ["livekit-server", "is"]]


def test_the_compiled_media_path_is_measured_beside_the_interpreted_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(media, "COMPILED_IN", tmp_path)
    assert [engine.name for engine in engines()[0]][:2] == ["embedded", "interpreted"]

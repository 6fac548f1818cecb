"""Speakers come and go, smoothed, and only changes are told."""

from sfu.speakers import ActiveSpeakers, AudioLevel


def interval(level: AudioLevel, loudness: int, packets: int = 20, silent: int = 0) -> float:
    for _ in range(packets):
        level.observe(loudness)
    for _ in range(silent):
        level.observe(127)
    return level.take()


def test_speech_rises_and_falls_smoothly() -> None:
    level = AudioLevel()
    first = interval(level, 20)
    second = interval(level, 20)
    assert 0 < first < second < 1
    silence = [interval(level, 127) for _ in range(6)]
    assert silence == sorted(silence, reverse=True)
    assert silence[-1] < 1 / 16


def test_a_click_is_no_speech() -> None:
    assert interval(AudioLevel(), 5, packets=2, silent=18) == 0


def test_a_track_without_packets_is_silent() -> None:
    assert AudioLevel().take() == 0


def test_only_changes_are_told() -> None:
    speakers = ActiveSpeakers()
    told = speakers.update([("eva", 0.3), ("ali", 0.9), ("bo", 0.01)])
    assert [(one.identifier, one.active) for one in told] == [("ali", True), ("eva", True)]
    assert speakers.update([("eva", 0.3), ("ali", 0.9)]) == []
    [gone] = speakers.update([("eva", 0.31)])
    assert (gone.identifier, gone.active, gone.level) == ("ali", False, 0)
    assert [one.identifier for one in speakers.active] == ["eva"]

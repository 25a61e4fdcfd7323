"""Which apps may sleep, after how long, and when they are kept warm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control.domain.formations import Formation
from control.domain.rules import BrokenRule
from control.domain.sleeping import (
    OFF,
    Autosleep,
    can_be_woken,
    check_after,
    check_keep_warm,
    idle_time,
    kept_warm_since,
    may_not_sleep,
)

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
TOLD = Autosleep(after_s=3600)


def _rows(*wanted: tuple[str, int, str]) -> list[Formation]:
    return [
        Formation(
            id=kind, app_id="a", type=kind, quantity=quantity, size=size, command="x", created_at=MONDAY,
            updated_at=MONDAY,
        )
        for kind, quantity, size in wanted
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "untold", "told"),
    [
        ([("web", 1, "free")], None, None),
        ([("web", 1, "free"), ("worker", 0, "free")], None, None),
        ([("web", 2, "free")], "it has 2 web dynos", None),
        ([("web", 1, "basic")], "its web dyno has the size basic", None),
        ([("web", 1, "free"), ("worker", 1, "free")], "it has worker dynos", None),
        ([("web", 0, "free")], "it wants no web dyno", "it wants no web dyno"),
        ([("worker", 1, "free")], "it wants no web dyno", "it wants no web dyno"),
        ([], "it wants no web dyno", "it wants no web dyno"),
    ],
)
def test_who_may_sleep(wanted: Any, untold: str | None, told: str | None) -> None:
    """One free web dyno and nothing else, or whoever was told a time; never what no request could wake."""
    rows = _rows(*wanted)

    for autosleep, expected in ((None, untold), (Autosleep(after_s=OFF), untold), (TOLD, told)):
        found = may_not_sleep(autosleep, rows)
        assert found is None if expected is None else expected in (found or "")
    assert can_be_woken(rows) == (told is None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30m", 1800), ("2h", 7200), ("90s", 90), ("1D", 86_400), (1800, 1800), ("off", OFF), (None, None)],
)
def test_idle_times(value: Any, seconds: int | None) -> None:
    """A number with its unit, seconds, off, or the default."""
    assert check_after(value, shortest_s=60) == seconds


@pytest.mark.parametrize("value", ["", "30", "m", "-5m", "30s", "8d", "1 week", 59, True, 3.5, [], {}, "٣m"])
def test_wrong_idle_times(value: Any) -> None:
    """A sentence says what there is to choose from."""
    with pytest.raises(BrokenRule, match=r"from 60 seconds to 7 days"):
        check_after(value, shortest_s=60)


def test_the_default_and_off() -> None:
    """Who was told nothing has the platform's time; who was told off has none, and neither has a platform with 0."""
    assert idle_time(None, 1800) == timedelta(minutes=30)
    assert idle_time(Autosleep(), 1800) == timedelta(minutes=30)
    assert idle_time(TOLD, 1800) == timedelta(hours=1)
    assert idle_time(Autosleep(after_s=OFF), 1800) is None
    assert idle_time(None, 0) is None


@pytest.mark.parametrize(
    ("window", "warm", "cold"),
    [
        ("mon-fri 08:00-20:00", ["mon 08:00", "fri 19:59"], ["mon 07:59", "fri 20:00", "sat 12:00"]),
        ("sat 10:00-12:00", ["sat 11:00"], ["fri 11:00", "sun 11:00"]),
        ("daily 22:00-06:00", ["mon 23:00", "tue 05:59", "sun 00:00"], ["mon 06:00", "mon 21:59"]),
        ("fri 22:00-06:00", ["fri 23:00", "sat 05:00"], ["fri 05:00", "sat 23:00"]),
        ("sat-mon 00:00-24:00", ["sun 12:00", "mon 23:59", "sat 00:00"], ["tue 00:00", "fri 23:59"]),
        ("mon 08:00-09:00 Asia/Tokyo", ["sun 23:30"], ["mon 08:30"]),
        ("Mon 8:00-9:00,  tue  8:00-9:00", ["mon 08:30", "tue 08:30"], ["wed 08:30"]),
    ],
)
def test_keep_warm_windows(window: str, warm: list[str], cold: list[str]) -> None:
    """Days and hours, over midnight too, in UTC unless another zone is named."""
    autosleep = Autosleep(keep_warm=check_keep_warm(window))

    for moments, expected in ((warm, True), (cold, False)):
        found = {moment: kept_warm_since(autosleep, _moment(moment)) is not None for moment in moments}
        assert found == dict.fromkeys(moments, expected)


@pytest.mark.parametrize(
    ("window", "now", "since"),
    [
        ("mon-fri 08:00-20:00", "tue 08:00", "tue 08:00"),
        ("mon-fri 08:00-20:00", "tue 19:59", "tue 08:00"),
        ("fri 22:00-06:00", "sat 05:00", "fri 22:00"),
        ("daily 00:00-24:00", "wed 12:00", "wed 00:00"),
        ("tue 08:30-09:30 Asia/Tokyo", "tue 00:00", "mon 23:30"),
        ("daily 08:00-20:00, mon 10:00-12:00", "mon 11:00", "mon 10:00"),
        ("mon 08:00-09:00", "mon 09:00", None),
    ],
)
def test_when_a_window_opened(window: str, now: str, since: str | None) -> None:
    """The last one that did, on the day before where it passes midnight."""
    found = kept_warm_since(Autosleep(keep_warm=check_keep_warm(window)), _moment(now))

    assert found == (_moment(since) if since else None)


def _moment(text: str) -> datetime:
    day, _, time = text.partition(" ")
    hour, minute = time.split(":")
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(day)
    return MONDAY + timedelta(days=days, hours=int(hour), minutes=int(minute))


def test_windows_are_kept_in_one_form() -> None:
    """Whatever was typed, a list or a text, the same comes back and is understood again."""
    kept = check_keep_warm([" MON-Fri  08:00-20:00 Europe/Berlin", "sat 10:00-12:00"])

    assert kept == "mon-fri 08:00-20:00 Europe/Berlin, sat 10:00-12:00"
    assert check_keep_warm(kept) == kept
    assert check_keep_warm(None) == check_keep_warm([]) == check_keep_warm("") == ""


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("08:00-20:00", "is not understood"),
        ("mon 8-20", "is not understood"),
        ("xyz 08:00-20:00", "The day xyz does not exist"),
        ("mon 08:60-20:00", "The time .* does not exist"),
        ("mon 08:00-24:01", "The time .* does not exist"),
        ("mon 08:00-20:00 Mars/Base", "time zone Mars/Base does not exist"),
        ("mon 08:00-20:00 ../../etc/passwd", "is not understood"),
        ("mon 08:00-20:00 /etc/passwd", "does not exist"),
        ([3], "must be texts"),
        (["mon 08:00-09:00"] * 21, "may have 20 windows"),
    ],
)
def test_wrong_windows(window: Any, said: str) -> None:
    """A sentence says what is wrong."""
    with pytest.raises(BrokenRule, match=said):
        check_keep_warm(window)

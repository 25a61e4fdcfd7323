"""ps:sleep, ps:wake, ps:autosleep."""

from __future__ import annotations

import json

import pytest

FOUND = {
    "after": 1800,
    "is_default": True,
    "keep_warm": [],
    "freeze": False,
    "reason": None,
    "asleep_since": None,
    "asleep_because": None,
}


def test_sleep_and_wake(cli, host):
    """One line each; the wake says what it found."""
    host.on("POST", "/apps/hello/actions/sleep", {"name": "hello"})
    host.on("POST", "/apps/hello/actions/wake", {"state": "starting"})

    assert cli("ps:sleep").err == "Putting ⬢ hello to sleep... done\n"
    assert cli("ps:wake").err == "Waking ⬢ hello... done, starting\n"
    assert json.loads(cli("ps:wake", "--json").out) == {"state": "starting"}


TOLD = {"after": 90, "is_default": False, "keep_warm": ["mon 08:00-09:00", "tue 08:00-09:00"]}
ASLEEP = {"asleep_since": "2026-03-01T11:55:00Z", "reason": "it has worker dynos"}


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (FOUND, "After:     30m without a request (default)\nKeep warm: never\nDynos:     stop\n"),
        (FOUND | {"after": None, "is_default": False}, "After:     off\nKeep warm: never\nDynos:     stop\n"),
        (
            FOUND | TOLD | ASLEEP,
            (
                "After:     90s without a request\n"
                "Keep warm: mon 08:00-09:00, tue 08:00-09:00\n"
                "Dynos:     stop\n"
                "Asleep:    2026/03/01 11:55:00 +0000 (~ 5m ago)\n"
            ),
        ),
    ],
)
def test_what_is_set_is_shown(cli, host, found, shown):
    """The idle time with its unit, and why the app does not sleep by itself."""
    host.on("GET", "/apps/hello/autosleep", found)

    result = cli("ps:autosleep")

    assert result.out == shown
    assert ("it has worker dynos." in result.err) == (found["reason"] is not None)
    assert json.loads(cli("ps:autosleep", "--json").out) == found


def test_changes_are_sent_as_they_were_given(cli, host):
    """Only what was named; the API knows the rules."""
    host.on("PATCH", "/apps/hello/autosleep", FOUND)

    result = cli("ps:autosleep", "--after", "2h", "--keep-warm", "mon 08:00-09:00", "--keep-warm", "sat 10:00-12:00")

    assert result.err == "Changing when ⬢ hello sleeps... done\n"
    assert host.bodies("PATCH", "/apps/hello/autosleep")[-1] == {
        "after": "2h",
        "keep_warm": ["mon 08:00-09:00", "sat 10:00-12:00"],
    }
    cli("ps:autosleep", "--freeze")
    assert host.bodies("PATCH", "/apps/hello/autosleep")[-1] == {"freeze": True}
    cli("ps:autosleep", "--keep-warm", "")
    assert host.bodies("PATCH", "/apps/hello/autosleep")[-1] == {"keep_warm": [""]}

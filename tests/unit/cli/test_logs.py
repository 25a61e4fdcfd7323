"""logs."""

from __future__ import annotations

import json

import httpx
import pytest

SESSION = {"id": "s1", "logplex_url": "http://127.0.0.1:8081/logs/s1?sig=x"}
FIRST = "2026-03-01T11:00:00.000001+00:00 app[web.1]: hello"
SECOND = "2026-03-01T11:00:00.000002+00:00 heroku[router]: at=info path=/"


@pytest.fixture
def app(host):
    host.on("POST", "/apps/hello/log-sessions", SESSION, status=201)
    return host


def test_logs_prints_recent_lines_as_they_are(cli, app):
    """No colour and no change when nobody looks; the address gets no token."""
    app.text("/logs/s1", f"{FIRST}\n{SECOND}\n")

    result = cli("logs")

    assert (0, f"{FIRST}\n{SECOND}\n", "") == (result.status, result.out, result.err)
    assert app.bodies("POST", "/apps/hello/log-sessions") == [{"tail": False, "lines": 100}]
    assert "Authorization" not in app.requests[-1].headers


def test_logs_passes_its_filters(cli, app):
    """Source, type and dyno are the platform's to choose by."""
    app.text("/logs/s1", "")

    cli("logs", "-n", "5", "-s", "app", "-p", "worker")
    cli("logs", "--dyno", "web.1")
    cli("logs", "-n", "0")

    first, second, none = app.bodies("POST", "/apps/hello/log-sessions")
    assert none["lines"] == 0
    assert first == {"tail": False, "lines": 5, "source": "app", "type": "worker"}
    assert second == {"tail": False, "lines": 100, "dyno": "web.1", "dyno_name": "web.1"}


def test_a_colour_per_dyno_on_a_terminal(cli, app):
    """The same one for the same dyno."""
    app.text("/logs/s1", f"{FIRST}\n{SECOND}\n{FIRST}\n")

    one, two, three = cli("logs", tty=True).out.splitlines()

    assert "\x1b[33m2026-03-01T11:00:00.000001+00:00 app[web.1]:\x1b[0m hello" == one == three
    assert two.startswith("\x1b[32m")


@pytest.mark.parametrize("tty", [True, False])
def test_control_characters_are_shown_not_obeyed(cli, app, tty):
    """A log line can neither move the cursor, nor set a title, nor clear the screen."""
    evil = "\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp\x08\rroot#"
    app.text("/logs/s1", f"2026-03-01T11:00:00+00:00 app[web.1]: {evil}\tend\n")

    out = cli("logs", tty=tty).out

    assert "^[[2J^[]0;title^G\\x9b31m\\u202egnp^H^Mroot#\tend\n" in out


def test_json_is_one_object_a_line(cli, app):
    """For programs, also with --tail."""
    app.text("/logs/s1", f"{FIRST}\nfree text\n")

    first, second = (json.loads(line) for line in cli("logs", "--json").out.splitlines())

    assert {"timestamp": FIRST.split(maxsplit=1)[0], "source": "app", "dyno": "web.1", "message": "hello"} == first
    assert second == {"message": "free text"}


class Broken(httpx.SyncByteStream):
    """A body whose connection breaks."""

    def __init__(self, data: str) -> None:
        self._data = data.encode()

    def __iter__(self):
        yield self._data
        raise httpx.ReadError("gone")


def test_tail_goes_on_after_a_break_without_repeating(cli, app):
    """Recent lines are asked for again, and those already shown are left out; ^C ends it with 130."""
    third = FIRST.replace("hello", "third")

    def interrupt(request):
        raise KeyboardInterrupt

    app.add("GET", "/logs/s1", httpx.Response(200, stream=Broken(f"{FIRST}\n{SECOND}\nhalf a li")))
    app.text("/logs/s1", f"{FIRST}\n{SECOND}\n{third}\n")
    app.add("GET", "/logs/s1", interrupt)

    result = cli("logs", "--tail")

    assert (130, f"{FIRST}\n{SECOND}\n{third}\n") == (result.status, result.out)
    assert [body["tail"] for body in app.bodies("POST", "/apps/hello/log-sessions")] == [True, True, True]


def test_a_log_that_breaks_is_an_error_without_tail(cli, app):
    """Half a log does not look like a whole one."""
    app.add("GET", "/logs/s1", httpx.Response(200, stream=Broken(f"{FIRST}\n")))

    result = cli("logs")

    assert (1, f"{FIRST}\n") == (result.status, result.out)
    assert (
        result.err == " ›   Error: The log could not be read to its end: "
        "The connection to 127.0.0.1:8081 broke off (gone). Try again.\n"
    )


def test_two_filters_for_one_thing(cli, app):
    """--dyno and --process-type exclude each other."""
    assert cli("logs", "-d", "web.1", "-p", "web").status == 2

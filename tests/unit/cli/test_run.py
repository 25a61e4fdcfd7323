"""run:detached, run:list."""

from __future__ import annotations

import json

import pytest

ONE = {
    "id": "d7",
    "name": "run.7",
    "type": "run",
    "size": "free",
    "state": "starting",
    "command": "rake db:migrate",
    "exit_code": None,
    "created_at": "2026-03-01T11:55:00Z",
    "updated_at": "2026-03-01T11:55:00Z",
    "reason": None,
    "memory_mb": None,
    "release": {"version": 3},
}
LOG = "http://127.0.0.1:8081/streams/logs/x"
HEAD = "2026-03-01T12:00:00.000000+00:00"


def test_a_command_is_sent(cli, host):
    """One word is a command line; the dyno's name is the result, on stdout."""
    host.on("POST", "/apps/hello/dynos", ONE, status=201)

    result = cli("run:detached", "rake db:migrate && echo done")

    assert (result.status, result.out) == (0, "run.7\n")
    assert "Running rake db:migrate && echo done on ⬢ hello... done, run.7" in result.err
    assert "nomapaas logs --app hello --dyno run.7 --tail" in result.err
    assert host.bodies("POST", "/apps/hello/dynos") == [{"command": "rake db:migrate && echo done", "attach": False}]


def test_options_go_before_the_command(cli, host):
    """What comes after its first word is the command's own, dashes and quotes included."""
    host.on("POST", "/apps/hello/dynos", ONE, status=201)

    result = cli(
        *("run:detached", "-s", "basic", "--type", "worker", "--ttl", "60", "-e", "A=1", "-e", "B=x;y"),
        *("python", "-c", "print('a b')", "--json", "--app", "x"),
    )

    assert result.status == 0
    assert host.bodies("POST", "/apps/hello/dynos") == [
        {
            "command": "python -c 'print('\"'\"'a b'\"'\"')' --json --app x",
            "attach": False,
            "size": "basic",
            "type": "worker",
            "time_to_live": 60,
            "env": {"A": "1", "B": "x;y"},
        }
    ]


def test_json_is_the_dyno(cli, host):
    """For programs."""
    host.on("POST", "/apps/hello/dynos", ONE, status=201)

    assert json.loads(cli("run:detached", "--json", "true").out)["name"] == "run.7"


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 3), (137, 137), (None, 1)])
def test_tail_ends_as_the_dyno_did(cli, host, code, status):
    """Lines until the platform tells of its end; the exit code is the command's own."""
    ended = ONE | {"state": "down" if code == 0 else "crashed", "exit_code": code, "reason": "It ended."}
    host.on("POST", "/apps/hello/dynos", ONE, status=201)
    host.on("POST", "/apps/hello/log-sessions", {"logplex_url": LOG}, status=201)
    host.text(
        "/streams/logs/x",
        f"{HEAD} app[run.7]: State changed from up to crashed\n"
        f"{HEAD} app[run.7]: hi\n"
        f"{HEAD} heroku[run.7]: State changed from starting to complete\n"
        f"{HEAD} app[run.7]: never read\n",
    )
    host.on("GET", "/apps/hello/dynos/run.7", ONE | {"state": "up"})
    host.on("GET", "/apps/hello/dynos/run.7", ended)

    result = cli("run:detached", "--tail", "true")

    assert result.status == status
    assert "app[run.7]: hi" in result.out
    assert "never read" not in result.out
    assert ("run.7: It ended." in result.err) is (code != 0)
    (asked,) = host.bodies("POST", "/apps/hello/log-sessions")
    assert asked == {"tail": True, "lines": 1500, "dyno": "run.7", "dyno_name": "run.7"}


@pytest.mark.parametrize(
    "words", [("run:detached",), ("run:detached", "--ttl", "0", "true"), ("run:detached", "-e", "A", "ls")]
)
def test_what_makes_no_sense(cli, host, words):
    """A usage error, and nothing is sent."""
    assert cli(*words).status == 2
    assert cli("run:detached", "--tail", "--json", "ls").status == 2
    assert host.requests == []


def test_the_list_shows_exit_codes(cli, host):
    """By number; ended ones with how they ended."""
    ended = ONE | {"name": "run.10", "state": "crashed", "exit_code": 3, "reason": "It ended with exit code 3."}
    host.on("GET", "/apps/hello/oneoffs", [ended, ONE])

    result = cli("run:list")

    assert [line.split()[:3] for line in result.out.splitlines()] == [
        ["Dyno", "State", "Exit"],
        ["run.7", "starting", "free"],
        ["run.10", "crashed", "3"],
    ]
    assert [each["name"] for each in json.loads(cli("run:list", "--json").out)] == ["run.7", "run.10"]


def test_an_empty_list(cli, host):
    """What to do is on stderr."""
    host.on("GET", "/apps/hello/oneoffs", [])

    result = cli("run:list")

    assert (result.status, result.out) == (0, "")
    assert "nomapaas run:detached COMMAND starts one" in result.err

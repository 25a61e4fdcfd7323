"""ps, ps:scale, ps:type, ps:restart, ps:stop."""

from __future__ import annotations

import json

import pytest

DYNO = {
    "id": "d1",
    "name": "web.1",
    "type": "web",
    "size": "free",
    "state": "up",
    "command": "python app.py",
    "updated_at": "2026-03-01T11:55:00Z",
    "release": {"version": 3},
    "reason": None,
}
WEB = {"type": "web", "quantity": 1, "size": "free", "command": "python app.py"}
WORKER = {"type": "worker", "quantity": 0, "size": "free", "command": "python work.py"}


def test_ps_groups_dynos_by_type(cli, host):
    """The web type first, numbers as numbers, the reason of what is not up."""
    crashed = DYNO | {"name": "worker.1", "type": "worker", "state": "crashed", "reason": "exited with 1"}
    host.on("GET", "/apps/hello/dynos", [crashed, DYNO | {"name": "web.10"}, DYNO | {"name": "web.2"}])

    result = cli("ps")

    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "=== web (free): python app.py (2)\n"
        "\n"
        "web.2: up 2026/03/01 11:55:00 +0000 (~ 5m ago)\n"
        "web.10: up 2026/03/01 11:55:00 +0000 (~ 5m ago)\n"
        "\n"
        "=== worker (free): python app.py (1)\n"
        "\n"
        "worker.1: crashed 2026/03/01 11:55:00 +0000 (~ 5m ago): exited with 1\n"
    )


def test_ps_of_a_type_that_there_is_not(cli, host):
    """Names those that there are."""
    host.on("GET", "/apps/hello/dynos", [DYNO])
    host.on("GET", "/apps/hello/formation", [WEB, WORKER])

    result = cli("ps", "wrker")

    assert (result.status, result.out) == (1, "")
    assert result.err == " ›   Error: hello has no process type wrker. It has web, worker.\n"


def test_ps_without_dynos(cli, host):
    """What to do is on stderr."""
    host.on("GET", "/apps/hello/dynos", [])

    result = cli("ps")

    assert (result.status, result.out) == (0, "")
    assert result.err == "No dynos run on ⬢ hello. nomapaas ps:scale web=1 starts one, once there is a release.\n"
    assert json.loads(cli("ps", "--json").out) == []


def test_scale_without_words_prints_what_it_takes(cli, host):
    """The output can be given back as input."""
    host.on("GET", "/apps/hello/formation", [WORKER, WEB])

    assert cli("ps:scale").out == "web=1:free worker=0:free\n"


@pytest.mark.parametrize(
    ("word", "update"),
    [
        ("web=2", {"type": "web", "quantity": 2}),
        ("web+1", {"type": "web", "quantity": "+1"}),
        ("my-worker-1", {"type": "my-worker", "quantity": "-1"}),
        (
            "web=2:standard-1x",
            {"type": "web", "quantity": 2, "size": "standard-1x", "dyno_size": {"name": "standard-1x"}},
        ),
    ],
)
def test_scale(cli, host, word, update):
    """Set, add, take away, with a size."""
    host.on("PATCH", "/apps/hello/formation", [WEB | {"quantity": 2}])

    result = cli("scale", word)

    assert (result.status, result.out) == (0, "")
    assert [{"updates": [update]}] == host.bodies("PATCH", "/apps/hello/formation")
    assert result.err.startswith("Scaling dynos of ⬢ hello... done, now running")


@pytest.mark.parametrize("word", ["web", "web=", "=1", "web=two", "web=--1"])
def test_scale_of_what_is_no_change(cli, host, word):
    """A usage error, and no request."""
    result = cli("ps:scale", word)

    assert result.status == 2
    assert f" ›   Error: {word} is not a change of scale. Write web=2, worker+1 or web=2:standard-1x." in result.err
    assert host.requests == []


def test_scale_below_nothing(cli, host):
    """A minus after = is most likely a decrease in the wrong words; both readings are told."""
    result = cli("ps:scale", "web=-1")

    assert result.status == 2
    assert " ›   Error: web=-1 asks for a negative quantity. Write a number from 0 on, or web-1." in result.err
    assert host.requests == []


def test_scale_beyond_the_limit_is_the_apis_sentence(cli, host):
    """Limits are the platform's, not the CLI's."""
    host.on("PATCH", "/apps/hello/formation", {"id": "invalid_params", "message": "At most 100 web dynos."}, status=422)

    result = cli("ps:scale", "web=100000")

    assert (result.status, result.err) == (1, "Scaling dynos of ⬢ hello... !\n ›   Error: At most 100 web dynos.\n")


def test_type_shows_and_changes_sizes(cli, host):
    """A size alone is for all types."""
    host.on("GET", "/apps/hello/formation", [WEB, WORKER])
    host.on("PATCH", "/apps/hello/formation", [WEB, WORKER])

    shown = cli("ps:type")
    all_of_them = cli("ps:type", "basic")
    one = cli("resize", "worker=standard-2x")

    assert (shown.status, all_of_them.status, one.status) == (0, 0, 0)
    assert "Type    Size  Quantity  Command\nweb     free  1         python app.py\n" in shown.out
    assert one.err == "Resizing dynos of ⬢ hello... done\n"
    first, second = host.bodies("PATCH", "/apps/hello/formation")
    assert [(u["type"], u["size"]) for u in first["updates"]] == [("web", "basic"), ("worker", "basic")]
    assert [(u["type"], u["size"]) for u in second["updates"]] == [("worker", "standard-2x")]


@pytest.mark.parametrize(
    ("words", "path", "said"),
    [
        ((), "/apps/hello/dynos", "Restarting all dynos of ⬢ hello... done\n"),
        (("web.1",), "/apps/hello/dynos/web.1", "Restarting dyno web.1 of ⬢ hello... done\n"),
        (("-d", "web.1"), "/apps/hello/dynos/web.1", "Restarting dyno web.1 of ⬢ hello... done\n"),
        (("worker",), "/apps/hello/formations/worker", "Restarting all worker dynos of ⬢ hello... done\n"),
        (("-p", "worker"), "/apps/hello/formations/worker", "Restarting all worker dynos of ⬢ hello... done\n"),
    ],
)
def test_restart(cli, host, words, path, said):
    """All, one, or a type."""
    host.on("DELETE", path, {}, status=202)

    result = cli("ps:restart", *words)

    assert (0, "", said) == (result.status, result.out, result.err)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("web.1",), "/apps/hello/dynos/web.1/actions/stop"),
        (("-p", "worker"), "/apps/hello/formations/worker/actions/stop"),
    ],
)
def test_stop(cli, host, words, path):
    """One dyno, or a type."""
    host.on("POST", path, {}, status=202)

    assert cli("ps:stop", *words).status == 0


def test_stop_needs_to_know_what(cli, host):
    """Stopping everything by a slip is not possible; two answers are one too many."""
    assert cli("kill").status == 2
    assert cli("ps:stop", "web.1", "-p", "web").status == 2
    assert host.requests == []


def test_one_off_dynos_and_memory(cli, host):
    """Each one-off has a command of its own; what a dyno uses is shown where it is known."""
    oneoff = DYNO | {"name": "run.4", "type": "run", "command": "rake seed", "memory_mb": 3.2}
    host.on("GET", "/apps/hello/dynos", [oneoff, DYNO | {"memory_mb": 41.7}])

    assert cli("ps").out == (
        "=== web (free): python app.py (1)\n"
        "\n"
        "web.1: up 2026/03/01 11:55:00 +0000 (~ 5m ago), 42 MB\n"
        "\n"
        "=== run: one-off processes (1)\n"
        "\n"
        "run.4 (free): up 2026/03/01 11:55:00 +0000 (~ 5m ago), 3 MB: rake seed\n"
    )


def test_crashes(cli, host):
    """The oldest first, each with its last lines, and nothing that a terminal would obey."""
    crash = {
        "dyno": "web.1",
        "crashed_at": "2026-03-01T11:55:00Z",
        "exit_code": 3,
        "reason": "It ended with exit code 3.",
        "lines": ["bad\x1b]0;x\x07", "end"],
    }
    host.on("GET", "/apps/hello/crashes", [crash, crash | {"dyno": "worker.1", "crashed_at": "2026-03-01T11:50:00Z"}])

    result = cli("ps:crashes")
    one = cli("ps:crashes", "web.1")

    assert result.out.index("worker.1 crashed") < result.out.index("web.1 crashed")
    assert "=== web.1 crashed 2026/03/01 11:55:00 +0000 (~ 5m ago): It ended with exit code 3.\nbad" in one.out
    assert "\x1b" not in one.out
    assert "worker.1" not in one.out
    assert json.loads(cli("ps:crashes", "--json").out)[0]["dyno"] == "worker.1"
    assert "has no crash of clock.1 on record" in cli("ps:crashes", "clock.1").err

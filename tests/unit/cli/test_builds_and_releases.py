"""builds, releases, rollback."""

from __future__ import annotations

import json

import pytest

BUILD = {
    "id": "b1",
    "status": "succeeded",
    "created_at": "2026-03-01T11:00:00Z",
    "user": {"email": "ada@example.com"},
    "source_blob": {"version": "abc"},
    "stack": "nomapaas-13",
    "slug": {"id": "s1"},
    "release": {"id": "r3"},
    "output_stream_url": "http://127.0.0.1:8081/streams/b1",
}
RELEASE = {
    "id": "r3",
    "version": 3,
    "status": "succeeded",
    "current": True,
    "description": "Deploy abc",
    "created_at": "2026-03-01T11:00:00Z",
    "user": {"email": "ada@example.com"},
    "slug": {"id": "s1"},
    "output_stream_url": None,
}
SECOND = RELEASE | {"id": "r2", "version": 2, "current": False, "description": "Set A config vars"}
FIRST = RELEASE | {"id": "r1", "version": 1, "current": False, "status": "failed"}


def test_builds_lists_the_newest_first(cli, host):
    """A table."""
    older = BUILD | {"id": "b0", "status": "failed", "created_at": "2026-03-01T10:00:00Z"}
    host.on("GET", "/apps/hello/builds", [older, BUILD])

    result = cli("builds")

    assert result.out == (
        "=== hello Builds\n"
        "Build  Status     Source  By               When\n"
        "b1     succeeded  abc     ada@example.com  2026/03/01 11:00:00 +0000 (~ 1h ago)\n"
        "b0     failed     abc     ada@example.com  2026/03/01 10:00:00 +0000 (~ 2h ago)\n"
    )
    assert host.requests[0].headers["Range"] == "created_at ..; order=desc,max=15"


def test_builds_info_and_output(cli, host):
    """The latest unless named; its output is a result, so it goes to stdout."""
    host.on("GET", "/apps/hello/builds", [BUILD])
    host.on("GET", "/apps/hello/builds/b1", BUILD)
    host.text("/streams/b1", "-----> \x1b[1mhi\x1b[0m\x1b[2J\n 10%\r 100%\n")

    info, output = cli("builds:info"), cli("builds:output", "b1")

    assert "=== Build b1\nStatus:  succeeded\nSource:  abc\nStack:   nomapaas-13\n" in info.out
    assert (output.status, output.out, output.err) == (0, "-----> hi^[[2J\n 100%\n", "")
    assert json.loads(cli("builds:output", "-j").out) == {
        "build": {"id": "b1"},
        "output": "-----> \x1b[1mhi\x1b[0m\x1b[2J\n 10%\r 100%",
    }


def test_builds_output_keeps_colours_on_a_terminal(cli, host):
    """Colours and nothing else."""
    host.on("GET", "/apps/hello/builds/b1", BUILD)
    host.text("/streams/b1", "\x1b[1mhi\x1b[2J\n")

    assert cli("builds:output", "b1", tty=True).out == "\x1b[1mhi^[[2J\x1b[0m\n"


def test_cancel_stops_the_latest_that_is_not_done(cli, host):
    """Or the one that is named."""
    host.on("GET", "/apps/hello/builds", [BUILD, BUILD | {"id": "b2", "status": "pending"}])
    host.on("DELETE", "/apps/hello/builds/b2", BUILD)

    result = cli("builds:cancel")

    assert (result.status, result.err) == (0, "Stopping build b2 of ⬢ hello... done\n")


def test_cancel_with_nothing_to_stop(cli, host):
    """An error, not a silent success."""
    host.on("GET", "/apps/hello/builds", [BUILD])

    result = cli("builds:cancel")

    assert result.status == 1
    assert result.err == " ›   Error: hello has no build to stop: none is waiting or running.\n"


def test_the_build_cache_is_purged(cli, host):
    """Of the app that is named."""
    host.on("DELETE", "/apps/hello/build-cache", {"app": {"name": "hello"}})

    result = cli("builds:cache:purge")

    assert (result.status, result.err) == (0, "Purging the build cache of ⬢ hello... done\n")


def test_releases(cli, host):
    """The current one in the heading, what failed marked."""
    host.on("GET", "/apps/hello/releases", [FIRST, SECOND, RELEASE])

    result = cli("releases")

    assert result.out == (
        "=== hello Releases - Current: v3\n"
        "Version  Description          By               When\n"
        "v3       Deploy abc           ada@example.com  2026/03/01 11:00:00 +0000 (~ 1h ago)\n"
        "v2       Set A config vars    ada@example.com  2026/03/01 11:00:00 +0000 (~ 1h ago)\n"
        "v1       Deploy abc (failed)  ada@example.com  2026/03/01 11:00:00 +0000 (~ 1h ago)\n"
    )
    assert [release["version"] for release in json.loads(cli("releases", "--json").out)] == [3, 2, 1]


def test_releases_info(cli, host):
    """The current release, or a named one with or without its v."""
    host.on("GET", "/apps/hello/releases", [RELEASE])
    host.on("GET", "/apps/hello/releases/1", FIRST | {"failure_message": "exited with 1"})

    current, named = cli("releases:info"), cli("releases:info", "v1")

    assert "=== Release v3\nChange: Deploy abc\nStatus: succeeded (current)\n" in current.out
    assert "Failure: exited with 1\n" in named.out


def test_releases_output(cli, host):
    """The release phase's output; a release without one says so."""
    host.on("GET", "/apps/hello/releases/3", RELEASE | {"output_stream_url": "http://127.0.0.1:8081/streams/r3"})
    host.on("GET", "/apps/hello/releases/2", SECOND)
    host.text("/streams/r3", "migrated\n")

    assert cli("releases:output", "3").out == "migrated\n"
    missing, as_json = cli("releases:output", "v2"), cli("releases:output", "v2", "--json")
    assert (missing.status, missing.out, missing.err) == (0, "", "v2 has no output: it had no release phase.\n")
    assert (as_json.status, json.loads(as_json.out)) == (0, {"release": {"version": 2}, "output": None})


@pytest.mark.parametrize(("words", "tried"), [((), "r3"), (("v2",), "r2")])
def test_a_failed_release_is_retried(cli, host, words, tried):
    """The latest unless named; then it waits until the new one is on the air."""
    host.on("GET", "/apps/hello/releases", [RELEASE | {"status": "failed"}])
    host.on("GET", "/apps/hello/releases/2", SECOND | {"id": "r2", "status": "failed"})
    host.on("POST", "/apps/hello/releases", {"id": "r4", "version": 4}, status=201)
    host.on("GET", "/apps/hello/releases/r4", RELEASE | {"id": "r4", "version": 4, "status": "succeeded"})

    result = cli("releases:retry", *words)

    assert (result.status, host.bodies("POST", "/apps/hello/releases")) == (0, [{"retry": tried}])
    assert result.err.endswith("done, v4\n       Released v4\n")
    assert cli("releases:retry", "--no-wait").err.endswith("done, v4\n")


@pytest.mark.parametrize("words", [("rollback",), ("rollback", "v2"), ("releases:rollback", "2")])
def test_rollback_makes_a_new_release(cli, host, words):
    """To the last good one before the current, unless named; then it waits until that is on the air."""
    host.on("GET", "/apps/hello/releases", [FIRST, SECOND, RELEASE, FIRST | {"version": 4}])
    host.on("GET", "/apps/hello/releases/2", SECOND)
    host.on("POST", "/apps/hello/releases", RELEASE | {"id": "r4", "version": 4}, status=201)
    host.on("GET", "/apps/hello/releases/r4", RELEASE | {"id": "r4", "version": 4})

    result = cli(*words)

    assert (result.status, result.out) == (0, "")
    assert result.err == "Rolling back ⬢ hello to v2... done, v4\n       Released v4\n"
    assert host.bodies("POST", "/apps/hello/releases") == [{"release": "r2"}]


def test_rollback_with_nothing_before(cli, host):
    """A first release has nothing to go back to."""
    host.on("GET", "/apps/hello/releases", [RELEASE, FIRST])

    result = cli("rollback")

    assert (result.status, result.err) == (1, " ›   Error: hello has no earlier release to go back to.\n")


def test_nothing_yet(cli, host):
    """New apps: what to do, on stderr."""
    host.on("GET", "/apps/hello/releases", [])
    host.on("GET", "/apps/hello/builds", [])

    assert cli("releases").err == "⬢ hello has no releases. Make one: nomapaas push.\n"
    assert cli("builds").err == "⬢ hello has no builds. Make one: nomapaas push.\n"
    assert cli("releases:info").err == " ›   Error: hello has no releases. Make one: nomapaas push.\n"
    assert cli("builds:info").err == " ›   Error: hello has no builds. Make one: nomapaas push.\n"

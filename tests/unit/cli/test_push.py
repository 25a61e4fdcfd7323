"""`nomapaas push`: what is sent, what is said, how it ends."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import httpx


def test_ends_with_the_url_alone_on_stdout(cli, platform, source):
    """Progress goes to stderr, the URL to stdout."""
    result = cli("push")

    assert (result.status, result.out) == (0, "http://hello.localhost:8080/\n")
    size = platform.requests[2].headers["Content-Length"]
    assert result.err == (
        f"Uploading 2 files ({size} B) to ⬢ hello...\n"
        "Uploaded.\n"
        "-----> Python app detected\n"
        "       Done\n"
        "       Released v3\n"
    )


def test_sends_the_archive_with_its_checksum_and_without_the_token(cli, platform, source):
    """The storage gets the bytes, no content type and no credential; the build names their SHA-256."""
    cli("push", "--source-version", "abc")

    put = next(request for request in platform.requests if request.method == "PUT")
    assert "Content-Type" not in put.headers
    assert "Authorization" not in put.headers
    assert "Transfer-Encoding" not in put.headers
    blob = platform.bodies("POST", "/apps/hello/builds")[0]["source_blob"]
    digest = hashlib.sha256(put.content).hexdigest()
    assert {"url": "http://storage.localhost:8083/src?sig=2", "checksum": f"SHA256:{digest}", "version": "abc"} == blob
    with tarfile.open(fileobj=io.BytesIO(put.content)) as tar:
        assert tar.getnames() == [".", "Procfile", "app.py"]
    stream = next(request for request in platform.requests if request.url.path == "/streams/b1")
    assert "Authorization" not in stream.headers


def test_an_empty_folder_is_an_error_before_anything_is_made(cli, host):
    """Nothing to push: no app is created and nothing uploaded."""
    result = cli("push", "--create", "hello")

    assert result.status == 1
    assert (
        f" ›   Error: There is nothing to push in {cli.folder}. Put the app's source there, with a Procfile.\n"
        == result.err
    )
    assert host.calls() == ["GET /apps/hello"]


def test_without_an_app_it_says_how_to_choose_one(cli, host, source):
    """No app, no terminal: an error at once."""
    del cli.variables["NOMAPAAS_APP"]

    result = cli("push")

    assert result.status == 1
    assert result.err.startswith(" ›   Error: No app is chosen. Name one with --app NAME")
    assert "--create NAME" in result.err
    assert host.calls() == []


def test_create_makes_an_app_that_there_is_not_yet(cli, platform, source):
    """--create NAME pushes to a new app."""
    platform.routes[("GET", "/apps/hello")] = []
    platform.on("POST", "/apps", platform.app, status=201)

    result = cli("push", "--create", "hello")

    assert result.status == 0
    assert platform.bodies("POST", "/apps") == [{"name": "hello"}]
    assert "Creating ⬢ hello... done\n" in result.err


def test_at_a_terminal_it_asks_for_the_name_of_a_new_app(cli, platform, source):
    """No app chosen, somebody is there: a name is asked for, an empty one leaves it to the platform."""
    del cli.variables["NOMAPAAS_APP"]
    platform.on("POST", "/apps", platform.app, status=201)

    result = cli("push", "--no-color", stdin="\n", tty=True)

    assert result.status == 0
    assert platform.bodies("POST", "/apps") == [{}]
    assert "Name, or nothing for one that is made up: " in result.err


def test_a_failed_build_says_why_and_that_the_app_runs_on(cli, platform, source):
    """Exit 1, with the build's own reason."""
    failed = platform.build | {"status": "failed", "failure_message": "No Procfile was found. Add one."}
    platform.routes[("GET", "/apps/hello/builds/b1")] = [httpx.Response(200, json=failed)]

    result = cli("push")

    assert (result.status, result.out) == (1, "")
    assert result.err.endswith(" ›   Error: No Procfile was found. Add one.\n ›   Nothing of the app was changed.\n")


def test_a_failed_release_prints_its_whole_message(cli, platform, source):
    """Every line of failure_message comes, with the bar before it."""
    failed = platform.release | {
        "status": "failed",
        "failure_message": "web.1 exited with 1:\nTraceback\nKeyError: 'X'",
    }
    platform.routes[("GET", "/apps/hello/releases/r3")] = [httpx.Response(200, json=failed)]

    result = cli("push")

    assert result.status == 1
    assert result.err.endswith(
        " ›   Error: v3 is not on the air: web.1 exited with 1:\n ›   Traceback\n ›   KeyError: 'X'\n"
    )


def test_shows_the_release_phase_and_the_boot(cli, platform, source):
    """The release phase's output, then each change of a dyno's state, until the release is on the air."""
    pending = platform.release | {"status": "pending", "output_stream_url": "http://127.0.0.1:8081/streams/r3"}
    platform.routes[("GET", "/apps/hello/releases/r3")] = [
        *[httpx.Response(200, json=pending)] * 12,
        httpx.Response(200, json=platform.release),
    ]
    platform.text("/streams/r3", "migrating\ndone\n")
    dyno = {"name": "web.1", "type": "web", "state": "starting", "release": {"version": 3}, "reason": None}
    old = dyno | {"release": {"version": 2}, "state": "up"}
    platform.on("GET", "/apps/hello/dynos", [old, dyno])

    result = cli("push")

    assert result.status == 0
    assert (
        "-----> Running release phase\n"
        "       migrating\n"
        "       done\n"
        "-----> Launching v3\n"
        "       web.1 starting\n"
        "       Released v3\n"
    ) in result.err
    assert {0.15} == set(cli.pauses)


def test_a_release_without_capacity_says_what_is_missing(cli, platform, source):
    """The wait has an end, which names the dyno's reason; the release stays pending."""
    platform.routes[("GET", "/apps/hello/releases/r3")] = [
        httpx.Response(200, json=platform.release | {"status": "pending"})
    ]
    dyno = {"type": "web", "state": "starting", "release": {"version": 3}, "reason": "No memory left."}
    platform.on("GET", "/apps/hello/dynos", [dyno | {"name": name} for name in ("web.1", "web.10", "web.9")])

    result = cli("push", "--wait-timeout", "5")

    assert result.status == 1
    assert result.err.endswith(
        " ›   Error: v3 is not on the air after 5 seconds and stays pending on the server. "
        'web.1, web.9, web.10: starting: No memory left. "nomapaas ps --app hello" shows it.\n'
    )


def test_an_unchanged_source_says_so(cli, platform, source):
    """The build leads to a release from before it: nothing new was made."""
    same = platform.release | {"created_at": "2026-03-01T10:00:00Z"}
    platform.routes[("GET", "/apps/hello/releases/r3")] = [httpx.Response(200, json=same)]

    result = cli("push")

    assert (result.status, result.out) == (0, "http://hello.localhost:8080/\n")
    assert result.err.endswith("No change: v3 runs this source already.\n")


def test_detach_gives_the_build_and_ends(cli, platform, source):
    """--detach starts the build and prints its id."""
    result = cli("push", "--detach")

    assert (result.status, result.out) == (0, "b1\n")
    assert result.err.endswith("Build b1 goes on on the server.\n")


def test_json_has_app_build_and_release(cli, platform, source):
    """--json is for programs."""
    result = cli("push", "--json")

    found = json.loads(result.out)
    assert (found["app"]["name"], found["build"]["id"], found["release"]["version"]) == ("hello", "b1", 3)


def test_a_terminal_sees_a_bar_that_goes_away(cli, platform, source):
    """On a terminal the upload is one line that is redrawn."""
    result = cli("push", tty=True)

    assert result.status == 0
    assert "█" in result.err
    assert "... done\n" in result.err


def test_an_unknown_app_is_named_before_anything_is_packed(cli, host, source):
    """The API's own sentence comes through."""
    result = cli("push", "--app", "nope")

    assert (result.status, result.out, result.err) == (1, "", " ›   Error: Couldn't find GET /apps/nope.\n")

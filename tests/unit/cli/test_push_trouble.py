"""`nomapaas push`: uploads and streams that break, and a user who does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


def test_an_upload_is_tried_again(cli, platform, source):
    """A connection that breaks, or a storage that is just starting, costs a pause and not the push."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)

    platform.routes[("PUT", "/src")] = [broken, httpx.Response(503), httpx.Response(200)]

    result = cli("push")

    assert result.status == 0
    assert cli.pauses == [0.5, 1.0]
    bodies = {request.content for request in platform.requests if request.method == "PUT"}
    assert len(bodies) == 1


def test_an_upload_that_never_works_ends_in_a_sentence(cli, platform, source):
    """After the last try: what failed and what to do."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)

    platform.routes[("PUT", "/src")] = [broken]

    result = cli("push")

    assert result.status == 1
    assert result.err.endswith(
        " ›   Error: The upload to storage.localhost:8083 failed: connection refused. "
        "Check the connection, then push again.\n"
    )
    assert "POST /apps/hello/builds" not in platform.calls()


def test_a_full_storage_is_named(cli, platform, source):
    """MinIO without space is no case for another try."""
    body = "<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>"
    platform.routes[("PUT", "/src")] = [httpx.Response(507, text=body)]

    result = cli("push")

    assert result.status == 1
    assert "The platform's storage is full, so the source was not uploaded." in result.err
    assert cli.pauses == []


class Broken(httpx.SyncByteStream):
    """A body whose connection breaks."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Any:
        yield self._data
        raise httpx.ReadError("peer closed connection")


@pytest.mark.parametrize("honours_range", [True, False])
def test_a_broken_output_stream_goes_on_where_it_broke(cli, platform, source, honours_range):
    """Every byte once, whether the server knows Range or starts from the beginning."""
    text = b"-----> one\n-----> two\n-----> three\n"

    def rest(request: httpx.Request) -> httpx.Response:
        assert request.headers["Range"] == "bytes=15-"
        if honours_range:
            return httpx.Response(206, content=text[15:])
        return httpx.Response(200, content=text)

    first = httpx.Response(200, stream=Broken(text[:15]))
    platform.routes[("GET", "/streams/b1")] = [first, rest]

    result = cli("push")

    assert result.status == 0
    assert "-----> one\n-----> two\n-----> three\n       Released" in result.err


def test_output_that_is_not_there_yet_is_waited_for(cli, platform, source):
    """A queued build's stream answers 404 until it begins."""
    pending, done = platform.routes[("POST", "/apps/hello/builds")], platform.routes[("GET", "/apps/hello/builds/b1")]
    platform.routes[("GET", "/apps/hello/builds/b1")] = [httpx.Response(200, json=platform.build), *done]
    platform.routes[("GET", "/streams/b1")] = [httpx.Response(404), httpx.Response(200, text="-----> late\n")]
    assert pending

    result = cli("push")

    assert result.status == 0
    assert "-----> late\n" in result.err


def test_interrupted_while_building_it_says_what_goes_on(cli, platform, source):
    """^C ends the watching with 130; the build goes on, and there is a way to stop it."""

    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    platform.routes[("GET", "/streams/b1")] = [interrupt]

    result = cli("push")

    assert (result.status, result.out) == (130, "")
    assert result.err.endswith(
        'The build goes on on the server. "nomapaas builds:output b1 --app hello" shows it, '
        '"nomapaas builds:cancel b1 --app hello" stops it.\n'
    )


def test_interrupted_while_uploading_nothing_goes_on(cli, platform, source):
    """^C before the build: nothing was built."""

    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    platform.routes[("PUT", "/src")] = [interrupt]

    result = cli("push")

    assert result.status == 130
    assert result.err.endswith("Nothing was built: the push stopped before its upload was done.\n")

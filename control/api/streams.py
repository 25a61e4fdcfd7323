"""`/streams`: build and release output, and logs, at addresses that carry their own permission.

Text comes as it is, chunked (`Range: bytes=N-` goes on from a byte); with `Accept: text/event-stream` each line is an
event whose id is the byte after it, and a comment keeps the connection alive.
"""

from __future__ import annotations

import itertools
import re
import socket
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request

from control.api.context import platform
from control.api.output_tail import OutputTail
from control.domain.apps import App
from control.errors import NotFound, RangeNotSatisfiable

routes = Blueprint("streams", __name__)

_HEARTBEAT = ": keepalive\n\n"
_FROM = re.compile(r"bytes=([0-9]{1,15})-")


@routes.get("/streams/outputs/<signed>")
def output(signed: str) -> Response:
    """What a build or a release phase prints, from its first byte or a later one, to its end."""
    kind, owner_id = platform().signer.open_output(signed)
    tail = OutputTail(platform().ports, kind=kind, owner_id=owner_id)
    app = _app(tail.app_id())
    if app is None:
        raise NotFound("This output is no longer kept: its app is gone.", resource="stream")
    offset = _offset()
    if offset and offset > tail.size():
        raise RangeNotSatisfiable(f"The output has {tail.size()} bytes so far; ask for one of them or for the next.")
    pieces = tail.follow(offset, given_up=_given_up())
    if _wants_events():
        return _stream(app, lambda: _output_events(pieces, offset), "text/event-stream")
    response = _stream(app, lambda: (piece for piece in pieces if piece), "text/plain; charset=utf-8")
    if offset:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {offset}-*/*"
    return response


@routes.get("/streams/logs/<signed>")
def logs(signed: str) -> Response:
    """An app's log lines."""
    query = platform().signer.open_log(signed)
    app = _app(query.app_id)
    if app is None:
        raise NotFound("This app is gone, and its log with it.", resource="stream")
    given_up = _given_up()

    def read() -> Iterator[str]:
        lines = platform().ports.node.logs(query)
        return itertools.takewhile(lambda _: not given_up(), lines) if query.tail else lines

    def events() -> Iterator[bytes]:
        return ((f"data: {line}\n\n" if line else _HEARTBEAT).encode() for line in read())

    if _wants_events():
        return _stream(app, events, "text/event-stream")
    return _stream(app, lambda: (f"{line}\n".encode() for line in read() if line), "text/plain; charset=utf-8")


def _output_events(pieces: Iterator[bytes], offset: int) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        if not piece:
            yield _HEARTBEAT.encode()
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            offset += len(line) + 1
            yield b"id: %d\ndata: %s\n\n" % (offset, line)
    if rest:
        yield b"id: %d\ndata: %s\n\n" % (offset + len(rest), rest)


def _offset() -> int:
    last = request.headers.get("Last-Event-Id", "")
    if last.isascii() and last.isdigit() and len(last) < 16:
        return int(last)
    match = _FROM.fullmatch(request.headers.get("Range", ""))
    return int(match[1]) if match else 0


def _wants_events() -> bool:
    return "text/event-stream" in request.headers.get("Accept", "")


def _stream(app: App, pieces: Callable[[], Iterator[bytes]], content_type: str) -> Response:
    response = Response(iter(()), content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    if request.method == "HEAD":
        return response
    settings = platform().settings
    leave = platform().seats.take(app.owner_id, limit=settings.max_streams, own_limit=settings.max_streams_of_account)
    try:
        response.response = _begun(pieces())
    except BaseException:
        leave()
        raise
    # Not by the generator: one that nobody has begun to read runs no `finally`.
    response.call_on_close(leave)
    return response


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b""  # The headers go out before there is anything to say.
    yield from pieces


def _app(app_id: str | None) -> App | None:
    if app_id is None:
        return None
    with platform().ports.state.view() as work:
        return work.apps.get(app_id)


def _given_up() -> Callable[[], bool]:
    """A question whether the client has hung up, or this process is to stop.

    Plain text has no heartbeat that could find out by writing, so the connection itself is asked.
    """
    connection = request.environ.get("gunicorn.socket")
    closing = platform().closing

    def given_up() -> bool:
        if closing.is_set():
            return True
        if not isinstance(connection, socket.socket):
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return given_up

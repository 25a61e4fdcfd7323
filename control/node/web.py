"""What the node agent's two HTTP endpoints share: answers that stream, errors as one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from control.node.files import NotThere
from control.node.store import TooBig
from control.ports.errors import PortError

_PIECE = 1 << 18
_logger = structlog.get_logger()


def stream(pieces: Iterator[bytes], *, size: int | None = None, mimetype: str = "application/octet-stream") -> Response:
    """An answer in pieces."""
    response = Response(pieces, mimetype=mimetype)
    if size is not None:
        response.headers["Content-Length"] = str(size)
    return response


def file(fd: int | None, *, largest: int | None = None) -> Response:
    """A file as it is now; one that grows meanwhile is cut, one larger than `largest` is refused."""
    if fd is None:
        raise NotThere
    size = os.fstat(fd).st_size
    if largest is not None and size > largest:
        os.close(fd)
        raise TooBig
    return stream(read_all(fd, size), size=size)


def read_all(fd: int, limit: int) -> Iterator[bytes]:
    """The file in pieces, at most `limit` bytes; closes it."""
    left = limit
    with os.fdopen(fd, "rb") as opened:
        while left and (piece := opened.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece


def report_errors(app: Flask) -> None:
    """Every failure is an answer `{"message": …}` with the right status."""

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        status, message = _translated(error)
        if status >= 500:
            _logger.error("request.failed", path=request.path, message=message, exc_info=error)
        return Response(json.dumps({"message": message}), status=status, mimetype="application/json")


def _translated(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.code or 500, str(error.description)
    if isinstance(error, NotThere | KeyError):
        return 404, "There is no such file on this node."
    if isinstance(error, TooBig):
        return 413, "The file is larger than the platform takes."
    if isinstance(error, PortError):
        return 502, str(error)
    return 500, "The node agent failed; its log says why."

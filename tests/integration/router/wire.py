"""HTTP/1.1 read as strictly as its grammar: what two readers could take in two ways is `Malformed`."""

from __future__ import annotations

import re
from dataclasses import dataclass

REQUEST_LINE = re.compile(rb"([A-Z_-]+) ([^\0- \x7f]+) HTTP/1\.1")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-9]\d\d) [^\0-\x1f]*")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\0\r\n]*)")
BODILESS = {204, 304}


class Malformed(Exception):
    """Raised for bytes that are no HTTP/1.1 message."""


class Incomplete(Exception):
    """Raised for bytes that may yet become a message."""


@dataclass(frozen=True)
class Message:
    """A request (`start` is method and target) or a response (`start` is the status)."""

    start: tuple[bytes, ...]
    headers: tuple[tuple[str, bytes], ...]
    body: bytes

    def all(self, name: str) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]


def requests(data: bytes) -> list[Message]:
    """All requests in these bytes, which must hold nothing else."""
    found = []
    while data:
        message, data = request(data)
        found.append(message)
    return found


def request(data: bytes) -> tuple[Message, bytes]:
    """The first request, and what follows it."""
    start, headers, rest = _head(data, REQUEST_LINE)
    body, rest = _framed(headers, rest) or (b"", rest)
    return Message(start, headers, body), rest


def response(data: bytes, *, closed: bool, to_head: bool = False) -> tuple[Message, bytes]:
    """The first response, and what follows it; without a length it lasts until the connection is closed."""
    start, headers, rest = _head(data, STATUS_LINE)
    if to_head or int(start[0]) in BODILESS:
        return Message(start, headers, b""), rest
    framed = _framed(headers, rest)
    if framed is None:
        if not closed:
            raise Incomplete
        framed = rest, b""
    return Message(start, headers, framed[0]), framed[1]


def _head(data: bytes, line: re.Pattern[bytes]) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...], bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        raise Incomplete
    first, *lines = head.split(b"\r\n")
    matched = line.fullmatch(first)
    if not matched:
        raise Malformed(first)
    return matched.groups(), tuple(_header(each) for each in lines), rest


def _header(line: bytes) -> tuple[str, bytes]:
    matched = HEADER.fullmatch(line)
    if not matched:
        raise Malformed(line)
    return matched[1].decode().lower(), matched[2]


def _framed(headers: tuple[tuple[str, bytes], ...], rest: bytes) -> tuple[bytes, bytes] | None:
    lengths = [value for name, value in headers if name == "content-length"]
    encodings = [value for name, value in headers if name == "transfer-encoding"]
    if len(lengths) + len(encodings) > 1:
        raise Malformed(headers)
    if encodings:
        if encodings != [b"chunked"]:
            raise Malformed(encodings)
        return _chunks(rest)
    if not lengths:
        return None
    if not re.fullmatch(rb"\d{1,18}", lengths[0]):
        raise Malformed(lengths)
    length = int(lengths[0])
    if len(rest) < length:
        raise Incomplete
    return rest[:length], rest[length:]


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            raise Incomplete
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", line):
            raise Malformed(line)
        size = int(line, 16)
        if len(rest) < size + 2:
            raise Incomplete
        if rest[size : size + 2] != b"\r\n":
            raise Malformed(rest[size : size + 2])
        body, rest = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, rest

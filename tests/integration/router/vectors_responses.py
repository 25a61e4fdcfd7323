"""What a hostile or broken dyno may write, and what its client gets of it.

`PASSED` is a sound response with this body, `REFUSED` an error page or nothing at all, `CUT` one that ends too soon, so
that the connection is closed.
"""

from __future__ import annotations

PASSED, REFUSED, CUT = "passed", "refused", "cut"
OK = b"HTTP/1.1 200 OK\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def ok(headers: bytes, body: bytes = b"B") -> bytes:
    """A response with these header lines (each with its end)."""
    return OK + headers + b"\r\n" + body


RESPONSES: dict[str, tuple[bytes, str, bytes]] = {
    "sound": (ok(b"Content-Length: 1\r\n"), PASSED, b"B"),
    "sound chunks": (ok(b"Transfer-Encoding: chunked\r\n", b"1\r\nB\r\n0\r\n\r\n"), PASSED, b"B"),
    "two at once": (ok(b"Content-Length: 1\r\n") + EVIL, PASSED, b"B"),
    "two at once, chunks": (ok(b"Transfer-Encoding: chunked\r\n", b"1\r\nB\r\n0\r\n\r\n") + EVIL, PASSED, b"B"),
    "longer than its length": (ok(b"Content-Length: 1\r\n", b"B" * 50), PASSED, b"B"),
    "much longer than its length": (ok(b"Content-Length: 1\r\n", b"B" * 300_000), PASSED, b"B"),
    "of length 0, with a body": (ok(b"Content-Length: 0\r\n", EVIL), PASSED, b""),
    "shorter than its length": (ok(b"Content-Length: 100\r\n"), CUT, b""),
    "length and chunks": (
        ok(b"Content-Length: 30\r\nTransfer-Encoding: chunked\r\n", b"1\r\nB\r\n0\r\n\r\n" + EVIL),
        PASSED,
        b"B",
    ),
    "chunks and length": (
        ok(b"Transfer-Encoding: chunked\r\nContent-Length: 30\r\n", b"1\r\nB\r\n0\r\n\r\n" + EVIL),
        PASSED,
        b"B",
    ),
    "two lengths, the short one last": (ok(b"Content-Length: 30\r\nContent-Length: 1\r\n", b"B" + EVIL), PASSED, b"B"),
    "two lengths, the long one last": (ok(b"Content-Length: 1\r\nContent-Length: 300\r\n", b"B" + EVIL), CUT, b""),
    "two equal lengths": (ok(b"Content-Length: 1\r\nContent-Length: 1\r\n"), PASSED, b"B"),
    "negative length": (ok(b"Content-Length: -1\r\n"), PASSED, b"B"),
    "length with a plus": (ok(b"Content-Length: +1\r\n"), PASSED, b"B"),
    "length that is none": (ok(b"Content-Length: 1x\r\n"), PASSED, b"B"),
    "huge length": (ok(b"Content-Length: 99999999999999999999\r\n"), PASSED, b"B"),
    "list of lengths": (ok(b"Content-Length: 1, 1\r\n"), PASSED, b"B"),
    "space before the colon of the length": (ok(b"Content-Length : 1\r\n"), REFUSED, b""),
    "no length": (ok(b""), PASSED, b"B"),
    "no length, two responses": (ok(b"", b"B" + EVIL), PASSED, b"B" + EVIL),
    "xchunked": (ok(b"Transfer-Encoding: xchunked\r\n", b"1\r\nB\r\n0\r\n\r\n"), PASSED, b"B"),
    "gzip": (ok(b"Transfer-Encoding: gzip\r\n", b"B"), PASSED, b"B"),
    "chunk without a size": (ok(b"Transfer-Encoding: chunked\r\n", b"x\r\nB\r\n0\r\n\r\n"), CUT, b""),
    "chunk longer than said": (ok(b"Transfer-Encoding: chunked\r\n", b"1\r\nBBBB\r\n0\r\n\r\n"), CUT, b""),
    "endless chunk": (ok(b"Transfer-Encoding: chunked\r\n", b"fffffffffffffff\r\nB"), CUT, b""),
    "chunks without an end": (ok(b"Transfer-Encoding: chunked\r\n", b"1\r\nB\r\n"), CUT, b""),
    "nothing": (b"", REFUSED, b""),
    "empty line": (b"\r\n", REFUSED, b""),
    "empty line before a response": (b"\r\n" + EVIL, REFUSED, b""),
    "line feed before a response": (b"\n" + EVIL, REFUSED, b""),
    "space before a response": (b" " + EVIL, REFUSED, b""),
    "a NUL": (b"\0" + EVIL, REFUSED, b""),
    "HTTP/0.9": (b"<html>evil</html>", REFUSED, b""),
    "HTTP/0.9 of a response": (b"x\r\n\r\n" + EVIL, REFUSED, b""),
    "HTTP/2": (b"HTTP/2 200 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "ICY": (b"ICY 200 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "small letters": (b"http/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "no status": (b"HTTP/1.1\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "status that is none": (b"HTTP/1.1 abc OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "status 000": (b"HTTP/1.1 000 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "status 099": (b"HTTP/1.1 099 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "status of four digits": (b"HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "CR in the status line": (b"HTTP/1.1 200 a\rb\r\nContent-Length: 1\r\n\r\nB", REFUSED, b""),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nB", PASSED, b"B"),
    "line feeds only": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\nB", PASSED, b"B"),
    "100": (b"HTTP/1.1 100 Continue\r\n\r\n" + EVIL, REFUSED, b""),
    "102": (b"HTTP/1.1 102 Processing\r\n\r\n" + EVIL, REFUSED, b""),
    "103": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + EVIL, REFUSED, b""),
    "199": (b"HTTP/1.1 199 x\r\n\r\n" + EVIL, REFUSED, b""),
    "flood of 100": (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + EVIL, REFUSED, b""),
    "101 that nobody asked for": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + EVIL, REFUSED, b""),
    "101 with a length": (b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 4\r\n\r\nevil", REFUSED, b""),
    "204 with a length": (b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", PASSED, b""),
    "204 with a response behind it": (b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, PASSED, b""),
    "204 with chunks": (
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        PASSED,
        b"",
    ),
    "304 with a body": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", PASSED, b""),
    "NUL in a header": (ok(b"X: a\0b\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "CR in a header": (ok(b"X: a\rY: b\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "folded header": (ok(b"X: a\r\n b\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "space in a name": (ok(b"X Y: a\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "no name": (ok(b": a\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "header of 20 kB": (ok(b"X: " + b"x" * 20_000 + b"\r\nContent-Length: 1\r\n"), REFUSED, b""),
    "10,000 headers": (ok(b"".join(b"X%d: x\r\n" % n for n in range(10_000)) + b"Content-Length: 1\r\n"), REFUSED, b""),
    "headers without an end": (OK + b"X: x\r\n", REFUSED, b""),
    "megabytes of headers": (OK + b"X: x\r\n" * 300_000, REFUSED, b""),
    "X-Accel-Redirect": (ok(b"X-Accel-Redirect: /table\r\nContent-Length: 1\r\n"), PASSED, b"B"),
    "X-Accel-Redirect to a name": (ok(b"X-Accel-Redirect: @stream\r\nContent-Length: 1\r\n"), PASSED, b"B"),
    "X-Accel-Limit-Rate": (ok(b"X-Accel-Limit-Rate: 1\r\nContent-Length: 9\r\n", b"B" * 9), PASSED, b"B" * 9),
    "X-Accel-Buffering and -Expires": (
        ok(b"X-Accel-Buffering: yes\r\nX-Accel-Expires: 99\r\nContent-Length: 1\r\n"),
        PASSED,
        b"B",
    ),
    "X-Accel-Charset": (ok(b"X-Accel-Charset: utf-7\r\nContent-Length: 1\r\n"), PASSED, b"B"),
    "X-Sendfile": (
        ok(b"X-Sendfile: /etc/passwd\r\nX-LIGHTTPD-send-file: /etc/passwd\r\nContent-Length: 1\r\n"),
        PASSED,
        b"B",
    ),
    "connection headers": (ok(b"Connection: close, X\r\nKeep-Alive: timeout=9\r\nContent-Length: 1\r\n"), PASSED, b"B"),
    "status 999": (b"HTTP/1.1 999 x\r\nContent-Length: 1\r\n\r\nB", PASSED, b"B"),
    "error page of its own": (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1\r\n\r\nB", PASSED, b"B"),
}

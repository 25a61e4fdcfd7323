"""Requests over HTTP/2 that mean something else to a reader of HTTP/1.1, or are none (RFC 9113, 8.2 to 8.3).

Each is its header fields as they go into the frame, its body (None: the headers end the stream), and who gets a request
for it: `1` and `2` are the tenants, nothing means refused.
"""

from __future__ import annotations

from tests.integration.router.vectors_bodies import LENGTH_OF_IT, SMUGGLED

Fields = list[tuple[bytes, bytes]]
CHUNKED = b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"
UNENDED = SMUGGLED.removesuffix(b"\r\n\r\n")


def of(
    *more: tuple[bytes, bytes],
    method: bytes = b"GET",
    path: bytes = b"/v",
    scheme: bytes = b"https",
    authority: bytes = b"one.localhost",
) -> Fields:
    """A request for the first tenant with these fields at its end."""
    pseudo = [(b":method", method), (b":scheme", scheme), (b":path", path), (b":authority", authority)]
    return [*pseudo, *more]


def without(name: bytes) -> Fields:
    return [field for field in of() if field[0] != name]


def post(*more: tuple[bytes, bytes]) -> Fields:
    return of(*more, method=b"POST")


REFUSED: dict[str, Fields] = {
    "LF in a value": of((b"x", b"a\nb")),
    "CR LF and a header in a value": of((b"x", b"a\r\nhost: two.localhost")),
    "a request in a value": of((b"x", b"a\r\n\r\n" + SMUGGLED)),
    "CR in a value": of((b"x", b"a\rb")),
    "NUL in a value": of((b"x", b"a\0b")),
    "CR LF in a name": of((b"x\r\nhost", b"two.localhost")),
    "a request in a name": of((b"x: y\r\n\r\nGET /smuggled HTTP/1.1\r\nhost", b"two.localhost")),
    "colon in a name": of((b"x:y", b"1")),
    "space in a name": of((b"x y", b"1")),
    "NUL in a name": of((b"x\0", b"1")),
    "capitals in a name": of((b"X-Capital", b"1")),
    "transfer-encoding in capitals": of((b"Transfer-Encoding", b"chunked")),
    "CR LF in :path": of(path=b"/v HTTP/1.1\r\nhost: two.localhost\r\nx: y"),
    "a request in :path": of(path=b"/v HTTP/1.1\r\nhost: one.localhost\r\n\r\n" + UNENDED),
    "space in :path": of(path=b"/v w"),
    "NUL in :path": of(path=b"/v\0"),
    "tab in :path": of(path=b"/v\tw"),
    "no slash in :path": of(path=b"v"),
    "empty :path": of(path=b""),
    "* as :path": of(path=b"*"),
    "a URL as :path": of(path=b"http://two.localhost/v"),
    "out of the root": of(path=b"/../v"),
    "CR LF in :method": of(method=b"GET /smuggled HTTP/1.1\r\nhost: two.localhost\r\n\r\nGET"),
    "a target in :method": of(method=b"GET http://two.localhost/smuggled"),
    "space in :method": of(method=b"GET "),
    "small letters in :method": of(method=b"get"),
    "empty :method": of(method=b""),
    "CONNECT": of(method=b"CONNECT"),
    "TRACE": of(method=b"TRACE"),
    "CR LF in :authority": of(authority=b"one.localhost\r\nhost: two.localhost"),
    "user in :authority": of(authority=b"one.localhost@two.localhost"),
    "slash in :authority": of(authority=b"one.localhost/x"),
    "space in :authority": of(authority=b"one.localhost two.localhost"),
    "fragment in :authority": of(authority=b"one.localhost#two.localhost"),
    "a port that is none": of(authority=b"one.localhost:x"),
    "CR LF in :scheme": of(scheme=b"https\r\nhost: two.localhost"),
    "a URL as :scheme": of(scheme=b"http://two.localhost/smuggled"),
    "two :method": [(b":method", b"POST"), *of()],
    "two :path": [(b":path", b"/smuggled"), *of()],
    "two :scheme": [(b":scheme", b"http"), *of()],
    "two :authority": [(b":authority", b"two.localhost"), *of()],
    "no :method": without(b":method"),
    "no :path": without(b":path"),
    "no :scheme": without(b":scheme"),
    "no :authority and no host": without(b":authority"),
    "unknown pseudo header": [(b":x", b"1"), *of()],
    ":status": [(b":status", b"200"), *of()],
    ":protocol": [(b":protocol", b"websocket"), *of(method=b"CONNECT")],
    "pseudo header behind another": of((b"x", b"1"), (b":path", b"/smuggled")),
    "host of another": of((b"host", b"two.localhost")),
    "host beside :authority": of((b"host", b"one.localhost")),
    "two hosts": [*without(b":authority"), (b"host", b"one.localhost"), (b"host", b"two.localhost")],
    "content-length that is none": post((b"content-length", b"+5")),
    "two content-lengths": post((b"content-length", b"5"), (b"content-length", b"6")),
    "negative content-length": post((b"content-length", b"-5")),
    "a header over 8 kB": of((b"x", b"x" * 12000)),
}
BODIES: dict[str, tuple[Fields, bytes, str]] = {
    "content-length, transfer-encoding": (
        post((b"content-length", LENGTH_OF_IT), (b"transfer-encoding", b"chunked")),
        SMUGGLED,
        "",
    ),
    "transfer-encoding and a chunk": (post((b"transfer-encoding", b"chunked")), CHUNKED, "1"),
    "transfer-encoding and an end": (post((b"transfer-encoding", b"chunked")), b"0\r\n\r\n" + SMUGGLED, "1"),
    "transfer-encoding on a GET": (of((b"transfer-encoding", b"chunked")), b"0\r\n\r\n" + SMUGGLED, "1"),
    "a request as a body": (post((b"content-length", LENGTH_OF_IT)), SMUGGLED, "1"),
    "a request as a body of no length": (post(), SMUGGLED, "1"),
    "a request as the body of a GET": (of((b"content-length", LENGTH_OF_IT)), SMUGGLED, "1"),
    "a request as the body of a GET of no length": (of(), SMUGGLED, "1"),
    "a request as the body of a HEAD of no length": (of(method=b"HEAD"), SMUGGLED, "1"),
    "an empty body": (of(), b"", "1"),
    "a body for nobody": (of(authority=b"nobody.localhost", method=b"POST"), SMUGGLED, ""),
    "a body for an app that is down": (of(authority=b"down.localhost", method=b"POST"), SMUGGLED, ""),
}
LIES = {"too short": 4, "of nothing": 0, "too long": 1000}
"""A content-length, where the body is a request."""

PASSED: dict[str, Fields] = {
    "plain": of(),
    "host and no :authority": [*without(b":authority"), (b"host", b"one.localhost")],
    "connection": of((b"connection", b"close, x"), (b"x", b"1")),
    "connection: host": of((b"connection", b"host, content-length")),
    "keep-alive": of((b"keep-alive", b"timeout=9")),
    "proxy-connection": of((b"proxy-connection", b"keep-alive")),
    "upgrade": of((b"connection", b"upgrade"), (b"upgrade", b"h2c")),
    "te: trailers": of((b"te", b"trailers")),
    "te: chunked": of((b"te", b"chunked")),
    "trailer": of((b"trailer", b"host")),
    "expect": of((b"expect", b"100-continue")),
    "transfer-encoding and no body": of((b"transfer-encoding", b"chunked")),
    "underscores": of((b"content_length", b"40"), (b"transfer_encoding", b"chunked"), (b"x_forwarded_for", b"1.2.3.4")),
    "forged": of((b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-proto", b"http"), (b"via", b"2.0 evil")),
    "internal": of((b"x-nomapaas-app", b"x"), (b"x-nomapaas-key", b"1"), (b"x-nomapaas-for", b"1.2.3.4")),
    "scheme http": of(scheme=b"http"),
    "odd method": of(method=b"M-SEARCH"),
    "a URL in the path": of(path=b"/http://two.localhost/v"),
    "encoded line end": of(path=b"/v%0d%0ahost:%20two.localhost"),
    "capitals in :authority": of(authority=b"ONE.localhost:8080"),
    "two cookies": of((b"cookie", b"a=b"), (b"cookie", b"c=d")),
    "two slashes": of(path=b"//two.localhost/v"),
}
HTTP2: dict[str, tuple[Fields, bytes | None, str]] = {
    **{name: (fields, None, "") for name, fields in REFUSED.items()},
    **{name: (fields, None, "1") for name, fields in PASSED.items()},
    **BODIES,
}

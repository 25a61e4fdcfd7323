"""Several requests on one connection, where the end of one decides where the next one begins.

Each is its bytes and who gets a request for it, in order: `1` and `2` are the tenants, nothing means nobody.
"""

from __future__ import annotations

from tests.integration.router.vectors_bodies import LENGTH_OF_IT, SMUGGLED

ONE = b"GET /v HTTP/1.1\r\nHost: one.localhost\r\n\r\n"
TWO = b"GET /v HTTP/1.1\r\nHost: two.localhost\r\n\r\n"
CHUNKED = b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"


def posted(host: bytes, *, chunked: bool = False, more: bytes = b"", method: bytes = b"POST") -> bytes:
    """A request with a body that looks like another request."""
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: " + LENGTH_OF_IT
    return (
        method
        + b" /v HTTP/1.1\r\nHost: "
        + host
        + b"\r\n"
        + more
        + how
        + b"\r\n\r\n"
        + (CHUNKED if chunked else SMUGGLED)
    )


NOBODIES = (
    b"nobody.localhost",
    b"down.localhost",
    b"crashed.localhost",
    b"maintenance.localhost",
)
REFUSING = b"refusing.localhost"
"""Known to be nobody's only while the body comes: the connection ends with the answer."""

SEQUENCES: dict[str, tuple[bytes, str]] = {
    "two tenants": (ONE + TWO, "12"),
    "two tenants, many times": ((ONE + TWO) * 20, "12" * 20),
    "a body, then another tenant": (posted(b"one.localhost") + TWO, "12"),
    "chunks, then another tenant": (posted(b"one.localhost", chunked=True) + TWO, "12"),
    "GET with a body, then another tenant": (posted(b"one.localhost", method=b"GET") + TWO, "12"),
    "HEAD with a body, then another tenant": (posted(b"one.localhost", method=b"HEAD") + TWO, "12"),
    "Expect, then another tenant": (posted(b"one.localhost", more=b"Expect: 100-continue\r\n") + TWO, "12"),
    "refused, then another tenant": (b"GET /v HTTP/1.1\r\nHost: a b\r\n\r\n" + TWO, ""),
    "refused with a body, then another tenant": (posted(b"one@two.localhost") + TWO, ""),
    "CONNECT with a body, then another tenant": (posted(b"one.localhost", method=b"CONNECT") + TWO, ""),
    "TRACE with a body, then another tenant": (posted(b"one.localhost", method=b"TRACE") + TWO, ""),
    "broken chunks, then another tenant": (
        b"POST /v HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + SMUGGLED + TWO,
        "",
    ),
    "a close, then another tenant": (b"GET /v HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n" + TWO, "1"),
    "HTTP/1.0, then another tenant": (b"GET /v HTTP/1.0\r\nHost: one.localhost\r\n\r\n" + TWO, "1"),
    "HTTP/0.9, then another tenant": (b"GET http://one.localhost/v\r\n" + TWO, ""),
    "an unfinished upgrade, then another tenant": (
        b"GET /v HTTP/1.1\r\nHost: one.localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" + TWO,
        "12",
    ),
    **{f"a body for {host!r}, then another tenant": (posted(host) + TWO, "2") for host in NOBODIES},
    **{f"chunks for {host!r}, then another tenant": (posted(host, chunked=True) + TWO, "2") for host in NOBODIES},
    **{f"GET with a body for {host!r}, then another": (posted(host, method=b"GET") + TWO, "2") for host in NOBODIES},
    "a body that is refused, then another tenant": (posted(REFUSING) + TWO, ""),
    "chunks that are refused, then another tenant": (posted(REFUSING, chunked=True) + TWO, ""),
    "GET with a body that is refused, then another": (posted(REFUSING, method=b"GET") + TWO, ""),
}

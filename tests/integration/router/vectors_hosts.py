"""Requests whose host two readers could read in two ways.

Each is its bytes and who gets a request for it, in order: `1` and `2` are the tenants, nothing means refused.
"""

from __future__ import annotations


def get(headers: bytes) -> bytes:
    """A GET of the first tenant with these header lines (each with its end)."""
    return b"GET /v HTTP/1.1\r\nHost: one.localhost\r\n" + headers + b"\r\n"


def of_host(host: bytes) -> bytes:
    return b"GET /v HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"


def line(start: bytes, host: bytes = b"one.localhost") -> bytes:
    return start + b"\r\nHost: " + host + b"\r\n\r\n"


NO_HOSTS = (
    b"one.localhost@two.localhost",
    b"user:pass@one.localhost",
    b"one.localhost:80@two.localhost",
    b"one.localhost#two.localhost",
    b"one.localhost#@two.localhost",
    b"one.localhost/",
    b"one.localhost/../two.localhost",
    b"/one.localhost",
    b"one.localhost\\two",
    b"one.localhost two.localhost",
    b"one.localhost\ttwo.localhost",
    b"one.localhost,two.localhost",
    b"one.localhost, two.localhost",
    b"one.localhost;two",
    b"one.localhost?two",
    b"one.localhost::",
    b"one.localhost:abc",
    b"one.localhost:80:80",
    b"one.localhost:+80",
    b"one.localhost:-1",
    b"one.localhost:123456",
    b"one.localhost: 80",
    b'one.localhost:"x',
    b'"one.localhost"',
    b"one.localhost'",
    b"<one.localhost>",
    b"one..localhost",
    b".one.localhost",
    b"http://one.localhost",
    b"one.localhost%00",
    b"one%2elocalhost",
    b"one.localhost\0",
    b"one.localhost\x7f",
    b"one.localhost\x01",
    b"one\xff.localhost",
    "öne.localhost".encode(),
    b"one.localhost|",
    b"one.localhost=",
    b"one.localhost&",
    b"one.localhost*",
    b"*",
    b"*.localhost",
    b"one.localhost$",
    b"${one.localhost}",
    b"(one)",
    b"[::1",
    b"[::1]x",
    b"[one.localhost]",
    b"[::1]:80@one.localhost",
    b"::1",
    b"",
    b" ",
    b":",
    b":80",
    b"@",
    b"one.localhost..",
)
STRANGERS = (
    b"three.localhost",
    b"[::1]",
    b"[::1]:8080",
    b"[fe80::1]:80",
    b"127.0.0.1",
    b"127.0.0.1:80",
    b"one_.localhost",
    b"two_one.localhost",
    b"one.localhost.evil",
    b"xone.localhost",
    b"localhost",
    b"-",
    b"0",
    b"0x7f000001",
    b"one.localhost.two.localhost",
)

OWN = (
    b"one.localhost",
    b"one.localhost:",
    b"ONE.localhost",
    b"one.LOCALHOST:8080",
    b"one.localhost.",
    b"one.localhost.:80",
    b"one.localhost:0",
    b"one.localhost:65535",
)

HOSTS: dict[str, tuple[bytes, str]] = {
    **{f"host {host!r}": (of_host(host), "") for host in NO_HOSTS},
    **{f"host of nobody {host!r}": (of_host(host), "") for host in STRANGERS},
    **{f"own host {host!r}": (of_host(host), "1") for host in OWN},
    "no host": (b"GET /v HTTP/1.1\r\n\r\n", ""),
    "no host in HTTP/1.0": (b"GET /v HTTP/1.0\r\n\r\n", ""),
    "two hosts": (get(b"Host: two.localhost\r\n"), ""),
    "two equal hosts": (get(b"Host: one.localhost\r\n"), ""),
    "two hosts in other letters": (get(b"hOST: two.localhost\r\n"), ""),
    "host folded": (b"GET /v HTTP/1.1\r\nHost:\r\n one.localhost\r\n\r\n", ""),
    "host with a space before the colon": (b"GET /v HTTP/1.1\r\nHost : one.localhost\r\n\r\n", ""),
    "first line folded": (b"GET /v HTTP/1.1\r\n Host: two.localhost\r\nHost: one.localhost\r\n\r\n", ""),
    "X-Host and the like": (
        get(b"X-Host: two.localhost\r\nX-Forwarded-Host: two.localhost\r\nX-Forwarded-Server: two.localhost\r\n"),
        "1",
    ),
    "X-Original-URL and the like": (get(b"X-Original-URL: /smuggled\r\nX-Rewrite-URL: /smuggled\r\n"), "1"),
    "host with an underscore in its name": (get(b"H_ost: two.localhost\r\nHTTP_HOST: two.localhost\r\n"), "1"),
    "absolute": (line(b"GET http://two.localhost/v HTTP/1.1"), "2"),
    "absolute, port": (line(b"GET http://two.localhost:81/v HTTP/1.1"), "2"),
    "absolute, https": (line(b"GET https://two.localhost/v HTTP/1.1"), "2"),
    "absolute, another scheme": (line(b"GET ftp://two.localhost/v HTTP/1.1"), "2"),
    "absolute, capitals": (line(b"GET HTTP://TWO.localhost/v HTTP/1.1"), "2"),
    "absolute, query and no path": (line(b"GET http://two.localhost?/v HTTP/1.1"), "2"),
    "absolute, no path": (line(b"GET http://two.localhost HTTP/1.1"), "2"),
    "absolute, final dot": (line(b"GET http://two.localhost./v HTTP/1.1"), "2"),
    "absolute, two spaces": (line(b"GET  http://two.localhost/v HTTP/1.1"), "2"),
    "absolute, odd method": (line(b"A_B http://two.localhost/v HTTP/1.1"), "2"),
    "absolute, HTTP/1.0 without a host": (b"GET http://two.localhost/v HTTP/1.0\r\n\r\n", "2"),
    "absolute, HTTP/1.1 without a host": (b"GET http://two.localhost/v HTTP/1.1\r\n\r\n", ""),
    "absolute, HTTP/0.9": (b"GET http://two.localhost/v\r\n", ""),
    "absolute, user": (line(b"GET http://one.localhost@two.localhost/v HTTP/1.1"), ""),
    "absolute, user and password": (line(b"GET http://one.localhost:80@two.localhost/v HTTP/1.1"), ""),
    "absolute, port that is none": (line(b"GET http://two.localhost:x/v HTTP/1.1"), ""),
    "absolute, no host": (line(b"GET http:///v HTTP/1.1"), ""),
    "absolute, fragment": (line(b"GET http://two.localhost#@one.localhost/v HTTP/1.1"), ""),
    "absolute, backslash": (line(b"GET http://two.localhost\\one.localhost/v HTTP/1.1"), ""),
    "absolute, one slash": (line(b"GET http:/two.localhost/v HTTP/1.1"), ""),
    "absolute, two hosts": (line(b"GET http://two.localhost/v HTTP/1.1", b"one.localhost\r\nHost: two.localhost"), ""),
    "absolute, malformed header": (line(b"GET http://two.localhost/v HTTP/1.1", b"one.localhost@x"), ""),
    "absolute, IPv6": (line(b"GET http://[::1]/v HTTP/1.1"), ""),
    "absolute, dots": (line(b"GET http://two..localhost/v HTTP/1.1"), ""),
    "double slash is a path": (line(b"GET //two.localhost/v HTTP/1.1"), "1"),
}

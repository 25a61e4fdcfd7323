"""Fetches what a user named by URL: a source tarball or a buildpack. Only https, and no address inside the network.

The name is resolved once, every address it has is checked, and the connection goes to exactly that address: a second
answer of the name server cannot lead elsewhere. Each redirect is taken as a new URL, with all of it again.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from .exit_codes import BuildError, ExitCode

_TIMEOUT_S = 30
_REDIRECTS = 5
_CHUNK = 1 << 20
_IPV4_PROTOCOLS = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))
"""Given to protocols (one cloud has its metadata there) and to 6to4; older Pythons take them for public."""
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6; outside of it lie the forms that stand for another address."""
_IPV6_TUNNELS = (ipaddress.IPv6Network("2001::/23"), ipaddress.IPv6Network("2002::/16"))
"""Teredo and 6to4, which lead to an IPv4 address."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a URL leads, checked: the host that it names and the one address to connect to."""

    host: str
    port: int
    path: str
    address: str


def download(url: str, target: Path, *, limit: int, private: bool, code: ExitCode) -> None:
    """Downloads `url` into `target`, following redirects to https only.

    Raises:
        BuildError: The URL is refused, does not answer, or has more than `limit` bytes.
    """
    with _answer(url, private=private, code=code) as (final, response):
        _save(response, target, limit, final, code)


def resolved(url: str, *, private: bool, code: ExitCode) -> str:
    """The URL at the end of all redirects, which answers. Raises BuildError."""
    with _answer(url, private=private, code=code) as (final, _):
        return final


def place(url: str, *, private: bool, code: ExitCode) -> Place:
    """Where a URL leads. Raises BuildError unless that is https and a public address, or any when `private`."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as exc:
        raise BuildError(code, f"{shown(url)} is not a URL: check how it is written.") from exc
    if parts.scheme != "https" or not parts.hostname:
        raise BuildError(code, f"{shown(url)} is not an https URL: only https is fetched.")
    if parts.username is not None or parts.password is not None:
        raise BuildError(code, "A URL with a password in it is not fetched: it would show in logs. Use a signed URL.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = public_address(parts.hostname, port, private=private, code=code)
    return Place(host=parts.hostname, port=port, path=path, address=address)


def public_address(host: str, port: int, *, private: bool, code: ExitCode) -> str:
    """The one address to connect to; refused when any address of the name is not a public one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise BuildError(code, f"The host {shown(host)} does not resolve: check the URL.") from exc
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not private and not is_public(address):
            raise BuildError(
                code, f"{shown(host)} is an address inside this network ({address}), which builds may not fetch from."
            )
    return min(addresses, key=lambda address: ":" in address)


def is_public(address: str) -> bool:
    """Whether an address is one of the public Internet, also when IPv6 wraps an IPv4 address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return is_public(str(parsed.ipv4_mapped))
        if parsed not in _IPV6_UNICAST or any(parsed in tunnel for tunnel in _IPV6_TUNNELS):
            return False
    elif any(parsed in reserved for reserved in _IPV4_PROTOCOLS):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def shown(text: str) -> str:
    """A name from outside, as it may stand in the build's output."""
    return ascii(text)[1:-1][:300]


@contextmanager
def _answer(url: str, *, private: bool, code: ExitCode) -> Iterator[tuple[str, http.client.HTTPResponse]]:
    """The answer at the end of all redirects, and the URL that gave it."""
    for _ in range(_REDIRECTS + 1):
        connection = _Pinned(where := place(url, private=private, code=code))
        try:
            connection.request("GET", where.path, headers={"User-Agent": "nomapaas", "Accept": "*/*"})
            response = connection.getresponse()
            if response.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, response.headers.get("Location", ""))
                continue
            if response.status != http.client.OK:
                raise BuildError(code, f"{shown(url)} answers {response.status}: check that it exists and is public.")
            yield url, response
        except (OSError, http.client.HTTPException, ValueError) as exc:
            if isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise BuildError(code, f"{shown(url)} cannot be fetched: {exc}.") from exc
        else:
            return
        finally:
            connection.close()
    raise BuildError(code, f"{shown(url)} redirects more than {_REDIRECTS} times: give the URL where it ends.")


def _save(response: http.client.HTTPResponse, target: Path, limit: int, url: str, code: ExitCode) -> None:
    size = 0
    with target.open("xb") as file:
        while chunk := response.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise BuildError(code, f"{shown(url)} has more than {limit >> 20:,} MB, the most that is fetched.")
            file.write(chunk)


class _Pinned(http.client.HTTPSConnection):
    """An https connection to a checked address, under the name that was asked for."""

    def __init__(self, where: Place) -> None:
        self._context_used = ssl.create_default_context()
        super().__init__(where.host, where.port, timeout=_TIMEOUT_S, context=self._context_used)
        self._address = where.address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._context_used.wrap_socket(plain, server_hostname=self.host)

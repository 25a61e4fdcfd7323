"""Fetches what a user named by URL: a source tarball or a buildpack. Only https, and no address inside the network.

The name is resolved once, every address it has is checked, and the connection goes to exactly that address: a second
answer of the name server cannot lead elsewhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from .exit_codes import BuildError, ExitCode

_TIMEOUT_S = 30
_REDIRECTS = 5
_CHUNK = 1 << 20


def download(url: str, target: Path, *, limit: int, private: bool, code: ExitCode) -> None:
    """Downloads `url` into `target`, following redirects to https only.

    Raises:
        BuildError: The URL is refused, does not answer, or has more than `limit` bytes.
    """
    for _ in range(_REDIRECTS + 1):
        host, port, path = _parts(url, code)
        address = public_address(host, port, private=private, code=code)
        connection = _Pinned(host, port, address)
        try:
            connection.request("GET", path, headers={"User-Agent": "nomapaas", "Accept": "*/*"})
            response = connection.getresponse()
            if response.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, response.headers.get("Location", ""))
                continue
            if response.status != http.client.OK:
                raise BuildError(code, f"{_shown(url)} answers {response.status}: check that it exists and is public.")
            _save(response, target, limit, url, code)
        except (OSError, http.client.HTTPException) as exc:
            raise BuildError(code, f"{_shown(url)} cannot be fetched: {exc}.") from exc
        else:
            return
        finally:
            connection.close()
    raise BuildError(code, f"{_shown(url)} redirects more than {_REDIRECTS} times.")


def clone(url: str, ref: str, target: Path, *, private: bool, env: Mapping[str, str]) -> None:
    """Clones a buildpack's git repository at a branch, tag or commit."""
    code = ExitCode.BUILDPACK_UNREACHABLE
    host, port, _ = _parts(url, code)
    address = public_address(host, port, private=private, code=code)
    settings = {
        "http.curloptResolve": f"{host}:{port}:{address}",
        "http.followRedirects": "initial" if private else "false",
        "protocol.allow": "never",
        "protocol.https.allow": "always",
        "advice.detachedHead": "false",
        "init.defaultBranch": "main",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    clean = {**env, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    _git([*options, "init", "--quiet", str(target)], clean, url)
    _git([*options, "-C", str(target), "fetch", "--quiet", "--depth=1", "--", url, ref or "HEAD"], clean, url)
    _git([*options, "-C", str(target), "checkout", "--quiet", "FETCH_HEAD"], clean, url)
    _git(
        [*options, "-C", str(target), "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"],
        clean,
        url,
    )


def public_address(host: str, port: int, *, private: bool, code: ExitCode) -> str:
    """The one address to connect to; refused when any address of the name is not a public one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise BuildError(code, f"The host {_shown(host)} does not resolve: check the URL.") from exc
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not private and not _is_public(address):
            raise BuildError(
                code, f"{_shown(host)} is an address inside this network ({address}), which builds may not fetch from."
            )
    return min(addresses, key=lambda address: ":" in address)


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


def _parts(url: str, code: ExitCode) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as exc:
        raise BuildError(code, f"{_shown(url)} is not a URL.") from exc
    if parts.scheme != "https" or not parts.hostname:
        raise BuildError(code, f"{_shown(url)} is not an https URL: only https is fetched.")
    if parts.username or parts.password:
        raise BuildError(code, "A URL with a password in it is not fetched: it would show in logs. Use a signed URL.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, port, path


def _save(response: http.client.HTTPResponse, target: Path, limit: int, url: str, code: ExitCode) -> None:
    size = 0
    with target.open("xb") as file:
        while chunk := response.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise BuildError(code, f"{_shown(url)} has more than {limit >> 20:,} MB, the most that is fetched.")
            file.write(chunk)


def _git(arguments: list[str], env: Mapping[str, str], url: str) -> None:
    run = subprocess.run(
        ["git", *arguments], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=300
    )
    if run.returncode:
        said = " ".join(run.stderr.split())[:300]
        raise BuildError(ExitCode.BUILDPACK_UNREACHABLE, f"The buildpack {_shown(url)} cannot be fetched: {said}")


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:300]


class _Pinned(http.client.HTTPSConnection):
    """An https connection to a checked address, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._context_used = ssl.create_default_context()
        super().__init__(host, port, timeout=_TIMEOUT_S, context=self._context_used)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._context_used.wrap_socket(plain, server_hostname=self.host)

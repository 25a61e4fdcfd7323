"""How other machines reach an instance, and what may stand between."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cli.platform.problem import Problem

_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_PORTS = {"router": "NOMAPAAS_PUBLIC_HTTP_PORT", "router_tls": "NOMAPAAS_PUBLIC_HTTPS_PORT"}
_URLS = {"api": "NOMAPAAS_PUBLIC_API_URL", "minio": "NOMAPAAS_PUBLIC_STORE_URL"}
SETTINGS = frozenset({"NOMAPAAS_PUBLIC_HOST", "NOMAPAAS_TRUSTED_PROXIES", *_PORTS.values(), *_URLS.values()})
"""Variables that are read here."""


@dataclass(frozen=True, kw_only=True)
class Public:
    """What was set of it; a part that is missing is reached where it listens."""

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    """Of `router` and `router_tls`, as people see them."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Of `api` and `minio`, without a slash at the end."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of those that may say for whom they ask."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Public:
        """Read it. Raises Problem."""
        host = env.get("NOMAPAAS_PUBLIC_HOST", "127.0.0.1")
        if not _HOST.fullmatch(host):
            raise Problem(f"NOMAPAAS_PUBLIC_HOST is {host!r}; set it to a host name or an address.")
        return cls(
            host=host,
            ports={part: _port(name, env[name]) for part, name in _PORTS.items() if name in env},
            urls={part: _url(name, env[name]) for part, name in _URLS.items() if name in env},
            trusted_proxies=_proxies(env.get("NOMAPAAS_TRUSTED_PROXIES", "")),
        )

    def env(self) -> dict[str, str]:
        """The same for the router and the control plane: what was set of it."""
        found = {_PORTS[part]: str(port) for part, port in self.ports.items()}
        found |= {_URLS[part]: url for part, url in self.urls.items()}
        return found | ({"NOMAPAAS_TRUSTED_PROXIES": ",".join(self.trusted_proxies)} if self.trusted_proxies else {})

    def url(self, part: str, *, port: int) -> str:
        """The URL of a part that listens on a port."""
        return self.urls.get(part) or f"http://{self.host}{suffix(self.ports.get(part, port))}"


def suffix(port: int, *, usual: int = 80) -> str:
    """What follows the host in a URL."""
    return "" if port == usual else f":{port}"


def _port(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= 65535:
        raise Problem(f"{name} is {text!r}; set it to the port that browsers are to use, from 1 to 65535.")
    return int(text)


def _url(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:
        good = False
    # The store's URLs are signed with their paths, and none of the two knows of a prefix.
    if not good or parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise Problem(f"{name} is {text!r}; set it to a URL of a host alone, such as https://paas.example.org:8443.")
    return f"{parts.scheme}://{parts.netloc}"


def _proxies(text: str) -> tuple[str, ...]:
    name = "NOMAPAAS_TRUSTED_PROXIES"
    try:
        found = [ipaddress.ip_network(part) for part in re.split(r"[,\s]+", text) if part]
    except ValueError as exc:
        raise Problem(f"{name} has a part that is no network ({exc}); write them like 10.1.0.0/16,192.0.2.7.") from exc
    if any(network.prefixlen == 0 for network in found):
        raise Problem(f"{name} names every address there is, so that any client could forge its own; name the proxies.")
    return tuple(str(network) for network in found)

"""Routes and routed dynos: Consul."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from jobs.names import CERTS_PREFIX, CHALLENGES_PREFIX, LEAVES_PREFIX


@dataclass(frozen=True, kw_only=True)
class Route:
    """What the router knows of one app; its dynos it finds by themselves in the catalogue."""

    app_id: str
    name: str
    hosts: tuple[str, ...]
    state: str
    """`up`, `starting`, `crashed`, `down` (no web dyno wanted) or `idle`."""
    maintenance: bool
    release: int
    frozen: bool = False
    """Idle, and its dynos are there: frozen."""
    cache: str | None = None
    """Names the generation of what the HTTP cache has of the app; None where the cache is off."""
    affinity: bool = False
    """Requests of one browser go to one dyno."""
    keepalive: bool = True
    """Connections to the dynos are kept for further requests."""
    error_page: str | None = None
    """Address of a page of the app's own, instead of the router's."""
    maintenance_page: str | None = None

    https: bool = False
    """Whether plain requests are sent to TLS."""
    hsts: int = 0
    """Seconds of the Strict-Transport-Security header; 0 means none."""

    def as_record(self) -> dict[str, Any]:
        """The JSON document that lies in Consul KV."""
        return {
            "app": self.app_id,
            "name": self.name,
            "hosts": list(self.hosts),
            "state": self.state,
            "maintenance": self.maintenance,
            "release": self.release,
            "https": self.https,
            "hsts": self.hsts,
            "frozen": self.frozen,
            "cache": self.cache,
            "affinity": self.affinity,
            "keepalive": self.keepalive,
            "error_page": self.error_page,
            "maintenance_page": self.maintenance_page,
        }


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One routed dyno in the catalogue."""

    app_id: str
    dyno: str
    address: str
    port: int
    release: int
    passing: bool


class Kind(StrEnum):
    """What else the router is told, each below a prefix of its own. Nothing in it is secret."""

    CERTIFICATE = CERTS_PREFIX
    """JSON with `hosts`, by `jobs.names.certificate_key`."""
    LEAF = LEAVES_PREFIX
    """JSON with `hosts` and `chain`, by the app's id."""
    CHALLENGE = CHALLENGES_PREFIX
    """The answer, by token."""


class Catalog(Protocol):
    """Route records and routed dynos. Every method raises CatalogUnavailable."""

    def put_route(self, route: Route) -> None:
        """Write a record if it differs from the one there."""
        ...

    def delete_route(self, app_id: str) -> None:
        """Remove a record; a missing one is success."""
        ...

    def routes(self) -> Mapping[str, Route]:
        """All records by app id, in one call."""
        ...

    def entries(self, kind: Kind) -> Mapping[str, str]:
        """All entries of a kind: texts by name, in one call."""
        ...

    def put_entry(self, kind: Kind, name: str, text: str) -> None:
        """Write one."""
        ...

    def delete_entry(self, kind: Kind, name: str) -> None:
        """Remove one; a missing one is success."""
        ...

    def instances(self) -> list[Instance]:
        """All routed dynos, in one call."""
        ...

    def ping(self) -> None:
        """Return when Consul answers and has a leader."""
        ...

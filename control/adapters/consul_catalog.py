"""Routes and routed dynos: HashiCorp Consul, through py-consul."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import consul
import requests
from consul.exceptions import ACLPermissionDenied, ConsulException

from control.adapters import http_sessions
from control.ports.catalog import Instance, Kind, Route
from control.ports.errors import CatalogUnavailable
from jobs.names import DYNO_SERVICE, ROUTES_PREFIX


class ConsulCatalog:
    """Consul's HTTP API with one token."""

    def __init__(self, address: str, token: str, *, prefix: str = ROUTES_PREFIX) -> None:
        url = urlsplit(address)
        port = url.port or (443 if url.scheme == "https" else 80)
        self._consul: Any = consul.Consul(host=url.hostname, port=port, scheme=url.scheme)
        # py-consul prefers CONSUL_HTTP_TOKEN of the environment to the token it is given.
        self._consul.token = token
        self._consul.http.session = http_sessions.session()
        self._prefix = prefix
        self._consul.http.connections_timeout = http_sessions.TIMEOUT

    def put_route(self, route: Route) -> None:
        key = f"{self._prefix}{route.app_id}"
        record = route.as_record()
        with _translated():
            _, found = self._consul.kv.get(key)
            # Every write wakes every watcher of the table, so one that changes nothing is left out.
            if found is None or _parsed(found["Value"]) != record:
                self._consul.kv.put(key, json.dumps(record, sort_keys=True))

    def delete_route(self, app_id: str) -> None:
        with _translated():
            self._consul.kv.delete(f"{self._prefix}{app_id}")

    def routes(self) -> Mapping[str, Route]:
        with _translated():
            _, found = self._consul.kv.get(self._prefix, recurse=True)
        routes = (_route(_parsed(one["Value"])) for one in found or [])
        return {route.app_id: route for route in routes if route is not None}

    def entries(self, kind: Kind) -> Mapping[str, str]:
        with _translated():
            _, found = self._consul.kv.get(kind, recurse=True)
        return {one["Key"].removeprefix(kind): (one["Value"] or b"").decode() for one in found or []}

    def put_entry(self, kind: Kind, name: str, text: str) -> None:
        with _translated():
            self._consul.kv.put(f"{kind}{name}", text)

    def delete_entry(self, kind: Kind, name: str) -> None:
        with _translated():
            self._consul.kv.delete(f"{kind}{name}")

    def instances(self) -> list[Instance]:
        with _translated():
            _, found = self._consul.health.service(DYNO_SERVICE)
        instances = (_instance(one) for one in found)
        return [one for one in instances if one is not None]

    def ping(self) -> None:
        with _translated():
            leader = self._consul.status.leader()
        if not leader:
            raise CatalogUnavailable("Consul has no leader. Run `nomapaas doctor`.")


def _parsed(value: bytes | None) -> Any:
    try:
        return json.loads(value or b"null")
    except ValueError:
        return None


def _route(record: Any) -> Route | None:
    """None for what is no route record: the repair loop then writes it anew."""
    try:
        return Route(
            app_id=record["app"],
            name=record["name"],
            hosts=tuple(record["hosts"]),
            state=record["state"],
            maintenance=record["maintenance"],
            release=record["release"],
            https=record.get("https", False),
            hsts=record.get("hsts", 0),
            frozen=record.get("frozen", False),
            cache=record.get("cache"),
            affinity=record.get("affinity", False),
            keepalive=record.get("keepalive", True),
            error_page=record.get("error_page"),
            maintenance_page=record.get("maintenance_page"),
        )
    except (KeyError, TypeError):
        return None


def _instance(entry: Mapping[str, Any]) -> Instance | None:
    service = entry["Service"]
    meta = service.get("Meta") or {}
    try:
        return Instance(
            app_id=meta["app"],
            dyno=f"{meta['process']}.{int(meta['index']) + 1}",
            address=service.get("Address") or entry["Node"]["Address"],
            port=service["Port"],
            release=int(meta["release"]),
            passing=all(check["Status"] == "passing" for check in entry["Checks"]),
        )
    except (KeyError, ValueError):
        return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ACLPermissionDenied as exc:
        raise CatalogUnavailable(
            "Consul refuses the control plane's token. Run `nomapaas up`, which makes a new one."
        ) from exc
    except (ConsulException, requests.RequestException) as exc:
        raise CatalogUnavailable("Consul does not answer. Run `nomapaas status`.") from exc

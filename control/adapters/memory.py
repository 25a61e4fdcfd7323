"""In-memory twins of the ports, for unit tests: each passes the same contract suite as the real adapter.

Every twin has `down` (its server does not answer) and a few controls of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from control.adapters.memory_clock import ManualClock
from control.adapters.memory_edge import MemoryEdge
from control.adapters.memory_node import MemoryNode
from control.adapters.memory_scheduler import MemoryScheduler
from control.ports.blobs import BlobStat
from control.ports.catalog import Instance, Kind, Route
from control.ports.clock import Clock
from control.ports.errors import CatalogUnavailable, ConfigVersionTaken, StoreFull, StoreUnavailable, VaultUnavailable

__all__ = ["ManualClock", "MemoryBlobs", "MemoryCatalog", "MemoryEdge", "MemoryNode", "MemoryScheduler", "MemoryVault"]


class MemoryVault:
    """Vault. `sealed` makes every call fail; `admitted` are the apps whose jobs may read."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.sealed = False
        self.down = False
        self.admitted: set[str] = set()
        self.versions: dict[tuple[str, int], dict[str, str]] = {}
        self.certificates: dict[tuple[str, str, int], dict[str, str]] = {}
        self._pairs_written: dict[tuple[str, str, int], datetime] = {}
        self.platform: dict[str, dict[str, str]] = {}
        self._written: dict[tuple[str, int], datetime] = {}
        self._lock = threading.Lock()

    def write(self, app_id: str, version: int, values: Mapping[str, str]) -> None:
        self._check()
        with self._lock:
            self._written.setdefault((app_id, version), self.clock.now())
            kept = self.versions.setdefault((app_id, version), dict(values))
            if kept != dict(values):
                raise ConfigVersionTaken(f"Config version {version} exists already with other values.")

    def read(self, app_id: str, version: int) -> dict[str, str]:
        self._check()
        if version == 0:
            return {}
        with self._lock:
            return dict(self.versions[app_id, version])

    def delete(self, app_id: str, version: int) -> None:
        self._check()
        with self._lock:
            self._remove(app_id, version)

    def list_apps(self) -> list[str]:
        self._check()
        return sorted({app_id for app_id, _ in self.versions} | {app_id for app_id, _, _ in self.certificates})

    def list_versions(self, app_id: str) -> list[int]:
        self._check()
        return sorted(version for owner, version in self.versions if owner == app_id)

    def written_at(self, app_id: str, version: int) -> datetime | None:
        self._check()
        return self._written.get((app_id, version))

    def admit(self, app_id: str) -> None:
        self._check()
        self.admitted.add(app_id)

    def forget(self, app_id: str) -> None:
        self._check()
        with self._lock:
            self.admitted.discard(app_id)
            for key in [key for key in self.versions if key[0] == app_id]:
                self._remove(*key)
            for pair in [pair for pair in self.certificates if pair[0] == app_id]:
                del self.certificates[pair]

    def write_certificate(self, app_id: str, endpoint_id: str, version: int, *, chain: str, private_key: str) -> None:
        self._check()
        pair = {"chain": chain, "private_key": private_key}
        self._pairs_written.setdefault((app_id, endpoint_id, version), self.clock.now())
        if self.certificates.setdefault((app_id, endpoint_id, version), pair) != pair:
            raise ConfigVersionTaken(f"Certificate version {version} exists already with another content.")

    def read_certificate(self, app_id: str, endpoint_id: str, version: int) -> Mapping[str, str] | None:
        self._check()
        return self.certificates.get((app_id, endpoint_id, version))

    def delete_certificate(self, app_id: str, endpoint_id: str, version: int) -> None:
        self._check()
        self.certificates.pop((app_id, endpoint_id, version), None)

    def list_certificates(self, app_id: str) -> Mapping[str, Sequence[int]]:
        self._check()
        found: dict[str, list[int]] = {}
        for owner, endpoint_id, version in sorted(self.certificates):
            if owner == app_id:
                found.setdefault(endpoint_id, []).append(version)
        return found

    def certificate_written_at(self, app_id: str, endpoint_id: str, version: int) -> datetime | None:
        self._check()
        key = (app_id, endpoint_id, version)
        return self._pairs_written.get(key) if key in self.certificates else None

    def platform_secret(self, path: str) -> Mapping[str, str] | None:
        self._check()
        return self.platform.get(path)

    def keep_platform_secret(self, path: str, values: Mapping[str, str]) -> None:
        self._check()
        self.platform[path] = dict(values)

    def list_platform_secrets(self) -> list[str]:
        self._check()
        return sorted(self.platform)

    def ping(self) -> None:
        self._check()

    def _remove(self, app_id: str, version: int) -> None:
        self.versions.pop((app_id, version), None)
        self._written.pop((app_id, version), None)

    def _check(self) -> None:
        if self.sealed:
            raise VaultUnavailable("Vault is sealed. The unsealer opens it within seconds; else run `nomapaas up`.")
        if self.down:
            raise VaultUnavailable("Vault does not answer. Run `nomapaas status`.")


class MemoryCatalog:
    """Consul. `dynos` is what `instances` returns; `writes` counts records that were really written."""

    def __init__(self) -> None:
        self.down = False
        self.dynos: list[Instance] = []
        self.writes = 0
        self._routes: dict[str, Route] = {}
        self._entries: dict[Kind, dict[str, str]] = {}

    def put_route(self, route: Route) -> None:
        self._check()
        if self._routes.get(route.app_id) != route:
            self._routes[route.app_id] = route
            self.writes += 1

    def delete_route(self, app_id: str) -> None:
        self._check()
        self._routes.pop(app_id, None)

    def routes(self) -> Mapping[str, Route]:
        self._check()
        return dict(self._routes)

    def entries(self, kind: Kind) -> Mapping[str, str]:
        self._check()
        return dict(self._entries.get(kind, {}))

    def put_entry(self, kind: Kind, name: str, text: str) -> None:
        self._check()
        self._entries.setdefault(kind, {})[name] = text

    def delete_entry(self, kind: Kind, name: str) -> None:
        self._check()
        self._entries.get(kind, {}).pop(name, None)

    def instances(self) -> list[Instance]:
        self._check()
        return list(self.dynos)

    def ping(self) -> None:
        self._check()

    def _check(self) -> None:
        if self.down:
            raise CatalogUnavailable("Consul does not answer. Run `nomapaas status`.")


class MemoryBlobs:
    """MinIO. `full` makes writes fail; `put` and `get` do what a client does with a signed URL."""

    def __init__(self) -> None:
        self.down = False
        self.full = False
        self.objects: dict[tuple[str, str], bytes] = {}
        self._urls: dict[str, tuple[str, str, str]] = {}

    def upload_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        return self._url("PUT", bucket, key, expires)

    def download_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        return self._url("GET", bucket, key, expires)

    def stat(self, bucket: str, key: str) -> BlobStat | None:
        self._check()
        data = self.objects.get((bucket, key))
        return None if data is None else BlobStat(size=len(data))

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        self._check()
        data = self.objects[bucket, key]
        return iter([data[at : at + 65536] for at in range(0, len(data), 65536)])

    def write(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        self._check()
        data = b"".join(pieces)
        if self.full:
            raise StoreFull("The slug store has no room left. Free disk space on the MinIO server, then try again.")
        self.objects[bucket, key] = data
        return len(data)

    def delete(self, bucket: str, key: str) -> None:
        self._check()
        self.objects.pop((bucket, key), None)

    def keys(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        self._check()
        return iter(sorted(key for kept, key in self.objects if kept == bucket and key.startswith(prefix)))

    def ping(self) -> None:
        self._check()

    def put(self, url: str, data: bytes) -> None:
        """What a client does with an upload URL."""
        method, bucket, key = self._urls[url]
        if method != "PUT":
            raise PermissionError(url)
        self.objects[bucket, key] = data

    def get(self, url: str) -> bytes:
        """What a client does with a download URL."""
        method, bucket, key = self._urls[url]
        if method != "GET":
            raise PermissionError(url)
        return self.objects[bucket, key]

    def _url(self, method: str, bucket: str, key: str, expires: timedelta) -> str:
        self._check()
        url = f"http://blobs.invalid/{bucket}/{key}?method={method}&expires={int(expires.total_seconds())}"
        self._urls[url] = (method, bucket, key)
        return url

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("MinIO does not answer. Run `nomapaas status`.")

"""The node agent's parts, put together."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from control.adapters.minio_blobs import MinioBlobs
from control.adapters.system_clock import SystemClock
from control.node import api, artifacts
from control.node.activity import ActivityBook
from control.node.allocations import AllocationState
from control.node.collector import Collector
from control.node.cpu import CpuWatch
from control.node.crashes import CrashBook
from control.node.disk import DiskWatch
from control.node.folders import FolderWatch
from control.node.freezer import Freezer
from control.node.health import HealthProbe
from control.node.logbook import Logbook
from control.node.memory import MemoryWatch
from control.node.metrics import MetricsBook
from control.node.metrics_file import MetricsFile
from control.node.nomad_watch import NomadWatch
from control.node.positions import Positions
from control.node.refusals import RefusalBook
from control.node.router_lines import RouterLines
from control.node.settings import NodeSettings
from control.node.slugs import SlugCache
from control.node.store import Store

_ROUTER_LINES_PER_SECOND = 2000


class NodeAgent:
    """One node's agent: threads that collect, and a WSGI application that serves both endpoints."""

    def __init__(self, told: NodeSettings) -> None:
        clock = SystemClock()
        self._logbook = Logbook(told.app_logs, limit=told.log_bytes)
        crashes = CrashBook(told.app_logs, told.nomad_allocs)
        self._collector = Collector(
            told.nomad_allocs,
            self._logbook,
            Positions(told.app_logs / "positions.json"),
            clock=clock,
            lines_per_second=told.log_lines_per_second,
            ended=crashes.note,
        )
        self._metrics = MetricsBook(MetricsFile(told.metrics, limit=told.metrics_bytes), ActivityBook(clock), clock)
        refusals = RefusalBook(clock)
        self._router = RouterLines(
            told.router_socket,
            self._logbook,
            clock=clock,
            lines_per_second=_ROUTER_LINES_PER_SECOND,
            note=self._metrics.note,
            refusals=refusals.note,
        )
        self._disk = DiskWatch(told.nomad_allocs, self._logbook, clock=clock)
        self._folders = FolderWatch(told.nomad_allocs, self._logbook, clock=clock, replace=self._replace)
        self._memory = MemoryWatch(self._logbook, clock=clock)
        self._freezer = Freezer(clock=clock)
        self._cpu = CpuWatch(told.nomad_allocs, clock=clock)
        self._probe = HealthProbe(told.nomad_addr, told.nomad_token)
        self._watch = NomadWatch(
            told.nomad_addr,
            told.nomad_token,
            told.nomad_data,
            update=self._update,
            gone=self._gone,
            listed=self._listed,
            monotonic=clock.monotonic,
        )
        caches = Store(told.caches, limit=told.build_caches_bytes, largest=told.build_cache_bytes)
        blobs = MinioBlobs(told.minio_endpoint, access_key=told.minio_access_key, secret_key=told.minio_secret_key)
        slugs = SlugCache(blobs, Store(told.slugs, limit=told.slug_cache_bytes, largest=told.slug_cache_bytes))
        self._artifacts = artifacts.create_app(blobs, slugs, caches, self._probe)
        self._api = api.create_app(
            api.Parts(
                allocations=told.nomad_allocs,
                logbook=self._logbook,
                crashes=crashes,
                memory=self._memory,
                disk=self._disk,
                freezer=self._freezer,
                metrics=self._metrics,
                refusals=refusals,
                caches=caches,
                slugs=slugs,
                clock=clock,
                health=self._health,
            )
        )
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=part, args=(self._stop,), name=name, daemon=True)
            for name, part in (
                ("collector", self._collector.run),
                ("router-lines", self._router.run),
                ("nomad-watch", self._watch.run),
                ("disk-watch", self._disk.run),
                ("folder-watch", self._folders.run),
                ("memory-watch", self._memory.run),
                ("metrics", self._metrics.run),
                ("cpu-watch", self._cpu.run),
            )
        ]

    def start(self) -> None:
        """Begin to collect."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write down how far everything was read."""
        self._stop.set()
        self._collector.stop()
        self._threads[0].join(5)
        self._logbook.close()
        self._metrics.close()

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The unix socket has the API, the TCP one the artifacts."""
        connection: socket.socket = environ["gunicorn.socket"]
        app = self._api if connection.family == socket.AF_UNIX else self._artifacts
        return app(environ, start_response)

    def _replace(self, allocation_id: str) -> bool:
        return self._watch.replace(allocation_id)

    def _update(self, state: AllocationState) -> None:
        self._collector.update(state)
        self._disk.update(state)
        self._folders.update(state)
        self._memory.update(state)
        self._freezer.update(state)
        self._cpu.update(state)

    def _gone(self, allocation_id: str) -> None:
        self._collector.gone(allocation_id)
        self._disk.gone(allocation_id)
        self._folders.gone(allocation_id)
        self._memory.gone(allocation_id)
        self._freezer.gone(allocation_id)
        self._cpu.gone(allocation_id)
        self._probe.gone(allocation_id)

    def _listed(self) -> None:
        self._collector.listed()
        self._freezer.listed()

    def _health(self) -> dict[str, Any]:
        return {
            "nomad_silent_for_s": round(self._watch.silent_for, 1),
            "threads": {thread.name: thread.is_alive() for thread in self._threads},
        }

"""What Nomad's clients fetch for dynos and builds: slugs, sources, build caches; and Consul's health checks of dynos.

Loopback only, read-only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from flask import Flask, Response, abort, request

from control.node import files, web
from control.node.health import HealthProbe
from control.node.store import Store
from control.ports.blobs import BlobStore
from control.ports.errors import PortError
from jobs.names import SLUGS_BUCKET, SOURCES_BUCKET, slug_key, source_key

_DIGEST = re.compile(r"[0-9a-f]{64}")


class WrongContent(PortError):
    """What MinIO has under a digest is something else."""


def create_app(blobs: BlobStore, slugs: Store, caches: Store, probe: HealthProbe) -> Flask:
    """The endpoint."""
    app = Flask("control.node.artifacts")

    app.before_request(_only_loopback)

    @app.get("/slugs/<app_id>/<digest>")
    def slug(app_id: str, digest: str) -> Response:
        if not files.is_uuid(app_id) or not _DIGEST.fullmatch(digest):
            abort(404)
        fd = slugs.open(digest)
        if fd is None:
            with slugs.one_at_a_time(digest):
                fd = slugs.open(digest) or _fetch(blobs, slugs, app_id, digest)
        return web.file(fd)

    @app.get("/sources/<source_id>")
    def source(source_id: str) -> Response:
        if not files.is_uuid(source_id):
            abort(404)
        key = source_key(source_id)
        found = blobs.stat(SOURCES_BUCKET, key)
        if found is None:
            abort(404)
        return web.stream(blobs.read(SOURCES_BUCKET, key), size=found.size)

    @app.get("/caches/<app_id>")
    def cache(app_id: str) -> Response:
        if not files.is_uuid(app_id):
            abort(404)
        fd = caches.open(app_id)
        return web.file(fd) if fd is not None else web.stream(iter([b""]), size=0)

    _add_health(app, probe)
    web.report_errors(app)
    return app


def _add_health(app: Flask, probe: HealthProbe) -> None:
    @app.get("/health/<allocation_id>")
    def health(allocation_id: str) -> Response:
        path, host, timeout = (request.args.get(name, "") for name in ("path", "host", "timeout"))
        if not timeout.isdecimal() or len(timeout) > 2:
            abort(400)
        problem = probe.ask(allocation_id, path=path, host=host, timeout=int(timeout))
        return Response(f"{problem or 'It is well.'}\n", status=503 if problem else 200, mimetype="text/plain")


def _only_loopback() -> None:
    """A name that some web page made point here is not this endpoint's."""
    if request.host.rsplit(":", 1)[0] not in {"127.0.0.1", "localhost"}:
        abort(421)


def _fetch(blobs: BlobStore, slugs: Store, app_id: str, digest: str) -> int | None:
    """From MinIO to disk, checked, so that a later start of the same slug needs no MinIO."""
    sum_ = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for piece in blobs.read(SLUGS_BUCKET, slug_key(app_id, digest)):
            sum_.update(piece)
            yield piece

    def check() -> None:
        if sum_.hexdigest() != digest:
            raise WrongContent(
                f"The stored slug {digest[:12]} of app {app_id} has another content. Deploy the app again."
            )

    slugs.put(digest, pieces(), check=check)
    return slugs.open(digest)

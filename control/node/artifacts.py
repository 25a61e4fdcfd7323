"""What Nomad's clients fetch for dynos and builds: slugs, sources, build caches; and Consul's health checks of dynos.

Loopback only, read-only.
"""

from __future__ import annotations

from flask import Flask, Response, abort, request

from control.node import files, web
from control.node.health import HealthProbe
from control.node.slugs import SlugCache, is_digest
from control.node.store import Store
from control.ports.blobs import BlobStore
from jobs.names import SOURCES_BUCKET, source_key


def create_app(blobs: BlobStore, slugs: SlugCache, caches: Store, probe: HealthProbe) -> Flask:
    """The endpoint."""
    app = Flask("control.node.artifacts")

    app.before_request(_only_loopback)

    @app.get("/slugs/<app_id>/<digest>")
    def slug(app_id: str, digest: str) -> Response:
        if not files.is_uuid(app_id) or not is_digest(digest):
            abort(404)
        return web.file(slugs.open(app_id, digest))

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

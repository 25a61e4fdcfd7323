"""The node agent's API, on a unix socket for root and the control plane alone."""

from __future__ import annotations

import os
import pwd
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, request

from control.node import files, metrics_wire, outputs, results, web
from control.node.crashes import CrashBook
from control.node.disk import DiskWatch
from control.node.freezer import Freezer
from control.node.lines import Filter, render, split_message
from control.node.logbook import Follower, Logbook
from control.node.memory import MemoryWatch
from control.node.metrics import KEPT_MINUTES, MetricsBook
from control.node.outputs import Outputs
from control.node.refusals import RefusalBook
from control.node.slugs import SlugCache, is_digest
from control.node.store import Store
from control.ports.clock import Clock

_CONTROL_USER = "nomapaas"
_HEARTBEAT_S = 5.0
_MOST_LINES = 10_000
_MOST_OUTPUT = 8 << 20
_MOST_BODY = 1 << 20
_MOST_TAILS = 400
_SLUG_BYTES = 4 << 30
"""No slug is that large; how large one may be, the control plane decides."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the API gives access to."""

    allocations: Path
    logbook: Logbook
    crashes: CrashBook
    memory: MemoryWatch
    disk: DiskWatch
    freezer: Freezer
    metrics: MetricsBook
    refusals: RefusalBook
    caches: Store
    slugs: SlugCache
    clock: Clock
    health: Callable[[], dict[str, Any]]


def create_app(parts: Parts) -> Flask:
    """The API."""
    app = Flask("control.node.api")
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BODY
    app.before_request(_only_the_platform)
    web.report_errors(app)
    app.add_url_rule("/health", view_func=lambda: jsonify(parts.health()), endpoint="health")
    _add_logs(app, parts)
    _add_allocations(app, parts)
    _add_freezer(app, parts)
    _add_metrics(app, parts)

    @app.post("/slugs/<app_id>/<digest>")
    def keep_slug(app_id: str, digest: str) -> Response:
        if not is_digest(digest):
            abort(400, "That is not a slug's digest.")
        parts.slugs.keep(_uuid(app_id), digest)
        return jsonify({})

    @app.get("/caches")
    def caches() -> Response:
        return jsonify(parts.caches.sizes())

    @app.delete("/apps/<app_id>/cache")
    def forget_cache(app_id: str) -> Response:
        parts.caches.remove(_uuid(app_id))
        return jsonify({})

    app.add_url_rule(
        "/apps/<app_id>/crashes", view_func=lambda app_id: jsonify(parts.crashes.of_app(app_id)), endpoint="crashes"
    )
    app.add_url_rule(
        "/apps/<app_id>/memory", view_func=lambda app_id: jsonify(parts.memory.of_app(app_id)), endpoint="memory"
    )

    @app.delete("/apps/<app_id>")
    def forget(app_id: str) -> Response:
        parts.logbook.forget(_uuid(app_id))
        parts.caches.remove(app_id)
        parts.metrics.forget(app_id)
        return jsonify({})

    return app


def _add_freezer(app: Flask, parts: Parts) -> None:
    freezer = parts.freezer

    def demand_ready() -> None:
        if not freezer.is_ready:
            abort(503, "The node agent has just started and does not know this node's dynos yet; try again.")

    @app.get("/frozen")
    def frozen() -> Response:
        demand_ready()
        return jsonify(freezer.frozen())

    @app.post("/apps/<app_id>/freeze")
    def freeze(app_id: str) -> Response:
        demand_ready()
        return jsonify({"frozen": freezer.freeze(_uuid(app_id))})

    @app.post("/apps/<app_id>/thaw")
    def thaw(app_id: str) -> Response:
        demand_ready()
        if freezer.thaw(_uuid(app_id)):
            parts.logbook.append(app_id, [render(parts.clock.now(), "heroku", "web.1", "Unidling")])
        return jsonify({})


def _add_logs(app: Flask, parts: Parts) -> None:
    tails = threading.BoundedSemaphore(_MOST_TAILS)

    @app.get("/logs")
    def logs() -> Response:
        app_id = _uuid(request.args.get("app", ""))
        wanted = Filter(
            source=request.args.get("source"), dyno=request.args.get("dyno"), process_type=request.args.get("type")
        )
        count = min(max(_number("lines", 100), 0), _MOST_LINES)
        if request.args.get("tail") != "1":
            found = parts.logbook.recent(app_id, wanted, count)
            return Response("".join(f"{line}\n" for line in found), mimetype="text/plain")
        if not tails.acquire(blocking=False):
            abort(503, "Too many log tails are open on this node; close some, then try again.")
        recent, follower = parts.logbook.recent_and_follow(app_id, wanted, count)
        pieces = _tail(parts, recent, follower)
        response = web.stream(pieces, mimetype="text/plain")

        def over() -> None:
            # Also reached when the reader goes before the first piece, where the generator has no say.
            parts.logbook.leave(app_id, follower)
            tails.release()

        response.call_on_close(over)
        return response

    @app.post("/logs")
    def log() -> Response:
        body = request.get_json()
        try:
            app_id, source, dyno = str(body["app"]), str(body["source"]), str(body["dyno"])
            messages = [piece for line in body["lines"] for piece in split_message(str(line))]
        except (KeyError, TypeError):
            abort(400, "Give app, source, dyno and lines.")
        moment = parts.clock.now()
        parts.logbook.append(_uuid(app_id), [render(moment, source, dyno, message) for message in messages])
        return jsonify({})


def _tail(parts: Parts, recent: list[str], follower: Follower) -> Iterator[bytes]:
    """Lines as they come; an empty one now and then, so that a reader who has gone is noticed."""
    # Also when there is nothing yet: the reader learns at once that it is connected.
    yield "".join(f"{line}\n" for line in recent).encode("utf-8", "replace") or b"\n"
    since = parts.clock.now()
    while (taken := follower.take(_HEARTBEAT_S)) is not None:
        lines, dropped = taken
        if dropped:
            moment = parts.clock.now()
            message = (
                f"Error L11 (Tail buffer overflow) -> This tail session dropped {dropped} messages"
                f" since {since.isoformat(timespec='seconds')}."
            )
            lines.append(render(moment, "heroku", "logplex", message))
            since = moment
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "replace") or b"\n"


def _add_allocations(app: Flask, parts: Parts) -> None:
    printed = Outputs(parts.allocations)

    @app.get("/allocs/<allocation_id>/output")
    def output(allocation_id: str) -> Response:
        offset, limit = _number("offset", 0), min(_number("limit", 1 << 20), _MOST_OUTPUT)
        data = b""
        with suppress(files.NotThere):
            data = printed.read(allocation_id, request.args.get("task", ""), offset=offset, limit=limit)
        return Response(data, mimetype="application/octet-stream")

    @app.get("/allocs/<allocation_id>/slug")
    def slug(allocation_id: str) -> Response:
        return web.file(outputs.left(parts.allocations, allocation_id, "slug.tgz"), largest=_SLUG_BYTES)

    @app.get("/allocs/<allocation_id>/result")
    def result(allocation_id: str) -> Response:
        if stopped := parts.disk.why(allocation_id):
            return jsonify({"stopped": stopped})
        fd = outputs.left(parts.allocations, allocation_id, "result.json")
        found = results.parse(b"".join(web.read_all(fd, results.MOST_BYTES + 1)))
        if found is None:
            raise files.NotThere
        return jsonify(found)

    @app.post("/allocs/<allocation_id>/cache")
    def keep_cache(allocation_id: str) -> Response:
        app_id = _uuid(str((request.get_json() or {}).get("app", "")))
        try:
            fd = outputs.left(parts.allocations, allocation_id, "cache.tar")
        except files.NotThere:
            return jsonify({"kept": False})
        parts.caches.put(app_id, web.read_all(fd, os.fstat(fd).st_size))
        return jsonify({"kept": True})


def _add_metrics(app: Flask, parts: Parts) -> None:
    @app.get("/refusals")
    def refusals() -> Response:
        return jsonify(
            [
                {
                    "app": each.app_id,
                    "allocation": each.allocation_id,
                    "dyno": each.dyno,
                    "times": each.times,
                    "first": each.first.isoformat(),
                    "last": each.last.isoformat(),
                }
                for each in parts.refusals.read()
            ]
        )

    @app.get("/activity")
    def activity() -> Response:
        known = parts.metrics.activity()
        return jsonify(
            since=known.since and known.since.isoformat(),
            heard_at=known.heard_at and known.heard_at.isoformat(),
            apps={app_id: (each.last_request.isoformat(), each.in_flight) for app_id, each in known.apps.items()},
        )

    @app.get("/apps/<app_id>/metrics")
    def metrics(app_id: str) -> Response:
        first, last, step = _number("first", 0), _number("last", 0), _number("step", 1)
        if not first <= last < first + 2 * KEPT_MINUTES or not 1 <= step <= KEPT_MINUTES:
            abort(400, "Give first and last as minutes since 1970, not too far apart, and a step.")
        found = parts.metrics.read(_uuid(app_id), first=first, last=last, step=step)
        return jsonify(metrics_wire.packed(found))

    @app.get("/metrics")
    def tallies() -> Response:
        return jsonify(metrics_wire.packed_tallies(parts.metrics.tallies()))


def _only_the_platform() -> None:
    """The socket's permissions say the same; this also holds when somebody loosened them."""
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket) or connection.family != socket.AF_UNIX:
        abort(403, "This API is served on the node agent's unix socket only.")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    allowed = {0, os.geteuid()}
    with suppress(KeyError):
        allowed.add(pwd.getpwnam(_CONTROL_USER).pw_uid)
    if uid not in allowed:
        abort(403, "Only root and the control plane may ask the node agent.")


def _uuid(text: str) -> str:
    if not files.is_uuid(text):
        abort(400, "That is not an app's id.")
    return text


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or len(text) > 15:
        abort(400, f"{name} must be a number.")
    return int(text)

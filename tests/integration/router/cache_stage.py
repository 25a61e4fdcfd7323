"""A router's nginx with a real Varnish behind it, and a dyno that answers as a test tells it."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.integration.router.conftest import Edge, Table, eventually, given_to_user

PUBLIC = {"Cache-Control": "public, max-age=60"}


@dataclass(kw_only=True)
class Answer:
    """What the dyno says."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """None: the app's name, the path and how many times this dyno has answered."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        with self.server.lock:
            self.server.served[self.path] += 1
            self.server.requests.append((self.command, self.path, dict(self.headers)))
            count = self.server.served.total()
        answer = self.server.answer(self.path, self.headers)
        if answer is None:
            self.close_connection = True
            return
        body = f"{self.server.dyno_name} {self.path} {count}".encode() if answer.body is None else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_OPTIONS = do_PURGE = do_BAN = do_PING = _answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class ToldDyno:
    """A dyno; `answer` says what for a path and the request's headers, None for an end without a word."""

    def __init__(self, name: str, answer: Callable[[str, httpx.Headers], Answer | None]) -> None:
        self.name = "web.1"
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.dyno_name = name
        self._server.lock = threading.Lock()
        self._server.served = Counter()
        self._server.requests = []
        self._server.answer = answer
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.closed = False

    def says(self, answer: Answer) -> None:
        """From now on this to everything."""
        self._server.answer = lambda _path, _headers: answer

    def does(self, answer: Callable[[str, httpx.Headers], Answer | None]) -> None:
        self._server.answer = answer

    @property
    def served(self) -> int:
        return self._server.served.total()

    @property
    def requests(self) -> list[tuple[str, str, dict[str, str]]]:
        return self._server.requests

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class CachedEdge(Edge):
    """An edge with its Varnish."""

    def __init__(self, **more: str) -> None:
        super().__init__(**more)
        given_to_user(self.settings.cache_dir)
        self.start_varnish()

    def start_varnish(self) -> None:
        self.varnish = self.spawn("cache/start-varnish")
        eventually(self.varnish_answers, seconds=20)

    def varnish_answers(self) -> bool:
        assert self.varnish.poll() is None, Path(self.errors.name).read_text()
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.settings.cache_socket))
                probe.sendall(b"PING / HTTP/1.1\r\nHost: x\r\n\r\n")
                return probe.recv(100).startswith(b"HTTP/1.1 204")
            except OSError:
                return False

    def end_varnish(self) -> None:
        self.varnish.terminate()
        self.varnish.wait(20)

    def counts(self, app_id: str) -> dict[str, int]:
        return self.admin.get("/cache", params={"app": app_id}).json()

    def purge(self, app_id: str, path: str, **more: object) -> httpx.Response:
        return self.admin.post("/cache", json={"app": app_id, "path": path} | more)

    def close(self) -> None:
        self.end_varnish()
        super().close()


class CachedTable(Table):
    """Apps whose cache is on."""

    def cached(self, host: str, *dynos: object, cache: str = "1-0", **more: object) -> str:
        app_id = self.app(host, *dynos, **more)
        self.apps[app_id]["cache"] = cache
        return app_id


class Site:
    """One app with its cache on, one dyno of it, and whoever asks for its pages."""

    def __init__(self, edge: CachedEdge, table: CachedTable, dyno: ToldDyno, host: str) -> None:
        self.edge, self.table, self.dyno, self.host = edge, table, dyno, host
        self.id = table.cached(host, dyno)
        table.push()

    def get(self, path: str = "/", *, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.edge.request(method, named.pop("Host", self.host), path, headers=named)

    def verdicts(self, path: str = "/", *, times: int = 2, **headers: str) -> list[str]:
        """What became of so many requests, one after another."""
        return [self.get(path, **headers).headers["x-cache"] for _ in range(times)]

    def release(self, number: int) -> None:
        """Put another release on the air."""
        record = self.table.apps[self.id]
        record["release"], record["cache"] = number, f"{number}-0"
        for dyno in self.table.dynos:
            if dyno["app"] == self.id:
                dyno["release"] = str(number)
        self.table.push()


def fresh_host() -> str:
    return f"{uuid.uuid4().hex[:12]}.localhost"


__all__ = ["PUBLIC", "Answer", "CachedEdge", "CachedTable", "Site", "ToldDyno", "fresh_host", "json"]

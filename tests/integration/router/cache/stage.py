"""A router's nginx with a real Varnish behind it, and a dyno that answers as a test tells it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
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


NONSENSE = Answer(status=0)
"""What cannot be read as a response."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.served[self.path] += 1
            self.server.requests.append((self.command, self.path, dict(self.headers)))
            count = self.server.served.total()
        answer = self.server.answer(self.path, self.headers)
        if answer is NONSENSE:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n")
            answer = None
        if answer is None:
            self.close_connection = True
            return
        body = f"{self.server.dyno_name} {self.path} {count}".encode() if answer.body is None else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:3], body[3:])) + b"0\r\n\r\n"
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class ToldDyno:
    """A dyno; `answer` says what for a path and the request's headers, None for an end without a word."""

    def __init__(self, name: str, answer: Answer) -> None:
        self.name = "web.1"
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.dyno_name = name
        self._server.lock = threading.Lock()
        self._server.served = Counter()
        self._server.requests = []
        self._server.chunked = False
        self.says(answer)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.closed = False

    def says(self, answer: Answer) -> None:
        """From now on this to everything."""
        self._server.answer = lambda _path, _headers: answer

    def does(self, answer: Callable[[str, Message], Answer | None]) -> None:
        """From now on what this says for a path and a request's headers."""
        self._server.answer = answer

    def says_nothing(self) -> None:
        """From now on each connection ends without a word."""
        self._server.answer = lambda _path, _headers: None

    def hangs(self, end: threading.Event) -> None:
        """Until the event each request is taken and not answered."""

        def wait(_path: str, _headers: Message) -> None:
            end.wait(10)

        self._server.answer = wait

    def says_in_chunks(self) -> None:
        """From now on without a Content-Length."""
        self._server.chunked = True

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


def _family(pid: int) -> list[int]:
    """A master and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


class CachedEdge(Edge):
    """An edge with its Varnish."""

    def __init__(self, **more: str) -> None:
        super().__init__(**more)
        given_to_user(self.settings.cache_dir)
        self.start_varnish()

    def request(self, method: str, host: str, path: str = "/", **more: object) -> httpx.Response:
        """Each time as a browser that was never here."""
        self.client.cookies.clear()
        return super().request(method, host, path, **more)

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

    def varnish_pids(self) -> list[int]:
        """Its manager, and what it manages."""
        return _family(self.varnish.pid)

    def kill_varnish(self) -> None:
        for pid in self.varnish_pids():
            os.kill(pid, signal.SIGKILL)
        self.varnish.wait(10)

    def kill_nginx(self) -> None:
        for pid in _family(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def end_varnish(self) -> None:
        self.varnish.terminate()
        self.varnish.wait(20)

    def counts(self, app_id: str) -> dict[str, int]:
        return self.admin.get("/cache", params={"app": app_id}).json()

    def wait_for_lines(self, app_id: str, count: int) -> None:
        """So many lines of an app have come, and no more."""
        eventually(lambda: sum(line.startswith(app_id) for line in self._lines) >= count)
        assert sum(line.startswith(app_id) for line in self._lines) == count

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


def marked(cache_control: str, *, status: int = 200, body: bytes | None = None, **more: str) -> Answer:
    """An answer with these marks; further headers have `_` for `-`."""
    headers = {"Cache-Control": cache_control} | {name.replace("_", "-"): value for name, value in more.items()}
    return Answer(status=status, headers=headers, body=body)
